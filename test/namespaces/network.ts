/** The test's hold on a network of namespaces (world.mjs): hosts, faults, and what the hosts say. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createKeyPair, fingerprint, issueJoinTicket, type KeyPair } from '@espalier/core/identity';
import type { DiscoveryOptions, Refusal } from '@espalier/discovery';
import { NETWORK_TOOLS, whatIsMissing } from './tools.mjs';

const WORLD = fileURLToPath(new URL('./world.mjs', import.meta.url));
const UNSHARE = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
/** An ordinary user is root in a user namespace of its own. */
const AS_USER = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
/** ESPALIER_REQUIRE=netns: a machine that cannot make namespaces fails instead of skipping. */
export const MUST_RUN = process.env['ESPALIER_REQUIRE']?.split(',').includes('netns') === true;

/** Why namespaces cannot be made here, or nothing. */
export function whyNotHere(): string | undefined {
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

type Line = Readonly<Record<string, unknown>>;

/** Answers to orders, by their number. */
class Answers {
  #next = 1;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();

  expect(): { id: number; answer: Promise<unknown> } {
    const id = this.#next++;
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    return { id, answer };
  }

  take({ id, value, error }: Line): void {
    const waiting = this.#waiting.get(Number(id));
    this.#waiting.delete(Number(id));
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(JSON.stringify(error)));
  }
}

export class Network {
  readonly root = createKeyPair();
  readonly #world: ChildProcess;
  readonly #answers = new Answers();
  readonly #hosts = new Map<string, NetworkHost>();

  private constructor(world: ChildProcess) {
    this.#world = world;
  }

  static async create(): Promise<Network> {
    const world = spawn('unshare', [...AS_USER, ...UNSHARE, process.execPath, WORLD], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const network = new Network(world);
    await new Promise<void>((resolve, reject) => {
      world.on('exit', (code) => reject(new Error(`the network ended with ${String(code)}`)));
      createInterface({ input: world.stdout }).on('line', (text) => {
        const line = JSON.parse(text) as Line;
        if (line['ready'] === true) resolve();
        else if (typeof line['host'] === 'string')
          network.#hosts.get(line['host'])?.hear(line['line'] as Line);
        else network.#answers.take(line);
      });
    });
    return network;
  }

  /** A namespace on the first bridge; nothing runs in it yet. */
  async host(name: string, key = createKeyPair(), root = this.root): Promise<NetworkHost> {
    const host = new NetworkHost(this, name, key, root);
    this.#hosts.set(name, host);
    await this.order('host', { name });
    return host;
  }

  async order(order: string, facts: Line): Promise<unknown> {
    const { id, answer } = this.#answers.expect();
    this.#world.stdin?.write(`${JSON.stringify({ id, order, ...facts })}\n`);
    return answer;
  }

  /** Ends all processes and namespaces. */
  async close(): Promise<void> {
    if (this.#world.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#world.once('exit', resolve));
    this.#world.stdin?.end();
    await ended;
  }
}

export interface Known {
  readonly names?: number;
  readonly hosts?: number;
  /** Why it has dropped a record. */
  readonly refused?: Refusal;
  /** Of each of these links, by id, that it hears what it says. */
  readonly hearing?: readonly string[];
  /** Who holds a name: hosts, in the order of their ids. */
  readonly holders?: Readonly<Record<string, readonly NetworkHost[]>>;
}

export class NetworkHost {
  readonly name: string;
  readonly id: string;
  /** Everything that it told unasked, in order. */
  readonly events: Line[] = [];
  readonly #network: Network;
  readonly #key: KeyPair;
  readonly #ticket: string;
  #answers = new Answers();
  #started: (line: Line) => void = () => undefined;
  #exited: (line: Line) => void = () => undefined;

  constructor(network: Network, name: string, key: KeyPair, root: KeyPair) {
    this.#network = network;
    this.name = name;
    this.#key = key;
    this.#ticket = issueJoinTicket(root, { publicKey: key.publicKey });
    this.id = fingerprint(key.publicKey);
  }

  /** Starts its process; resolves when discovery runs in it. */
  async start(options: Partial<DiscoveryOptions> = {}, cwd?: string): Promise<void> {
    this.#answers = new Answers();
    const started = new Promise<Line>((resolve) => (this.#started = resolve));
    await this.#order('start', { cwd, setup: { key: this.#key, ticket: this.#ticket, options } });
    await started;
  }

  async ask(order: string, facts: Line = {}): Promise<unknown> {
    const { id, answer } = this.#answers.expect();
    await this.#order('tell', { line: { id, order, ...facts } });
    return answer;
  }

  async advertise(names: readonly string[], holding = 'unique'): Promise<void> {
    await this.ask('advertise', { names, holding });
  }

  /** How long it took until the host knew this, in ms; fails after `mostMs`. */
  async until({ holders = {}, ...counts }: Known, mostMs: number): Promise<number> {
    const ids = Object.entries(holders).map(([name, hosts]) => [name, hosts.map(({ id }) => id).sort()]);
    const took = await this.ask('until', { ...counts, holders: Object.fromEntries(ids), mostMs });
    if (typeof took === 'number') return took;
    const known = await Promise.all(['hosts', 'names', 'status'].map((what) => this.ask(what)));
    throw new Error(`${this.name} did not come to know it in ${mostMs} ms, but ${JSON.stringify(known)}`);
  }

  /** kill -9 */
  async kill(): Promise<void> {
    const exited = new Promise<Line>((resolve) => (this.#exited = resolve));
    await this.#order('kill', {});
    await exited;
  }

  /** Stops its process in peace. */
  async close(): Promise<void> {
    const exited = new Promise<Line>((resolve) => (this.#exited = resolve));
    void this.ask('close');
    await exited;
  }

  /** Runs Avahi in it; what is started afterwards finds it. */
  async startAvahi(): Promise<void> {
    await this.#order('avahi', {});
  }

  async segment(segment: 0 | 1): Promise<void> {
    await this.#order('segment', { segment });
  }

  async setInterface(up: boolean): Promise<void> {
    await this.#order('interface', { up });
  }

  async setAddress(address: string): Promise<void> {
    await this.#order('address', { address });
  }

  async setLoss(percent: number): Promise<void> {
    await this.#order('loss', { percent });
  }

  async run(command: string): Promise<string> {
    return String(await this.#order('run', { command }));
  }

  /** Packets that have gone from it onto its link. */
  async sent(): Promise<number> {
    return Number(await this.#order('sent', {}));
  }

  hear(line: Line): void {
    if ('exit' in line) this.#exited(line);
    else if ('started' in line) this.#started(line);
    else if ('event' in line) this.events.push(line);
    else this.#answers.take(line);
  }

  async #order(order: string, facts: Line): Promise<unknown> {
    return this.#network.order(order, { name: this.name, ...facts });
  }
}
