/** The test's hold on a network of namespaces (world.mjs): hosts, faults, and what the hosts say. */
import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createKeyPair, fingerprint, issueJoinTicket } from '@espalier/core/identity';
import { NETWORK_TOOLS, whatIsMissing } from './tools.mjs';

const WORLD = fileURLToPath(new URL('./world.mjs', import.meta.url));
const UNSHARE = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
/** An ordinary user is root in a user namespace of its own. */
const AS_USER = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
/** ESPALIER_REQUIRE=netns: a machine that cannot make namespaces fails instead of skipping. */
export const MUST_RUN = process.env['ESPALIER_REQUIRE']?.split(',').includes('netns') === true;

/** Why namespaces cannot be made here, or nothing. @returns {string | undefined} */
export function whyNotHere() {
  const missing = whatIsMissing(NETWORK_TOOLS);
  if (missing !== undefined) return missing;
  try {
    execFileSync('unshare', [...AS_USER, ...UNSHARE, 'ip', 'link', 'add', 'try', 'type', 'bridge'], {
      stdio: 'pipe',
    });
    return undefined;
  } catch (error) {
    return `no network namespace with a bridge can be made: ${error instanceof Error ? error.message : ''}`;
  }
}

/** @typedef {Readonly<Record<string, unknown>>} Line */
/** @typedef {import('@espalier/core/identity').KeyPair} KeyPair */
/** @typedef {import('node:child_process').ChildProcessByStdio<import('node:stream').Writable, import('node:stream').Readable, null>} World */

/** Answers to orders, by their number. */
class Answers {
  #next = 1;
  /** @type {Map<number, { resolve(value: unknown): void, reject(error: Error): void }>} */
  #waiting = new Map();

  /** Why none come any more. @type {string | undefined} */
  #ended;

  expect() {
    const id = this.#next++;
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    // Whoever asked may still be waiting for his question to be taken.
    answer.catch(() => undefined);
    if (this.#ended !== undefined) this.end(this.#ended);
    return { id, answer };
  }

  /** @param {Line} line */
  take({ id, value, error }) {
    const waiting = this.#waiting.get(Number(id));
    this.#waiting.delete(Number(id));
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(JSON.stringify(error)));
  }

  /** No more of them come. @param {string} why */
  end(why) {
    this.#ended = why;
    for (const { reject } of this.#waiting.values()) reject(new Error(why));
    this.#waiting.clear();
  }
}

export class Network {
  root = createKeyPair();
  hasBroker = false;
  #world;
  #answers = new Answers();
  /** @type {Map<string, NetworkHost>} */
  #hosts = new Map();

  /** For `create` alone. @param {World} world */
  constructor(world) {
    this.#world = world;
  }

