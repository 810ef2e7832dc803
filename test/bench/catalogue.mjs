/**
 * Every benchmark: what is measured, against what, and what it must reach.
 *
 * Invariant: works are sized so that one run takes some tenths of a second on two cores; longer runs only make the
 * machine's drift part of a round, shorter ones its timer.
 */

import { expectedSum } from './payloads.mjs';

/** @typedef {import('./subject.mjs').Work} Work */

/** How many environments take part in Savina's big; the original has 120 actors, which are no threads. */
export const BIG_SIZE = 8;

/**
 * What is added to a restart alone, because an apply reads, prepares and compares its whole spec: 0.3 ms for each of
 * 500 nodes, so that the bar of 2 leaves an apply 0.6 ms for each. Milliseconds.
 */
export const READING_MS = 150;

/**
 * @typedef {object} Benchmark
 * @property {string} key
 * @property {string} what one line for people
 * @property {'rate' | 'time' | 'memory' | 'amount'} figure count per second, seconds per count, bytes per count, or `unit`s
 * @property {string} [unit] of an amount
 * @property {number} [runs] instead of rounds, where one takes long; at least three, none is warm-up
 * @property {'higher' | 'lower'} better of the ratio subject : reference, or of the amount
 * @property {number | null} bar what that must reach; null where nothing is judged
 * @property {number | null} aim
 * @property {number} [floor] what no single work may fall below
 * @property {string} reference a file under references/, or `own` (the subject file has it), or `none`: the key has a unit
 * @property {string} [bare] a file under references/: what a subject cannot do without, done by Node alone. Measured in place
 *   of the subject and printed under the key, as the floor below which it cannot come; never judged
 * @property {boolean} pinned judged on one core, and printed unpinned too
 * @property {boolean} freshProcess every run in a process of its own, with `--expose-gc`
 * @property {((work: Work) => number) | null} expected what the sum at either end must be; null where no message is sent
 * @property {readonly Work[]} works more than one: the key is the geometric mean over them
 */

/** @type {Work} */
const ONE_WAY_SMALL = { payload: 'small', count: 150_000 };

/** @type {readonly Work[]} */
const ONE_WAY = [
  ONE_WAY_SMALL,
  { payload: 'nested', count: 40_000 },
  { payload: 'poly', count: 60_000 },
  { payload: 'text', count: 50_000 },
  { payload: 'rich', count: 30_000 },
];

/** @param {number} count @returns {readonly Work[]} */
const small = (count) => [{ payload: 'small', count }];

/** Most benchmarks: message i is `build(i)`, and each end sums all `count` of them. @type {(work: Work) => number} */
const everyMessage = ({ payload, count }) => expectedSum(payload, count);

const MESSAGES = { pinned: false, freshProcess: false, expected: everyMessage };
const LATENCY = { pinned: true, freshProcess: false, expected: everyMessage };
const STARTS = { pinned: false, freshProcess: false, expected: null };

/**
 * What is no ratio, because nothing does the same without us: the median of the runs, in a unit.
 *
 * @param {string} unit
 * @returns {Pick<Benchmark, 'pinned' | 'freshProcess' | 'expected' | 'figure' | 'unit' | 'better' | 'reference' | 'works'>}
 */
const amount = (unit) => ({
  ...STARTS,
  figure: 'amount',
  unit,
  better: 'lower',
  reference: 'none',
  works: small(1),
});

