/**
 * Three hosts with discovery and a bridge, and a broker, each in a namespace of its own; the load on them, what the
 * faults do to them, and what has to hold afterwards.
 *
 * Hosts `a` and `b` hold the durable name `jobs`, one at a time; `c` sends to it. Each watches the servers of both
 * others through the bridge. For discovery each offers a name of its own and a share in `pool`; `db` is claimed by one
 * after the other.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Network } from '../network.mjs';

/** @typedef {import('../network.mjs').NetworkHost} NetworkHost */
/** @typedef {{ readonly value: string, readonly id: string, readonly again: boolean, readonly fence: number, readonly life: string }} Handling */

export const HOSTS = /** @type {const} */ (['a', 'b', 'c']);
/** @typedef {typeof HOSTS[number]} HostName */

const LEASE_MS = 2000;
/** Stated in docs/discovery.md: names converge within the lease and 2 s of the healing. Twice that, for a busy machine. */
const CONVERGED_MS = 2 * (LEASE_MS + 2000);
/** AMQP notices a dead connection within 10 s and comes back within 5 s; then what had gathered is handled. */
const HANDLED_MS = 90_000;
const LOOK_EVERY_MS = 100;

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

  /** For `create` alone. @param {Network} network */
  constructor(network) {
    this.#network = network;
  }

  /** @param {string} rabbitmq the program */
  static async create(rabbitmq) {
    const cluster = new FaultCluster(await Network.create());
    await cluster.#open(rabbitmq);
    return cluster;
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
          ...(name === 'c' ? {} : { journal: this.#journal }),
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

  /** Everything heals, and who was killed runs again. */
  async healAll() {
    await Promise.all([...HOSTS.map((name) => this.heal(name)), this.delay(0)]);
    await Promise.all(HOSTS.map((name) => this.start(name)));
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
    const fences = this.#checkHandlings();
    const downs = await this.#checkMonitors();
    await sender.ask('load', { on: true });
    return { convergedMs, handledMs, messages, fences, downs };
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

  /** Nothing that the broker has confirmed is lost. @param {NetworkHost} sender @returns how many those were, so far */
  async #handled({ events }) {
    const confirmed = events.filter(({ event }) => event === 'confirmed').map(({ value }) => String(value));
    const deadline = performance.now() + HANDLED_MS;
    for (;;) {
      const handled = new Set(this.#handlings().map(({ value }) => value));
      const lost = confirmed.filter((value) => !handled.has(value));
      if (lost.length === 0) return confirmed.length;
      if (performance.now() > deadline) throw new Error(`confirmed, and lost: ${lost.join(' ')}`);
      await pause();
    }
  }

  /** One holder at a time: none begins after the next one has begun, and no two have one number. */
  #checkHandlings() {
    const holders = new Map();
    const last = new Map();
    const seen = new Set();
    let greatest = 0;
    for (const { value, id, fence, life } of this.#handlings()) {
      if (fence < greatest) throw new Error(`${life} began ${value} with ${fence} when ${greatest} was held`);
      greatest = fence;
      const holder = holders.get(fence) ?? life;
      if (holder !== life) throw new Error(`${holder} and ${life} both held ${fence}`);
      holders.set(fence, life);
      if (seen.has(id)) continue;
      seen.add(id);
      const [sender, number] = value.split('/');
      if (Number(number) <= last.get(sender)) throw new Error(`${value} came behind ${last.get(sender)}`);
      last.set(sender, Number(number));
    }
    return holders.size;
  }

  /** Every monitor fires once: those of lives that are over have, and when all that is watched ends the others do. */
  async #checkMonitors() {
    const hosts = HOSTS.map((name) => this.#of(name).host);
    const watching = () =>
      Promise.all(hosts.map((host) => soon(`${host.name} watches`, () => host.ask('watching'))));
    await watching();
    const counts = () => HOSTS.map((name) => countOfMonitors(this.#of(name)));
    const before = counts();
    await Promise.all(hosts.map((host) => host.ask('endEcho')));
    await soon('all are told of every end', async () => {
      while (counts().some(({ fired }, i) => fired < (before[i]?.set ?? 0))) await pause();
    });
    await watching();
    for (const { set, fired } of counts()) {
      if (set - fired !== HOSTS.length - 1) throw new Error(`of ${set} monitors ${fired} have fired`);
    }
    return counts().reduce((sum, { fired }) => sum + fired, 0);
  }
}

/** @param {{ readonly host: NetworkHost, readonly lives: number }} known */
function lifeOf({ host, lives }) {
  return `${host.name}${lives}`;
}

/**
 * Of the present life of a host: how many monitors were set, and how many of them have fired.
 *
 * @param {{ readonly host: NetworkHost, readonly lives: number }} known
 */
function countOfMonitors(known) {
  const own = known.host.events.filter(({ life }) => life === lifeOf(known));
  const of = (/** @type {string} */ kind) =>
    own.filter(({ event }) => event === kind).map(({ target, number }) => `${target} ${number}`);
  const fired = of('down');
  const twice = fired.find((monitor, i) => fired.indexOf(monitor) !== i);
  if (twice !== undefined) throw new Error(`the monitor ${twice} fired twice`);
  return { set: of('watching').length, fired: fired.length };
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