  static async create() {
    const world = spawn('unshare', [...AS_USER, ...UNSHARE, process.execPath, WORLD], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const network = new Network(world);
    await new Promise((resolve, reject) => {
      world.on('exit', (code) => reject(new Error(`the network ended with ${String(code)}`)));
      createInterface({ input: world.stdout }).on('line', (text) => {
        /** @type {Line} */
        const line = JSON.parse(text);
        if (line['ready'] === true) resolve(undefined);
        else if (typeof line['host'] === 'string')
          network.#hosts.get(line['host'])?.hear(/** @type {Line} */ (line['line']));
        else network.#answers.take(line);
      });
    });
    return network;
  }

  /** A namespace on the first bridge; nothing runs in it yet. @param {string} name */
  async host(name, key = createKeyPair(), root = this.root) {
    const host = new NetworkHost(this, name, key, root);
    this.#hosts.set(name, host);
    await this.order('host', { name });
    return host;
  }

  /** @param {string} order @param {Line} facts @returns {Promise<unknown>} */
  async order(order, facts) {
    const { id, answer } = this.#answers.expect();
    this.#world.stdin.write(`${JSON.stringify({ id, order, ...facts })}\n`);
    return answer;
  }

  /** Ends all processes and namespaces. */
  async close() {
    if (this.#world.exitCode !== null) return;
    // It has written into a folder of its own.
    if (this.hasBroker) await this.order('endBroker', {});
    const ended = new Promise((resolve) => this.#world.once('exit', resolve));
    this.#world.stdin.end();
    await ended;
  }
}

/**
 * @typedef {object} Known
 * @property {number} [names]
 * @property {number} [hosts]
 * @property {import('@espalier/discovery').Refusal} [refused] why it has dropped a record
 * @property {readonly string[]} [hearing] of each of these links, by id, that it hears what it says
 * @property {Readonly<Record<string, readonly NetworkHost[]>>} [holders] who holds a name: hosts, in the order of their ids
 */

export class NetworkHost {
  name;
  id;
  /** Everything that it told unasked, in order. @type {Line[]} */
  events = [];
  #network;
  #key;
  #ticket;
  #answers = new Answers();
  /** @type {(line: Line) => void} */
  #started = () => undefined;
  /** @type {(line: Line) => void} */
  #exited = () => undefined;

  /** @param {Network} network @param {string} name @param {KeyPair} key @param {KeyPair} root */
  constructor(network, name, key, root) {
    this.#network = network;
    this.name = name;
    this.#key = key;
    this.#ticket = issueJoinTicket(root, { publicKey: key.publicKey });
    this.id = fingerprint(key.publicKey);
  }

  /**
   * Starts its process; resolves when discovery runs in it.
   *
   * @param {Partial<import('@espalier/discovery').DiscoveryOptions>} options
   * @param {string} [cwd]
   * @param {import('./faults/tree.mjs').TreeSetup} [tree] with a tree that has a bridge
   */
  async start(options = {}, cwd, tree) {
    await this.#launch({ cwd, setup: { key: this.#key, ticket: this.#ticket, options, tree } });
  }

  /**
   * Starts another script as its process; resolves with its first line, in which it says that it has `started`.
   *
   * @param {URL} script
   * @param {Line} setup
   */
  async launch(script, setup) {
    return this.#launch({ script: fileURLToPath(script), setup });
  }

  /** @param {Line} facts @returns {Promise<Line>} */
  async #launch(facts) {
    this.#answers = new Answers();
    /** @type {Promise<Line>} */
    const started = new Promise((resolve, reject) => {
      this.#started = resolve;
      this.#exited = (line) => reject(new Error(`${this.name} ended before it ran: ${JSON.stringify(line)}`));
    });
    await this.#order('start', facts);
    return started;
  }

  /** Its key and its ticket as files in a folder, for a bridge. @param {string} folder */
  writeCredentials(folder) {
    const files = { key: join(folder, `${this.name}.key`), ticket: join(folder, `${this.name}.ticket`) };
    writeFileSync(files.key, this.#key.privateKey, { mode: 0o600 });
    writeFileSync(files.ticket, this.#ticket);
    return files;
  }

  /** @param {string} order @param {Line} facts */
  async ask(order, facts = {}) {
    const { id, answer } = this.#answers.expect();
    await this.#order('tell', { line: { id, order, ...facts } });
    return answer;
  }

  /** @param {readonly string[]} names */
  async advertise(names, holding = 'unique') {
    await this.ask('advertise', { names, holding });
  }

  /**
   * How long it took until the host knew this, in ms; fails after `mostMs`.
   *
   * @param {Known} known
   * @param {number} mostMs
   */
  async until({ holders = {}, ...counts }, mostMs) {
    const ids = Object.entries(holders).map(([name, hosts]) => [name, hosts.map(({ id }) => id).sort()]);
    const took = await this.ask('until', { ...counts, holders: Object.fromEntries(ids), mostMs });
    if (typeof took === 'number') return took;
    const known = await Promise.all(['hosts', 'names', 'status'].map((what) => this.ask(what)));
    throw new Error(`${this.name} did not come to know it in ${mostMs} ms, but ${JSON.stringify(known)}`);
  }

  /** kill -9 */
  async kill() {
    const exited = new Promise((resolve) => (this.#exited = resolve));
    await this.#order('kill', {});
    await exited;
  }

  /** Stops its process in peace. */
  async close() {
    const exited = new Promise((resolve) => (this.#exited = resolve));
    this.ask('close').catch(() => undefined);
    await exited;
  }

  /** Runs Avahi in it; what is started afterwards finds it. */
  async startAvahi() {
    await this.#order('avahi', {});
  }

  /** Starts RabbitMQ in it; gives the address for the others. @param {string} program */
  async startBroker(program) {
    this.#network.hasBroker = true;
    return String(await this.#order('broker', { program }));
  }

  /** @param {0 | 1} segment */
  async segment(segment) {
    await this.#order('segment', { segment });
  }

  /** @param {boolean} up */
  async setInterface(up, device = 'eth0') {
    await this.#order('interface', { device, up });
  }

  /** Gives it a second interface, eth1, into segment 1. */
  async addInterface() {
    await this.#order('secondInterface', {});
  }

  /** @param {string} address */
  async setAddress(address) {
    await this.#order('address', { address });
  }

  /** Drops so many of a hundred packets of mDNS that come to it. @param {number} percent */
  async setLoss(percent) {
    await this.drop({ incoming: [`iif eth0 udp dport 5353 numgen random mod 100 < ${percent}`] });
  }

  /**
   * What it drops from now on, instead of what it did.
   *
   * @param {{ readonly incoming?: readonly string[], readonly outgoing?: readonly string[] }} rules conditions of nftables
   */
  async drop(rules) {
    await this.#order('drop', rules);
  }

  /** @param {boolean} plugged */
  async setCable(plugged) {
    await this.#order('cable', { plugged });
  }

  /** @param {string} command */
  async run(command) {
    return String(await this.#order('run', { command }));
  }

  /** Starts one that goes on until the network ends. @param {string} command */
  async begin(command) {
    await this.#order('begin', { command });
  }

  /** Packets of mDNS that it has sent. */
  async sent() {
    return Number(await this.#order('sent', {}));
  }

  /** @param {Line} line */
  hear(line) {
    if ('exit' in line) {
      this.#answers.end(`${this.name} has ended: ${JSON.stringify(line)}`);
      this.#exited(line);
    } else if ('started' in line) this.#started(line);
    else if ('event' in line) this.events.push(line);
    else this.#answers.take(line);
  }

  /** @param {string} order @param {Line} facts */
  async #order(order, facts) {
    return this.#network.order(order, { name: this.name, ...facts });
  }
}
