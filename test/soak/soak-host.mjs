/** One host under load, in rounds; after each everything is brought to rest and counted. */
import { CallError } from '@espalier/core';
import { start } from '@espalier/supervisor';
import { CRASHES, PEERS, SINKS, treeOf, VICTIMS, VOID } from './cast.mjs';
import { EventLedger } from './event-ledger.mjs';
import { kernelFacts } from './kernel-facts.mjs';
import { randomOf } from './random.mjs';

/**
 * What a peer says of itself.
 * @typedef {object} Progress
 * @property {string[]} violations
 * @property {Record<string, number>} received
 * @property {Record<string, number>} sent
 * @property {Record<string, number>} marksDropped
 * @property {Record<string, number>} refused
 * @property {Record<string, number>} calls
 * @property {number} spawned
 */

/** Beyond the time of a load, its last calls and children end. Milliseconds. */
const LOAD_ENDS_WITHIN_MS = 90_000;
const RESTARTS_WITHIN_MS = 30_000;
const ANSWERS_WITHIN_MS = 30_000;
/** Within this events that are under way have come. */
const RESTS_WITHIN_MS = 10_000;

const path = (/** @type {string} */ name) =>
  VICTIMS.includes(name) ? `soak/victims/${name}` : `soak/${name}`;
const totalOf = (/** @type {readonly Record<string, number>[]} */ counts) =>
  counts.flatMap((count) => Object.values(count)).reduce((sum, n) => sum + n, 0);

export class SoakHost {
  ledger = new EventLedger();
  /** @type {Record<string, number>} */
  crashes = {};
  /** @type {string[]} */
  #violations = [];
  #host;

  /** @param {import('@espalier/supervisor').Host} host @param {EventLedger} ledger */
  constructor(host, ledger) {
    this.#host = host;
    this.ledger = ledger;
  }

  static async start() {
    const ledger = new EventLedger();
    const host = await start(treeOf(), {
      embedded: true,
      base: new URL('./guests/', import.meta.url),
      onEvent: (event) => ledger.heard(event),
      onWarning: (problem) => ledger.violations.push(`warning: ${problem}`),
    });
    return new SoakHost(host, ledger);
  }

  /** @param {number} seed @param {number} forMs */
  async load(seed, forMs) {
    const until = performance.now() + forMs;
    const random = randomOf(seed);
    const timeoutMs = forMs + LOAD_ENDS_WITHIN_MS;
    const loads = PEERS.map((peer, at) =>
      this.#host.call(peer, 'load', [seed + 1000 * (at + 1), forMs], { timeoutMs }),
    );
    const crashes = VICTIMS.map((victim) => this.#crashLoop(victim, random, until));
    for (const ended of await Promise.allSettled([...loads, ...crashes]))
      if (ended.status === 'rejected') this.#violations.push(String(ended.reason));
  }

  /** @param {string} victim @param {import('./random.mjs').Random} random @param {number} until */
  async #crashLoop(victim, random, until) {
    for (;;) {
      await pause(random.whole(50, 700));
      if (performance.now() >= until) return;
      const how = random.pick(/** @type {import('./cast.mjs').Crash[]} */ (Object.keys(CRASHES)));
      const restarted = this.ledger.restartOf(path(victim), CRASHES[how]);
      if (how !== 'kill') await this.#host.context.cast(victim, 'die', [how]);
      if (how === 'loop') await pause(random.whole(20, 100));
      if (how === 'kill' || how === 'loop') await this.#host.kill(path(victim));
      const patience = pause(RESTARTS_WITHIN_MS).then(() => 'late');
      if ((await Promise.race([restarted, patience])) === 'late')
        throw new Error(`${victim} was not restarted after ${how}`);
      this.crashes[how] = (this.crashes[how] ?? 0) + 1;
    }
  }

