/** A machine with a daemon, in a network namespace of its own, and what a test waits for. */
import { setTimeout as pause } from 'node:timers/promises';
import { describe } from '@jest/globals';
import { findBroker } from '../../broker/find-broker.mjs';
import { MUST_RUN, whyNotHere, type Network, type NetworkHost } from '../network.mjs';

const WHY_NOT = whyNotHere() ?? (findBroker() === undefined ? 'RabbitMQ is not installed' : undefined);
if (WHY_NOT !== undefined) {
  const text = `NOT TESTED: a cluster of daemons in network namespaces: ${WHY_NOT}`;
  if (MUST_RUN) throw new Error(text);
  process.stderr.write(`${text}\n`);
}
/** As `describe`, where namespaces can be made and a broker is there. */
export const here = WHY_NOT === undefined ? describe : describe.skip;

export const SLOW_MACHINE_MS = 120_000;
const SOON_MS = 60_000;
const LOOK_MS = 100;

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Status {
  readonly publicKey: string;
  readonly host: string;
  readonly bridge: string;
  readonly hosts: readonly { readonly host: string }[];
  readonly names: readonly {
    readonly name: string;
    readonly namespace: { readonly id: string; readonly path: string | null } | null;
    readonly holders: readonly { readonly host: string }[];
  }[];
}

export class Machine {
  readonly folder: string;
  readonly #host: NetworkHost;

  private constructor(host: NetworkHost, folder: string) {
    this.#host = host;
    this.folder = folder;
  }

  /** Nothing runs on it yet. */
  static async create(network: Network, name: string, folder: string): Promise<Machine> {
    const host = await network.host(name);
    await host.launch(new URL('daemon-host.mjs', import.meta.url), { folder });
    return new Machine(host, folder);
  }

  /** `args`: of the daemon, beside its folder. */
  static async start(
    network: Network,
    name: string,
    folder: string,
    args: readonly string[] = [],
  ): Promise<Machine> {
    const machine = await Machine.create(network, name, folder);
    await machine.begin(args);
    return machine;
  }

  /** What it drops from now on: conditions of nftables. */
  async drop(rules: {
    readonly incoming: readonly string[];
    readonly outgoing: readonly string[];
  }): Promise<void> {
    await this.#host.drop(rules);
  }

  async begin(args: readonly string[] = []): Promise<void> {
    await this.#host.ask('start', { args });
  }

  async kill(): Promise<void> {
    await this.#host.ask('kill');
  }

  /** A line that somebody types there; its folder is then the home of who types. */
  async types(line: string, cwd: string): Promise<string> {
    const { code, stdout, stderr } = (await this.#host.ask('type', { line, cwd })) as Ran;
    if (code !== 0 && code !== 2) throw new Error(`${line}: ${stderr}`);
    return stdout;
  }

  async command(
    args: readonly string[],
    input = '',
    env: Readonly<Record<string, string>> = {},
  ): Promise<Ran> {
    return (await this.#host.ask('command', { args, input, env })) as Ran;
  }

  /** What it prints; it must succeed, or have changed something. */
  async prints(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.command(args);
    if (code !== 0 && code !== 2) throw new Error(`espalier ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  }

  async status(): Promise<Status> {
    return JSON.parse((await this.command(['cluster', 'status', '--json'])).stdout) as Status;
  }

  /** Who holds the name, as this host knows it. */
  async holders(name: string): Promise<readonly string[]> {
    const found = (await this.status()).names.find((known) => known.name === name);
    return found?.holders.map(({ host }) => host) ?? [];
  }
}

/** Resolves with what it sees once that is so. */
export async function until<T>(look: () => Promise<T>, isSo: (seen: T) => boolean): Promise<T> {
  const deadline = performance.now() + SOON_MS;
  for (;;) {
    const seen = await look();
    if (isSo(seen)) return seen;
    if (performance.now() > deadline) throw new Error(`it did not come to be so: ${JSON.stringify(seen)}`);
    await pause(LOOK_MS);
  }
}

/** A broker in a namespace of its own: its address. */
export async function startBroker(network: Network): Promise<string> {
  const rabbit = await network.host('rabbit');
  return `amqp://${await rabbit.startBroker(findBroker() ?? '')}`;
}
