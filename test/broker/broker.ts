/** A private RabbitMQ for a test file, kept by a process of its own (keeper.mjs). */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe } from '@jest/globals';
import { findBroker } from './find-broker.mjs';

const KEEPER = fileURLToPath(new URL('keeper.mjs', import.meta.url));

export class Broker {
  readonly #keeper: ChildProcessWithoutNullStreams;
  readonly #answers: ((answer: Record<string, unknown>) => void)[] = [];
  port = 0;

  constructor(program: string) {
    this.#keeper = spawn(process.execPath, [KEEPER, program], { detached: true, stdio: 'pipe' });
    createInterface({ input: this.#keeper.stdout }).on('line', (line) => {
      this.#answers.shift()?.(JSON.parse(line) as Record<string, unknown>);
    });
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${String(this.port)}`;
  }

  async start(): Promise<void> {
    const { port, error } = await this.#ask('start');
    if (typeof port !== 'number') throw new Error(String(error));
    this.port = port;
  }

  /** As if the machine had lost power. */
  async kill(): Promise<void> {
    await this.#ask('kill');
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#keeper.once('exit', () => resolve());
      this.#keeper.stdin.end();
    });
  }

  #ask(command: string): Promise<Record<string, unknown>> {
    return new Promise((resolve) => {
      this.#answers.push(resolve);
      this.#keeper.stdin.write(`${command}\n`);
    });
  }
}

/** As `describe`, with a broker's program; skipped where there is none, and a failure where one is required. */
export function describeWithBroker(name: string, tests: (program: string) => void): void {
  const program = findBroker();
  const isRequired = (process.env['ESPALIER_REQUIRE'] ?? '').split(',').includes('broker');
  if (program !== undefined || isRequired) describe(name, () => tests(program ?? 'rabbitmq-server'));
  else describe.skip(`${name} (RabbitMQ is not installed: npm test says how)`, () => tests(''));
}