  async progress() {
    const options = { timeoutMs: ANSWERS_WITHIN_MS };
    const ask = (/** @type {string} */ name) => this.#host.call(name, 'progress', [], options);
    const witness = /** @type {{ violations: string[], receipts: number }} */ (await ask('witness'));
    const peers = /** @type {Progress[]} */ (await Promise.all(PEERS.map(ask)));
    const violations = [
      ...this.#violations,
      ...this.ledger.violations,
      ...witness.violations,
      ...peers.flatMap((peer) => peer.violations),
    ];
    return {
      violations,
      peers,
      receipts: witness.receipts,
      sent: totalOf(peers.map((peer) => peer.sent)),
      calls: totalOf(peers.map((peer) => peer.calls)),
      spawned: peers.reduce((sum, peer) => sum + peer.spawned, 0),
      restarts: this.ledger.restarts,
      crashes: this.crashes,
    };
  }

  /** After a load: everything sent has arrived or is accounted for, everything started has ended. */
  async rest() {
    const options = { timeoutMs: LOAD_ENDS_WITHIN_MS };
    await Promise.all(PEERS.map((peer) => this.#host.call(peer, 'settle', [], options)));
    // Its answer comes behind everything that the peer had told the kernel.
    await Promise.all(PEERS.map((peer) => this.#host.statistics(path(peer))));
    const until = performance.now() + RESTS_WITHIN_MS;
    let problems = await this.#unbalanced();
    while (problems.length > 0 && performance.now() < until) {
      await pause(50);
      problems = await this.#unbalanced();
    }
    this.#violations.push(...problems);
    // A victim that is restarted while a peer makes first contact has a channel to it, or not: settled now.
    return kernelFacts();
  }

  async #unbalanced() {
    const { peers, spawned } = await this.progress();
    const problems = [];
    for (const [at, sender] of PEERS.entries()) {
      const { sent, marksDropped } = /** @type {Progress} */ (peers[at]);
      for (const target of [...PEERS, ...SINKS.map(({ name }) => name), VOID]) {
        if (target === sender) continue;
        const left = (sent[target] ?? 0) + (marksDropped[target] ?? 0);
        const lost = this.ledger.lost(path(sender), target);
        const received = target === VOID ? 0 : await this.#receivedBy(target, sender, peers);
        if (left !== received + lost)
          problems.push(`${sender} sent ${left} to ${target}: ${received} received, ${lost} lost`);
      }
    }
    const { spawned: begun, spawnEnded: ended, restarts } = this.ledger;
    if (begun !== spawned || ended !== spawned)
      problems.push(`${spawned} were spawned; events tell of ${begun}, and of ${ended} ends`);
    const children = await this.#host.whichChildren('soak/victims');
    for (const { path: at, incarnation, state } of children) {
      if (state !== 'running' || incarnation !== this.ledger.incarnation(at))
        problems.push(
          `${at} is ${state} in incarnation ${incarnation}, by its events ${this.ledger.incarnation(at)}`,
        );
    }
    const incarnations = children.reduce((sum, child) => sum + child.incarnation - 1, 0);
    const crashes = totalOf([this.crashes]);
    if (incarnations !== restarts || crashes !== restarts)
      problems.push(`${crashes} crashes, ${restarts} restarts, ${incarnations} further incarnations`);
    const { threads } = await this.#host.facts();
    const expected = PEERS.length + VICTIMS.length + SINKS.length + 1;
    if (threads.length !== expected) problems.push(`${threads.length} threads for ${expected} environments`);
    return problems;
  }

  /** @param {string} target @param {string} sender @param {readonly Progress[]} peers */
  async #receivedBy(target, sender, peers) {
    const peer = peers[PEERS.indexOf(target)];
    if (peer !== undefined) return peer.received[sender] ?? 0;
    const timeoutMs = ANSWERS_WITHIN_MS;
    const sink = /** @type {Pick<Progress, 'received' | 'violations'>} */ (
      await this.#host.call(target, 'progress', [], { timeoutMs })
    );
    if (sink.violations.length > 0) this.#violations.push(...sink.violations);
    return sink.received[sender] ?? 0;
  }

  async stop() {
    this.ledger.stopping();
    const { stuck } = await this.#host.stop();
    if (stuck.length > 0) this.#violations.push(`stuck at the end: ${stuck.join(', ')}`);
    const refused = await this.#host.call('witness', 'progress', []).catch((error) => error);
    if (!(refused instanceof CallError)) this.#violations.push('a host that was stopped still answers');
    return [...this.#violations, ...this.ledger.violations];
  }
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
