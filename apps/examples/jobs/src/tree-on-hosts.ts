/** The same tree on two hosts: `alpha` has all but the gateway, which is on `beta`. Each is what a daemon runs. */
import { setTimeout } from 'node:timers/promises';
import type { SmallCluster } from '@espalier/cli';
import { CallError, EspalierError } from '@espalier/core';
import type { AdminClient, CallRequest } from '@espalier/supervisor/client';
import type { Mail, Totals } from './mail.js';
import { readSpec, type Settings } from './spec.js';
import type { Applied, Order, Tree } from './tree.js';

/** Whom the others need comes first. */
export const HOSTS = ['beta', 'alpha'] as const;
const AGAIN_MS = 50;
const PATIENCE_MS = 30_000;

export class TreeOnHosts implements Tree {
  readonly #cluster: SmallCluster;
  readonly #alpha: AdminClient;
  readonly #journal: string;
  readonly #reading = new AbortController();

  private constructor(cluster: SmallCluster, journal: string) {
    this.#cluster = cluster;
    this.#alpha = cluster.client('alpha');
    this.#journal = journal;
  }

  static async start(cluster: SmallCluster, { journal, settings, onEvent }: Order): Promise<TreeOnHosts> {
    const tree = new TreeOnHosts(cluster, journal);
    try {
      await tree.apply(settings, false);
      for (const host of HOSTS) {
        await cluster.connected(host);
        void tree.#tell(host, onEvent);
      }
      return tree;
    } catch (error) {
      // Who listens would listen for ever.
      await tree.stop();
      throw error;
    }
  }

  async submit(mail: Mail): Promise<void> {
    await this.#ask('jobs/queue', { operation: 'submit', parameters: [mail] });
  }

  async totals(): Promise<Totals> {
    return (await this.#ask('jobs/store', { operation: 'totals' })) as Totals;
  }

  async startWorker(): Promise<void> {
    await this.#alpha.spawn('jobs/workers', {});
  }

  kill(path: string): Promise<void> {
    return this.#alpha.change('kill', path);
  }

  async apply(settings: Settings, check: boolean): Promise<Applied> {
    const outcomes = [];
    for (const host of HOSTS) {
      const { spec, base } = await readSpec(host, this.#journal, settings);
      outcomes.push(await this.#cluster.client(host).apply({ text: JSON.stringify(spec), base, check }));
    }
    return {
      changes: outcomes.flatMap(({ changes }) => changes),
      description: outcomes.map(({ description }) => description).join('\n'),
    };
  }

  /** The daemons end with their cluster. */
  async stop(): Promise<void> {
    this.#reading.abort();
  }

  /** By its name somebody who is between two lives is waited for; by its path, as a daemon knows it, it is not there. */
  async #ask(path: string, request: CallRequest): Promise<unknown> {
    for (const deadline = performance.now() + PATIENCE_MS; ;) {
      try {
        return await this.#alpha.call(path, request);
      } catch (error) {
        const isAway = error instanceof CallError && error.code === 'noproc';
        if (!isAway || performance.now() > deadline) throw error;
        await setTimeout(AGAIN_MS);
      }
    }
  }

  /** Over each life of its daemon. */
  async #tell(host: string, onEvent: Order['onEvent']): Promise<void> {
    const { signal } = this.#reading;
    for (let after = 0; !signal.aborted; await setTimeout(AGAIN_MS)) {
      try {
        for await (const read of this.#cluster.client(host).events({ follow: true, after, signal })) {
          if (read.kind !== 'entry') continue;
          after = read.entry.id;
          onEvent(read.entry);
        }
      } catch (error) {
        // It was enough, or the daemon has ended.
        if (!(error instanceof EspalierError)) throw error;
      }
    }
  }
}
