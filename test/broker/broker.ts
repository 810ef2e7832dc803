/** A private RabbitMQ for a test file, kept by a process of its own (keeper.mjs). */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe } from '@jest/globals';
import { findBroker } from './find-broker.mjs';

const KEEPER = fileURLToPath(new URL('keeper.mjs', import.meta.url));

export interface BrokerOptions {
  /** Of a broker cluster. Default: one. */
  readonly nodes?: number;
  /** A further listener with TLS, which asks for certificates: files. */
  readonly tls?: { readonly ca: string; readonly certificate: string; readonly key: string };
}

export class Broker {
  readonly #keeper: ChildProcessWithoutNullStreams;
  readonly #answers: ((answer: Record<string, unknown>) => void)[] = [];
  /** Of each node. */
  ports: readonly number[] = [];
  tlsPort = 0;

  constructor(program: string, options: BrokerOptions = {}) {
    const args = [KEEPER, program, JSON.stringify(options)];
    this.#keeper = spawn(process.execPath, args, { detached: true, stdio: 'pipe' });
    createInterface({ input: this.#keeper.stdout }).on('line', (line) => {
      this.#answers.shift()?.(JSON.parse(line) as Record<string, unknown>);
    });
  }

  get port(): number {
    return this.ports[0] ?? 0;
  }

  get url(): string {
    return urlOf(this.port);
  }

  get urls(): readonly string[] {
    return this.ports.map(urlOf);
  }

  /** All nodes, or one. */
  async start(node?: number): Promise<void> {
    const { ports, tlsPort } = await this.#ask('start', node);
    this.ports = ports as readonly number[];
    this.tlsPort = Number(tlsPort);
  }

  /** As if the machine had lost power: all nodes, or one. */
  async kill(node?: number): Promise<void> {
    await this.#ask('kill', node);
  }

  /** What `rabbitmqctl` says, at one of the nodes. */
  async ctl(node: number, ...words: readonly string[]): Promise<string> {
    const { output } = await this.#ask('ctl', node, ...words);
    return String(output);
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#keeper.once('exit', () => resolve());
      this.#keeper.stdin.end();
    });
  }

  async #ask(...words: readonly (string | number | undefined)[]): Promise<Record<string, unknown>> {
    const answer = await new Promise<Record<string, unknown>>((resolve) => {
      this.#answers.push(resolve);
      this.#keeper.stdin.write(`${words.filter((word) => word !== undefined).join(' ')}\n`);
    });
    const { error } = answer;
    if (typeof error === 'string') throw new Error(error);
    return answer;
  }
}

export function urlOf(port: number): string {
  return `amqp://guest:guest@127.0.0.1:${String(port)}`;
}

/** As `describe`, with a broker's program; skipped where there is none, and a failure where one is required. */
export function describeWithBroker(name: string, tests: (program: string) => void): void {
  const program = findBroker();
  const isRequired = (process.env['ESPALIER_REQUIRE'] ?? '').split(',').includes('broker');
  if (program !== undefined || isRequired) describe(name, () => tests(program ?? 'rabbitmq-server'));
  else describe.skip(`${name} (RabbitMQ is not installed: npm test says how)`, () => tests(''));
}
