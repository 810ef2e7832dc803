/**
 * One case at one level, in a process of its own: a tree with the attacker, its heartbeat sibling and the
 * kernel, which is asked from outside all the while. Reports one verdict.
 */
import { BroadcastChannel, setEnvironmentData } from 'node:worker_threads';
import { start } from '@espalier/supervisor';
import { SECRET, SECRET_CHANNEL, SECRET_NAME } from '../case.mjs';
import { caseOf } from '../cases/index.mjs';
import { ATTACKER, treeOf } from '../levels.mjs';
import { GAP_MS, say } from './child.mjs';
import { Events, Late } from './events.mjs';
import { factsOf, leftBehind, restingThreads } from './facts.mjs';

const [, , mark = '', level = '', name = ''] = process.argv;
const one = caseOf(name);
const tree = /** @type {import('../case.mjs').TreeCase} */ (one.tree);

const ASK_EVERY_MS = 50;
const ANSWER_WITHIN_MS = 30_000;

// What the host keeps to itself.
/** @type {any} */ (globalThis).attacksSecret = SECRET;
setEnvironmentData(SECRET_NAME, SECRET);
const channel = new BroadcastChannel(SECRET_CHANNEL);
setInterval(() => channel.postMessage(SECRET), 50).unref();
/** @type {any} */ (channel).unref();

const events = new Events();
/** @type {string[]} */
const warnings = [];
const base = new URL('../guests/', import.meta.url);
const { spec, options } = treeOf(/** @type {any} */ (level), name, tree);
const host = await start(spec, {
  ...options,
  base,
  onEvent: (event) => events.heard(event),
  onOutput: () => undefined,
  onWarning: (problem) => warnings.push(problem),
}).catch((error) => {
  if (error.code !== 'host_unfit') throw error;
  say({ observed: `not run: ${error.message}`, lacking: error.value ?? [], gapMs: null });
  process.exit();
});

// Preferred, and not there: who says so has said all.
if (tree.isolated && warnings.some((problem) => problem.includes("'proc'"))) {
  say({ observed: `not run: ${warnings.join(' ')}`, lacking: ['proc'], gapMs: null });
  process.exit();
}

/** The longest time in which the sibling could not beat, or it or the kernel did not answer. */
let gapMs = 0;
let watching = true;
async function watch() {
  while (watching) {
    const asked = performance.now();
    const timer = setInterval(() => {
      gapMs = Math.max(gapMs, performance.now() - asked);
    }, ASK_EVERY_MS);
    const own = await host.call('heart', 'gap', [], { timeoutMs: ANSWER_WITHIN_MS }).catch((error) => {
      if (error.code === 'down' && tree.escalates === true) return 0;
      throw error;
    });
    await host.tree();
    clearInterval(timer);
    gapMs = Math.max(gapMs, Number(own), performance.now() - asked);
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}

/** @returns {Promise<string>} what was observed */
async function observe() {
  if (tree.drive !== undefined) {
    const problem = await tree.drive({ host, events, warnings, startWith });
    if (problem !== undefined) return problem;
    return (await behaves()) ?? (tree.recycles ? 'cell-recycled' : 'contained');
  }
  const attack = host.call('attacker', 'attack', [mark], { timeoutMs: ANSWER_WITHIN_MS }).then(
    (got) => ({ got, error: undefined }),
    (error) => ({ got: undefined, error: String(error.code ?? error) }),
  );
  if (tree.holds) {
    const { got, error } = await attack;
    if (got !== undefined) return `it got ${String(got)}`;
    if (error !== undefined) return (await recycled()) ?? `the attacker did not hold: ${error}`;
    if (events.attackerEnded) return 'the attacker ended';
    return (await behaves()) ?? 'contained';
  }
  const early = attack.then(({ got, error }) => (error === undefined ? `it got ${String(got)}` : undefined));
  const end = events.end(1, tree.withinMs);
  end.catch(() => undefined);
  const first = await Promise.race([end, early]);
  if (typeof first === 'string') return first;
  const reason = await end;
  await events.restart(2);
  const fits = tree.ends?.includes(reason.tag) === true;
  const cell = reason.tag === 'cell' || (fits && tree.recycles === true);
  if (!cell && !fits) return `it ended with ${reason.tag}`;
  return (await behaves()) ?? (cell ? 'cell-recycled' : 'contained');
}

/** Whether the attacker has ended with its cell, and its place is taken again. */
async function recycled() {
  const reason = await events.end(1).catch(() => undefined);
  if (reason?.tag !== 'cell') return undefined;
  await events.restart(2);
  return (await behaves()) ?? 'cell-recycled';
}

/** Whoever runs in the attacker's place now answers. */
async function behaves() {
  const answer = await host.call('attacker', 'ping', []).catch((error) => error.code);
  return answer === 'here' ? undefined : `the attacker’s place answered ${String(answer)}`;
}

/** @param {any} limits */
async function startWith(limits) {
  const child = /** @type {any} */ ({ id: 'one', module: './deaf.mjs', limits });
  try {
    const started = await start({ children: [child] }, { embedded: true, base });
    await started.stop();
    return undefined;
  } catch (error) {
    return /** @type {any} */ (error).code;
  }
}

await host.call('heart', 'gap', []);
await host.call('attacker', 'ping', []);
await tree.prepare?.(host);
await restingThreads(host);
await host.call('heart', 'gap', []);
const before = factsOf(mark);
const watched = watch();
let observed;
try {
  observed = await observe();
} catch (error) {
  observed = error instanceof Late ? 'the attacker was not ended' : String(error);
}
watching = false;
await watched;
if (gapMs >= GAP_MS) observed += `, sibling or kernel silent for ${Math.round(gapMs)} ms`;
const stuck = events.all.some((event) => event.kind === 'stuck');
const left = await leftBehind(before, mark);
if (left !== undefined) observed += `, left behind: ${left}`;
if (stuck && left !== undefined) observed += ', a thread is stuck';
const { stuck: held } = await host.stop();
if (held.length > 0 && left === undefined) observed += `, stuck at the end: ${held.join(', ')}`;
const reason = events.all.find((event) => event.kind === 'supervision' && 'reason' in event.event);
say({
  observed,
  gapMs: Math.round(gapMs),
  reason: /** @type {any} */ (reason)?.event.reason.tag,
  path: ATTACKER,
});
