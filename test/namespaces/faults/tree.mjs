/**
 * The tree of a host under faults: a bridge, a server that the other hosts watch, and, of the durable name, a holder
 * or a sender. What it does it tells by events:
 *
 *   { event: 'confirmed', value }                   the broker has that message
 *   { event: 'unconfirmed', value, why }            it was not confirmed, though its host has not ended
 *   { event: 'watching' | 'down', target, number }  a monitor of that host's server is in force, or has fired
 *
 * each with the life of the host that tells it.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { start } from '@espalier/supervisor';

/**
 * @typedef {object} TreeSetup
 * @property {string} name of this host
 * @property {string} life of this host: no other has it
 * @property {readonly string[]} peers the other hosts, by name
 * @property {{ readonly url: string, readonly key: string, readonly ticket: string }} bridge
 * @property {{ readonly file: string, readonly paceMs: number }} [journal] where it writes what it handles, and how long a
 *   handling takes; without one it sends
 */

/** Far beyond what any fault lasts. */
const CONFIRMED_MS = 180_000;
/** Behind one handling. */
const PACED_MS = 60_000;
const SEND_EVERY_MS = 100;
const MOST_OPEN = 64;
const LOOK_EVERY_MS = 100;
const HEARTBEAT = { heartbeatMs: 500, downAfterMs: 3000 };

/** @param {string} host */
const echoOf = (host) => `echo-${host}`;

/**
 * @param {TreeSetup} setup
 * @param {(line: Record<string, unknown>) => void} print
 * @returns {Promise<Record<string, (known: unknown, line: any) => unknown>>} what it can be told
 */
export async function startTree({ name, life, peers, bridge, journal }, print) {
  const say = (/** @type {Record<string, unknown>} */ line) => print({ at: Date.now(), ...line, life });
  const echoes = Object.fromEntries(peers.map((peer) => [echoOf(peer), {}]));
  const jobs = { durable: true };
  const settings = {
    ...bridge,
    ...HEARTBEAT,
    exports: { [echoOf(name)]: { to: 'echo' }, ...(journal ? { jobs: { ...jobs, to: 'journal' } } : {}) },
    imports: { ...echoes, ...(journal ? {} : { jobs }) },
  };
  const holder = { id: 'journal', module: './modules/journal.ts', args: { ...journal, life } };
  const tree = await start(
    {
      name,
      // Each check of the monitors ends the echo once, and sequences follow quickly on each other.
      intensity: 1000,
      children: [
        ...(journal ? [holder] : []),
        { id: 'echo', module: './modules/echo.ts' },
        {
          id: 'bridge',
          module: '@espalier/mq-bridge/driver',
          wall: 'process',
          args: settings,
          shutdown: 8000,
        },
      ],
    },
    {
      embedded: true,
      base: new URL('./', import.meta.url),
      // Only for what is kept of a sequence that fails.
      onEvent: (happened) => say({ event: 'happened', happened }),
      onWarning: (problem) => say({ event: 'warned', problem }),
      onOutput: (path, _stream, text) => say({ event: 'printed', path, text }),
    },
  );
  const { context } = tree;

  /** By monitor, what it is of; one that has fired stays, so that a second time would be seen. */
  /** @type {Map<import('@espalier/core').Monitor, { target: string, number: number, fired: () => void }>} */
  const monitors = new Map();
  /** Targets of which a monitor is in force. */
  const watched = new Set();

  async function listen() {
    for (;;) {
      const item = await context.receive();
      if (item.type !== 'down') continue;
      let known;
      // Who has ended before he was watched is told of as soon as who watches him hears that he does.
      while ((known = monitors.get(item.monitor)) === undefined) await nextTurn();
      const { target, number, fired } = known;
      watched.delete(target);
      say({ event: 'down', target, number });
      fired();
    }
  }

  /** Watches one life of it after the other. @param {string} target */
  async function follow(target) {
    for (let number = 1; ; number += 1) {
      let address;
      while ((address = await context.whereis(echoOf(target))) === undefined) await sleep(LOOK_EVERY_MS);
      const monitor = await context.monitor(address);
      await new Promise((resolve) => {
        monitors.set(monitor, { target, number, fired: () => resolve(undefined) });
        watched.add(target);
        say({ event: 'watching', target, number });
      });
    }
  }

  let isLoaded = false;
  let sent = 0;
  let open = 0;
  async function load() {
    while (isLoaded) {
      if (open < MOST_OPEN) void confirm(`${life}/${sent++}`);
      await sleep(SEND_EVERY_MS);
    }
  }

  /** @param {string} value */
  async function confirm(value) {
    open += 1;
    const fate = await context.call('jobs', 'confirmed', ['note', value], { timeoutMs: CONFIRMED_MS }).then(
      () => ({ event: 'confirmed' }),
      (error) => ({ event: 'unconfirmed', why: String(error) }),
    );
    open -= 1;
    say({ ...fate, value });
  }

  void listen();
  for (const peer of peers) void follow(peer);
  return {
    load(_known, { on }) {
      if (on === isLoaded) return;
      isLoaded = on;
      if (on) void load();
    },
    /** So long its handlings take from now on. */
    pace: (_known, { ms }) => context.call('journal', 'pace', [ms], { timeoutMs: PACED_MS }),
    /** Resolves when the fate of all that was sent is known. */
    async settled() {
      while (open > 0) await sleep(LOOK_EVERY_MS);
    },
    /** Resolves when it watches all others, and each answers. */
    async watching() {
      for (const peer of peers) {
        for (;;) {
          const answer = watched.has(peer)
            ? await context.call(echoOf(peer), 'echo', [life], { timeoutMs: 1000 }).catch(() => undefined)
            : undefined;
          if (answer === life) break;
          await sleep(LOOK_EVERY_MS);
        }
      }
    },
    endEcho: () => tree.kill(`${name}/echo`),
  };
}
