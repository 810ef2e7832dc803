/**
 * Three hosts with discovery and a bridge, and a broker, each in a namespace of its own; the load on them, what the
 * faults do to them, and what has to hold afterwards.
 *
 * Hosts `a` and `b` hold the durable name `jobs`, one at a time; `c` sends to it. Each watches the servers of both
 * others through the bridge. For discovery each offers a name of its own and a share in `pool`; `db` is claimed by one
 * after the other.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Network } from '../network.mjs';
import { checkHandlings, confirmedOf, missingOf, monitorsOf } from './invariants.mjs';

/** @typedef {import('../network.mjs').NetworkHost} NetworkHost */
/** @typedef {import('./invariants.mjs').Handling} Handling */

export const HOSTS = /** @type {const} */ (['a', 'b', 'c']);
/** @typedef {typeof HOSTS[number]} HostName */

const LEASE_MS = 2000;
/** Stated in docs/discovery.md: names converge within the lease and 2 s of the healing. Twice that, for a busy machine. */
const CONVERGED_MS = 2 * (LEASE_MS + 2000);
/** Without anything to show for it: AMQP notices a dead connection within 10 s and comes back within 5 s; a host starts in a few. */
const HANDLED_MS = 90_000;
const LOOK_EVERY_MS = 100;
/** Lost messages that are named. */
const MOST_TOLD = 10;
/**
 * How long a handling takes under faults: messages come ten times as fast, so whoever is cut off has enough in hand to
 * go on with until the broker has given it to the next holder. A holder that had nothing to begin would prove nothing.
 */
const PACE_MS = 1000;

/** What a host is under, besides being killed and renamed. */
const SOUND = {
  plugged: true,
  up: true,
  segment: 0,
  incoming: /** @type {string[]} */ ([]),
  outgoing: /** @type {string[]} */ ([]),
};

/** @typedef {{ host: NetworkHost, lives: number, isUp: boolean, state: typeof SOUND }} Known */

export class FaultCluster {
  /** @type {Map<HostName, Known>} */
  #hosts = new Map();
  /** Who claims `db`, the last one last. @type {HostName[]} */
  #claims = [];
  #folder = mkdtempSync(join(tmpdir(), 'espalier-faults-'));
  #network;
  #url = '';
  #addresses = 100;
  #paceMs = 0;
  /** Messages that were confirmed up to the last check. */
  #confirmed = 0;
  /** What was done, and when. @type {{ readonly at: number, readonly step: string }[]} */
  #steps = [];

  /** For `create` alone. @param {Network} network */
  constructor(network) {
    this.#network = network;
  }