/** @type {readonly Benchmark[]} */
export const catalogue = [
  {
    key: 'oneWayVsRaw',
    what: 'messages one way, each send awaited, over five payloads, against raw postMessage',
    ...MESSAGES,
    figure: 'rate',
    better: 'higher',
    bar: 2,
    aim: 3.5,
    floor: 0.9,
    reference: 'one-way',
    works: ONE_WAY,
  },
  {
    key: 'oneWaySmallVsRaw',
    what: 'the same, `small` alone',
    ...MESSAGES,
    figure: 'rate',
    better: 'higher',
    bar: 3,
    aim: 4.5,
    reference: 'one-way',
    works: [ONE_WAY_SMALL],
  },
  {
    key: 'rttVsRaw',
    what: 'send and reply, against ping-pong over a raw MessagePort',
    ...LATENCY,
    figure: 'time',
    better: 'lower',
    bar: 1.6,
    aim: 1.2,
    reference: 'rtt',
    works: small(15_000),
  },
  {
    key: 'callVsComlink',
    what: 'a typed call, against a Comlink call',
    ...LATENCY,
    figure: 'time',
    better: 'lower',
    bar: 0.75,
    aim: 0.55,
    reference: 'comlink',
    works: small(10_000),
  },
  {
    key: 'callsInFlightVsPiscina',
    what: 'calls with 64 in flight, against Piscina with one thread and 64 at once',
    ...MESSAGES,
    figure: 'rate',
    better: 'higher',
    bar: 3,
    aim: 4.5,
    reference: 'piscina',
    works: small(40_000),
  },
  {
    key: 'warmSpawnVsWorker',
    what: 'spawn to ready from a warm spare, against a cold Worker to its first message',
    ...STARTS,
    figure: 'time',
    better: 'lower',
    bar: 0.2,
    aim: 0.05,
    reference: 'cold-start',
    works: small(20),
  },
  {
    key: 'warmRestartVsWorker',
    what: 'crash to ready again of a supervised server, against a cold Worker',
    ...STARTS,
    figure: 'time',
    better: 'lower',
    bar: 0.25,
    aim: 0.08,
    reference: 'cold-start',
    works: small(20),
  },
  {
    key: 'restartSustained',
    what: '50 crashes back to back, against 50 cold Workers',
    ...STARTS,
    figure: 'time',
    better: 'lower',
    bar: 1.15,
    aim: 1,
    reference: 'cold-start-sustained',
    works: small(50),
  },
  {
    key: 'rssVsWorker',
    what: 'resident memory of each of 50 environments, against bare Workers',
    ...STARTS,
    freshProcess: true,
    figure: 'memory',
    better: 'lower',
    bar: 1.15,
    aim: 1.05,
    reference: 'memory',
    works: small(50),
  },
  {
    key: 'superviseOverhead',
    what: 'spawn under a supervisor, against spawn alone',
    ...STARTS,
    figure: 'time',
    better: 'lower',
    bar: 1.2,
    aim: null,
    reference: 'own',
    works: small(10),
  },
  {
    key: 'treeStartVsWorkers',
    what: 'start of a tree of 64 threads, two at a time, against 64 Workers likewise',
    ...STARTS,
    figure: 'time',
    better: 'lower',
    bar: 1.15,
    aim: null,
    reference: 'tree-start',
    bare: 'bare-guarded',
    works: small(64),
  },
  {
    key: 'restartFlat',
    what: 'crash to ready with 1,000 siblings specified, against 10',
    ...STARTS,
    figure: 'time',
    better: 'lower',
    bar: 1.5,
    aim: null,
    reference: 'own',
    works: small(10),
  },
  {
    key: 'processRttVsRaw',
    what: 'send and reply between the application and a thread in a cell, against ping-pong over a raw pipe',
    ...LATENCY,
    figure: 'time',
    better: 'lower',
    bar: 2.6,
    aim: 2.2,
    reference: 'pipe-rtt',
    works: small(10_000),
  },
  {
    key: 'relayRttVsPipe',
    what: 'send and reply between threads of two cells, against the same',
    ...LATENCY,
    figure: 'time',
    better: 'lower',
    bar: 7,
    aim: 5.6,
    reference: 'pipe-rtt',
    works: small(5_000),
  },
  {
    key: 'relayOneWayVsPipe',
    what: 'messages one way across two cells, each send awaited, against batches over one raw pipe',
    ...MESSAGES,
    figure: 'rate',
    better: 'higher',
    bar: 0.5,
    aim: 0.8,
    reference: 'pipe-one-way',
    bare: 'bare-relay',
    works: small(100_000),
  },
  {
    key: 'guardOverhead',
    what: 'messages one way with the guard watching both threads, against the same without a guard',
    ...MESSAGES,
    // A guard goes on looking at threads that rest: beside the other side it would slow that down, too.
    freshProcess: true,
    figure: 'rate',
    better: 'higher',
    bar: 0.97,
    aim: 1,
    reference: 'own',
    // Four times as long as the others: what is looked for is smaller than what one of their rounds differs from the next.
    works: small(600_000),
  },
  {
    key: 'cellStartVsFork',
    what: 'start of one service in a cell, kernel included, against a bare fork to its first message',
    ...STARTS,
    figure: 'time',
    better: 'lower',
    bar: 1.7,
    aim: 1.4,
    reference: 'fork-start',
    bare: 'bare-cell',
    works: small(5),
  },
  {
    // Half of the messages are pings, half pongs; each end sums what it receives.
    key: 'savinaPingPong',
    what: 'Savina ping-pong, messages a second',
    ...LATENCY,
    expected: ({ payload, count }) => expectedSum(payload, count / 2),
    figure: 'rate',
    better: 'higher',
    bar: null,
    aim: null,
    reference: 'none',
    works: small(20_000),
  },
  {
    key: 'savinaCounting',
    what: 'Savina counting, messages a second',
    ...MESSAGES,
    figure: 'rate',
    better: 'higher',
    bar: null,
    aim: null,
    reference: 'none',
    works: small(500_000),
  },
  {
    // Everyone sends count / 16 pings; `sums` are over all pings, as built and as received.
    key: 'savinaBig',
    what: `Savina big with ${BIG_SIZE} environments, messages a second`,
    ...MESSAGES,
    expected: ({ payload, count }) => BIG_SIZE * expectedSum(payload, count / (2 * BIG_SIZE)),
    figure: 'rate',
    better: 'higher',
    bar: null,
    aim: null,
    reference: 'none',
    works: small(80_000),
  },
  {
    key: 'cliVsNode',
    what: '`espalier tree` against a running daemon, wall time, against `node -e 0`',
    ...STARTS,
    figure: 'time',
    better: 'lower',
    bar: 3,
    aim: 2,
    reference: 'own',
    works: small(5),
  },
  {
    key: 'applyOne',
    what: `apply of 500 nodes with one change, against that node’s restart alone and ${READING_MS} ms`,
    ...STARTS,
    figure: 'time',
    better: 'lower',
    bar: 2,
    aim: null,
    reference: 'own',
    works: small(3),
  },
  {
    key: 'idleCpu',
    what: 'share of a core that a daemon with 100 idle threads uses, over the second minute',
    ...amount('cores'),
    works: small(100),
    bar: 0.015,
    aim: 0.005,
    runs: 3,
  },
  {
    key: 'amqpTransientVsRaw',
    what: 'messages to a mailbox on another host, 64 a turn, against raw amqplib without confirms',
    ...MESSAGES,
    figure: 'rate',
    better: 'higher',
    bar: 1.5,
    aim: 4,
    reference: 'amqp-transient',
    works: small(32_000),
  },
  {
    key: 'amqpLoneVsRaw',
    what: 'the same, one message a turn',
    ...MESSAGES,
    figure: 'rate',
    better: 'higher',
    bar: 0.8,
    aim: 1,
    reference: 'amqp-lone',
    works: small(10_000),
  },
  {
    key: 'amqpDurableVsRaw',
    what: 'messages to a durable mailbox, 64 a turn, handled, against raw amqplib with confirms',
    ...MESSAGES,
    figure: 'rate',
    better: 'higher',
    bar: 1,
    aim: 3,
    reference: 'amqp-durable',
    works: small(16_000),
  },
  {
    key: 'amqpRttVsRaw',
    what: 'a typed call of a server on another host, against a raw amqplib RPC',
    ...LATENCY,
    figure: 'time',
    better: 'lower',
    bar: 1.3,
    aim: 1.1,
    reference: 'amqp-rtt',
    works: small(2_000),
  },
  {
    key: 'bridgeIdle',
    what: 'messages that an idle host with a bridge publishes in a second',
    ...amount('messages/s'),
    bar: 2,
    aim: 0.5,
    runs: 3,
  },
  {
    key: 'discoverMs',
    what: 'start of a host’s process until its first name is resolved on another, over mDNS',
    ...amount('ms'),
    bar: 1500,
    aim: 800,
    runs: 5,
  },
  {
    key: 'goodbyeMs',
    what: 'a host is told to stop until another knows it',
    ...amount('ms'),
    bar: 300,
    aim: null,
    runs: 5,
  },
  {
    key: 'crashNoticedMs',
    what: 'a host is killed until another knows it',
    ...amount('ms'),
    bar: 5000,
    aim: null,
    runs: 5,
  },
  {
    key: 'mdnsIdle',
    what: 'packets on the link in a second, with 500 names on 5 hosts, at rest',
    ...amount('packets/s'),
    bar: 5,
    aim: null,
    runs: 3,
  },
];

/** @param {string} key */
export function benchmarkOf(key) {
  const found = catalogue.find((benchmark) => benchmark.key === key);
  if (found === undefined) throw new Error(`there is no benchmark ${key}`);
  return found;
}
