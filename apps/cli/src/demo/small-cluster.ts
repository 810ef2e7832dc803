/**
 * A cluster on this machine for as long as a demonstration takes: a broker, and hosts with a daemon and a key of their
 * own each. Everything is in a folder that is removed when it is over.
 */
import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { createRequire } from 'node:module';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { createKeyPair, issueJoinTicket } from '@espalier/core/identity';
import { AdminClient } from '@espalier/supervisor/client';
import { LastWords } from './last-words.js';
import { startPrivateBroker, type PrivateBroker } from './private-broker.js';
import { until } from './until.js';

/** What a private broker has of itself. */
const LOGIN = 'guest:guest';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface SmallClusterOptions {
  /** Their names, in the order in which they come. */
  readonly hosts: readonly string[];
  /** Hears each step. */
  readonly say: (step: string) => void;
  /** Hears what all that took part has said last, if it fails. */
  readonly note: (line: string) => void;
}

interface SmallHost {
  readonly client: AdminClient;
  readonly daemon: ChildProcess;
}

/**
 * Starts it, does the work, and ends it, whatever comes of the work.
 *
 * @throws HostError `host_unfit`: RabbitMQ is not installed, or something does not come to be; and what the work throws.
 */
export async function withSmallCluster<T>(
  { hosts, say, note }: SmallClusterOptions,
  work: (cluster: SmallCluster) => Promise<T>,
): Promise<T> {
  const cluster = new SmallCluster();
  const end = (): void => {
    cluster.kill();
    rmSync(cluster.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  const leave = (): void => process.exit(1);
  process.once('exit', end);
  // Each time: npm hands on what the terminal has sent already, and that must not cut the end short.
  for (const signal of SIGNALS) process.on(signal, leave);
  try {
    await cluster.start(hosts, say);
    return await work(cluster);
  } catch (error) {
    for (const line of cluster.lastWords()) note(line);
    throw error;
  } finally {
    end();
    process.off('exit', end);
    for (const signal of SIGNALS) process.off(signal, leave);
  }
}

export class SmallCluster {
  /** For files of whoever works with it, too. */
  readonly folder = mkdtempSync(join(tmpdir(), 'esp-'));
  readonly #hosts = new Map<string, SmallHost>();
  readonly #daemons: ChildProcess[] = [];
  readonly #lastWords = new LastWords();
  #broker: PrivateBroker | undefined;
  #endBroker = (): void => undefined;

  client(host: string): AdminClient {
    return this.#host(host).client;
  }

  /** Resolves when the host's tree has a connection to the broker; it is one with `cluster`. */
  async connected(host: string): Promise<void> {
    await until(`${host} has a connection to the broker`, async () => {
      return (await this.client(host).cluster()).bridge === 'connected';
    });
  }

  /** `kill -9` of its daemon. */
  async killHost(host: string): Promise<void> {
    const { daemon } = this.#host(host);
    // It may have ended by itself, and would not do so again.
    if (daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = once(daemon, 'exit');
    daemon.kill('SIGKILL');
    await ended;
  }

  /** For the first time, or again: then it runs what it ran. */
  async startHost(name: string): Promise<void> {
    const folder = join(this.folder, name);
    const daemon = startDaemon(folder);
    this.#daemons.push(daemon);
    this.#lastWords.hear(`espalierd of ${name}`, daemon.stderr);
    const client = new AdminClient({ folder });
    this.#hosts.set(name, { client, daemon });
    await until(`the daemon of ${name} answers`, async () => {
      await client.ready();
      return true;
    });
    void this.#lastWords.follow(name, client);
  }

  async start(hosts: readonly string[], say: (step: string) => void): Promise<void> {
    say('Starting a broker …');
    this.#broker = await startPrivateBroker(join(this.folder, 'broker'), (end) => {
      this.#endBroker = end;
    });
    const root = createKeyPair();
    for (const name of hosts) {
      say(`Host ${name}: a daemon, and a ticket of the cluster's root`);
      await this.startHost(name);
      const client = this.client(name);
      const { publicKey } = await client.cluster();
      const ticket = issueJoinTicket(root, { publicKey, broker: LOGIN });
      await client.joinCluster({ ticket, brokers: [this.#broker.url] });
    }
  }

  kill(): void {
    for (const daemon of this.#daemons) daemon.kill('SIGKILL');
    this.#endBroker();
  }

  lastWords(): readonly string[] {
    return [...this.#lastWords.lines, ...(this.#broker?.lastWords() ?? [])];
  }

  #host(name: string): SmallHost {
    return this.#hosts.get(name) as SmallHost;
  }
}

function startDaemon(folder: string): ChildProcessByStdio<null, null, Readable> {
  const manifest = createRequire(import.meta.url).resolve('@espalier/daemon/package.json');
  return spawn(process.execPath, [join(dirname(manifest), 'bin', 'espalierd.js'), '--folder', folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}