  /** @param {string} rabbitmq the program */
  static async create(rabbitmq) {
    const cluster = new FaultCluster(await Network.create());
    try {
      await cluster.#open(rabbitmq);
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** @param {string} rabbitmq */
  async #open(rabbitmq) {
    const broker = await this.#network.host('broker');
    this.#url = `amqp://guest:guest@${await broker.startBroker(rabbitmq)}`;
    for (const name of HOSTS) {
      const host = await this.#network.host(name);
      this.#hosts.set(name, { host, lives: 0, isUp: false, state: SOUND });
    }
    await Promise.all(HOSTS.map((name) => this.start(name)));
  }

  async close() {
    await this.#network.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** @param {HostName} name */
  #of(name) {
    return /** @type {Known} */ (this.#hosts.get(name));
  }

  get #journal() {
    return join(this.#folder, 'journal');
  }

  /** Who has `jobs`: who has begun a message last. @returns {HostName} */
  get holder() {
    const life = this.#handlings().at(-1)?.life;
    return HOSTS.find((name) => life?.startsWith(name)) ?? 'a';
  }

  /** Starts its process, if it does not run. @param {HostName} name */
  async start(name) {
    const known = this.#of(name);
    if (known.isUp) return;
    known.isUp = true;
    known.lives += 1;
    const { host } = known;
    const begin = () =>
      host.start(
        { leaseMs: LEASE_MS, queue: `queue-${name}`, endpoints: [this.#url.replace(/\/\/.*@/, '//')] },
        undefined,
        {
          name,
          life: lifeOf(known),
          peers: HOSTS.filter((other) => other !== name),
          bridge: { url: this.#url, ...host.writeCredentials(this.#folder) },
          ...(name === 'c' ? {} : { journal: { file: this.#journal, paceMs: this.#paceMs } }),
        },
      );
    await soon(`${name} runs`, begin);
    await host.advertise([`own-${name}`]);
    await host.advertise(['pool'], 'many');
    if (name === 'c') await host.ask('load', { on: true });
  }

  /** @param {HostName} name */
  async kill(name) {
    const known = this.#of(name);
    if (!known.isUp) return;
    known.isUp = false;
    this.#claims = this.#claims.filter((claimant) => claimant !== name);
    await known.host.kill();
  }

  /** Claims `db` for a host. @param {HostName} name */
  async claim(name) {
    const { host, isUp } = this.#of(name);
    if (!isUp) return;
    this.#claims = [...this.#claims.filter((claimant) => claimant !== name), name];
    await host.advertise(['db']);
  }

  /** @param {HostName} name */
  async changeAddress(name) {
    this.#addresses = this.#addresses === 250 ? 101 : this.#addresses + 1;
    await this.#of(name).host.setAddress(`10.99.0.${this.#addresses}`);
  }

  /** @param {number} ms */
  async delay(ms) {
    await this.#network.order('delay', { ms });
  }

  /** Puts a host under that, besides what it is under already. @param {HostName} name @param {Partial<typeof SOUND>} fault */
  async strike(name, fault) {
    const { state } = this.#of(name);
    const merge = (/** @type {'incoming' | 'outgoing'} */ hook) => [...state[hook], ...(fault[hook] ?? [])];
    await this.#set(name, { ...state, ...fault, incoming: merge('incoming'), outgoing: merge('outgoing') });
  }

  /** Takes everything from a host that it is under, a death excepted. @param {HostName} name */
  async heal(name) {
    await this.#set(name, SOUND);
  }

  /** @param {HostName} name @param {typeof SOUND} state */
  async #set(name, state) {
    const known = this.#of(name);
    const { host, state: before } = known;
    known.state = state;
    if (state.plugged !== before.plugged) await host.setCable(state.plugged);
    if (state.up !== before.up) await host.setInterface(state.up);
    if (state.segment !== before.segment) await host.segment(/** @type {0 | 1} */ (state.segment));
    await host.drop(state);
  }

  /** For what is kept of it. @param {string} step */
  note(step) {
    this.#steps.push({ at: Date.now(), step });
  }

  /** From now on a holder always has more in hand than it can do. */
  async slowDown() {
    await this.#setPace(PACE_MS);
  }

  /** @param {number} ms */
  async #setPace(ms) {
    this.#paceMs = ms;
    const holders = HOSTS.filter((name) => name !== 'c' && this.#of(name).isUp);
    await Promise.all(holders.map((name) => this.#of(name).host.ask('pace', { ms })));
  }

  /** Everything heals, who was killed runs again, and what has gathered is handled. */
  async healAll() {
    await Promise.all([...HOSTS.map((name) => this.heal(name)), this.delay(0)]);
    await Promise.all(HOSTS.map((name) => this.start(name)));
    await this.#setPace(0);
  }

  /**
   * What has to hold when everything has healed; throws where it does not.
   *
   * @returns {Promise<{ convergedMs: number, handledMs: number, messages: number, fences: number, downs: number }>}
   */
  async check() {
    const healed = performance.now();
    await Promise.all(HOSTS.map((name) => this.#converged(this.#of(name).host)));
    const convergedMs = performance.now() - healed;
    const { host: sender } = this.#of('c');
    await sender.ask('load', { on: false });
    await soon('the fate of all messages is known', () => sender.ask('settled'));
    const messages = await this.#handled(sender);
    const handledMs = performance.now() - healed;
    const fences = checkHandlings(this.#handlings());
    const downs = await this.#checkMonitors();
    // They must not only have been right for a moment.
    await Promise.all(HOSTS.map((name) => this.#converged(this.#of(name).host)));
    await sender.ask('load', { on: true });
    return { convergedMs, handledMs, messages, fences, downs };
  }

  /** Writes what is known of all that has happened into a folder that is there. @param {string} folder */
  keep(folder) {
    const write = (/** @type {string} */ file, /** @type {readonly unknown[]} */ lines) =>
      writeFileSync(join(folder, file), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    write('steps', this.#steps);
    for (const { host } of this.#hosts.values()) write(host.name, host.events);
    write('journal', this.#handlings());
  }

  /** @param {NetworkHost} host */
  async #converged(host) {
    const hosts = HOSTS.map((name) => this.#of(name).host);
    const owner = this.#claims.at(-1);
    const holders = {
      ...Object.fromEntries(HOSTS.map((name) => [`own-${name}`, [this.#of(name).host]])),
      pool: hosts,
      ...(owner === undefined ? {} : { db: [this.#of(owner).host] }),
    };
    await host.until({ hosts: HOSTS.length, names: Object.keys(holders).length, holders }, CONVERGED_MS);
  }

  /** @returns {Handling[]} in the order in which they began */
  #handlings() {
    try {
      // The last line may be half written by somebody who was killed.
      const lines = readFileSync(this.#journal, 'utf8').split('\n').slice(0, -1);
      return lines.map((line) => JSON.parse(line));
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return [];
      throw error;
    }
  }

  /** Nothing that the broker has confirmed is lost. @param {NetworkHost} sender @returns how many those were since the last check */
  async #handled({ events }) {
    const refused = events.find(({ event }) => event === 'unconfirmed');
    if (refused !== undefined) throw new Error(`${refused['value']} was not confirmed: ${refused['why']}`);
    const confirmed = confirmedOf(events).length;
    const news = confirmed - this.#confirmed;
    if (news === 0) throw new Error('no message was confirmed: nothing was tried');
    this.#confirmed = confirmed;
    let least = Infinity;
    for (let deadline = 0; ;) {
      const missing = missingOf(events, this.#handlings());
      if (missing.length === 0) return news;
      if (missing.length < least) deadline = performance.now() + HANDLED_MS;
      least = Math.min(least, missing.length);
      if (performance.now() > deadline) {
        const some = missing.slice(0, MOST_TOLD).join(' ');
        throw new Error(`${missing.length} messages confirmed, and lost: ${some}`);
      }
      await pause();
    }
  }

  /** Every monitor fires once: those of lives that are over have, and when all that is watched ends the others do. */
  async #checkMonitors() {
    const hosts = HOSTS.map((name) => this.#of(name).host);
    const watching = () =>
      Promise.all(hosts.map((host) => soon(`${host.name} watches`, () => host.ask('watching'))));
    await watching();
    const counts = () => HOSTS.map((name) => monitorsOf(this.#of(name).host.events, lifeOf(this.#of(name))));
    const before = counts();
    await Promise.all(hosts.map((host) => host.ask('endEcho')));
    await soon('all are told of every end', async () => {
      while (counts().some(({ fired }, i) => fired < (before[i]?.set ?? 0))) await pause();
    });
    await watching();
    // On a busy machine somebody may be taken for dead just now: then he is watched anew in a moment.
    await soon('of all monitors but one of each other host it is known that they have fired', async () => {
      while (counts().some(({ set, fired }) => set - fired !== HOSTS.length - 1)) await pause();
    });
    return counts().reduce((sum, { fired }) => sum + fired, 0);
  }
}

/** @param {{ readonly host: NetworkHost, readonly lives: number }} known */
function lifeOf({ host, lives }) {
  return `${host.name}${lives}`;
}

async function pause() {
  await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}

/** @template T @param {string} what @param {() => Promise<T>} work */
async function soon(what, work) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${HANDLED_MS} ms: ${what}`)), HANDLED_MS);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}
