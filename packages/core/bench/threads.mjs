/**
 * Threads against a bare Worker, as ratios of the same run: cold start, warm start, end, memory, crashes
 * back to back. Usage: node packages/core/bench/threads.mjs [--bootstrap FILE] [--rounds N]
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { ThreadWall } from '../dist/threads/thread-wall.js';

const { values: args } = parseArgs({
  options: { bootstrap: { type: 'string' }, rounds: { type: 'string', default: '11' } },
});
const bootstrap =
  args.bootstrap === undefined
    ? new URL('./threads-guest.mjs', import.meta.url)
    : pathToFileURL(args.bootstrap);
const rounds = Number(args.rounds);
const limits = { heapMb: 64, youngMb: 16, stackMb: 4 };
const encoder = new TextEncoder();

/** The reference: a worker from a file, with our isolation of the environment, that says one thing. */
const bareFile = new URL('./threads-bare.mjs', import.meta.url);
const bareWorker = async () => {
  const worker = new Worker(bareFile, { env: {}, execArgv: [] });
  await once(worker, 'message');
  return worker;
};

const wallOf = (spares) => new ThreadWall({ bootstrap, spares: { perClass: spares } });
const startOn = async (wall) => {
  const thread = wall.start({ title: 'bench', env: {}, limits });
  await new Promise((batch) => thread.link.receive({ batch, end() {} }));
  return thread;
};
const ended = (thread) => new Promise((resolve) => thread.onEnd(resolve));
const send = (thread, text) => thread.link.send(encoder.encode(text));

const timed = async (work) => {
  const began = performance.now();
  await work();
  return performance.now() - began;
};
const until = async (condition) => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const warm = (wall) => until(() => wall.facts().spares.some(({ tid }) => tid !== -1));

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const results = {};
const report = (key, subject, reference) => {
  const ratios = subject.map((value, at) => value / reference[at]).slice(2);
  results[key] = median(ratios);
  const range = `[${Math.min(...ratios).toFixed(3)}, ${Math.max(...ratios).toFixed(3)}]`;
  console.log(
    `${key.padEnd(24)} ${median(subject).toFixed(2).padStart(9)} against ${median(reference).toFixed(2).padStart(9)}`,
    ` = ${median(ratios).toFixed(3)} ${range}`,
  );
};

/** One round of each in turn, A B B A. */
async function compare(key, subject, reference) {
  const a = [];
  const b = [];
  for (let round = 0; round < rounds; round += 1) {
    if (round % 2 === 0) a.push(await subject());
    b.push(await reference());
    if (round % 2 === 1) a.push(await subject());
  }
  report(key, a, b);
}

const bareStart = async () => {
  let worker;
  const ms = await timed(async () => (worker = await bareWorker()));
  await worker.terminate();
  return ms;
};

const cold = wallOf(0);
await compare(
  'coldStartVsWorker ms',
  async () => {
    let thread;
    const ms = await timed(async () => (thread = await startOn(cold)));
    thread.terminate();
    await ended(thread);
    return ms;
  },
  bareStart,
);

const spared = wallOf(1);
(await startOn(spared)).terminate();
await compare(
  'warmStartVsWorker ms',
  async () => {
    await warm(spared);
    await pause(5);
    let thread;
    const ms = await timed(async () => (thread = await startOn(spared)));
    thread.terminate();
    await ended(thread);
    return ms;
  },
  bareStart,
);

await compare(
  'terminateVsWorker ms',
  async () => {
    const thread = await startOn(cold);
    return timed(() => {
      thread.terminate();
      return ended(thread);
    });
  },
  async () => {
    const worker = await bareWorker();
    return timed(() => worker.terminate());
  },
);

await compare(
  'exitVsWorker ms',
  async () => {
    const thread = await startOn(cold);
    return timed(() => {
      send(thread, 'exit');
      return ended(thread);
    });
  },
  async () => {
    const worker = await bareWorker();
    return timed(async () => {
      worker.postMessage('exit');
      await once(worker, 'exit');
    });
  },
);

const CRASHES = 50;
await compare(
  'sustained50 ms',
  () =>
    timed(async () => {
      for (let crash = 0; crash < CRASHES; crash += 1) {
        const thread = await startOn(spared);
        send(thread, 'exit');
        await ended(thread);
      }
    }),
  () =>
    timed(async () => {
      for (let crash = 0; crash < CRASHES; crash += 1) {
        const worker = await bareWorker();
        worker.postMessage('exit');
        await once(worker, 'exit');
      }
    }),
);

/** Resident memory in MB for each of `count` threads; in a process of its own so that nothing is left over. */
const COUNT = 50;
const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))[1]) / 1024;
const rssEach = async (start, stop) => {
  const before = rss();
  const all = [];
  for (let at = 0; at < COUNT; at += 1) all.push(await start());
  await pause(200);
  const each = (rss() - before) / COUNT;
  await Promise.all(all.map(stop));
  await pause(200);
  return each;
};
await spared.close();
await compare(
  'rssVsWorker MB',
  () =>
    rssEach(
      () => startOn(cold),
      (thread) => {
        thread.terminate();
        return ended(thread);
      },
    ),
  () => rssEach(bareWorker, (worker) => worker.terminate()),
);
await cold.close();
console.log(JSON.stringify({ node: process.version, results }));
