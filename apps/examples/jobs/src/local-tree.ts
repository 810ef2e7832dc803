/** The tree of `jobs.espalier.yaml`, started by the application itself. */
import { describeDifference, eventRecord, start, type Host } from '@espalier/supervisor';
import type { Mail, Totals } from './mail.js';
import { readSpec, type Settings } from './spec.js';
import type { Applied, Order, Tree } from './tree.js';

type Queue = typeof import('./queue.js');
type Store = typeof import('./store.js');

const SPEC = 'jobs';

export class LocalTree implements Tree {
  readonly host: Host;
  readonly #journal: string;

  private constructor(host: Host, journal: string) {
    this.host = host;
    this.#journal = journal;
  }

  static async start({ journal, settings, onEvent }: Order): Promise<LocalTree> {
    const { spec, base } = await readSpec(SPEC, journal, settings);
    const host = await start(spec, {
      base: new URL(base),
      onEvent: (event) => onEvent(eventRecord(event)),
    });
    return new LocalTree(host, journal);
  }

  submit(mail: Mail): Promise<void> {
    return this.host.ref<Queue>('queue').call.submit(mail);
  }

  totals(): Promise<Totals> {
    return this.host.ref<Store>('store').call.totals();
  }

  async startWorker(): Promise<void> {
    await this.host.startChild('jobs/workers');
  }

  kill(path: string): Promise<void> {
    return this.host.kill(path);
  }

  async apply(settings: Settings, check: boolean): Promise<Applied> {
    const { spec } = await readSpec(SPEC, this.#journal, settings);
    const { difference } = await this.host.apply(spec, { check });
    return { changes: difference.changes, description: describeDifference(difference) };
  }

  async stop(): Promise<void> {
    await this.host.stop();
  }
}
