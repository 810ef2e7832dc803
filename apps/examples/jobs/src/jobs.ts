/** The job queue as an application uses it: starts the tree, keeps its workers at full strength, submits, re-applies. */
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CallError, EspalierError } from '@espalier/core';
import {
  readSpecFile,
  start,
  type ApplyOptions,
  type ApplyResult,
  type Host,
  type TreeEvent,
  type TreeSpec,
} from '@espalier/supervisor';
import type { Mail, Totals } from './mail.js';

type Queue = typeof import('./queue.js');
type Store = typeof import('./store.js');

/** What of the spec may be different from the file's. */
export interface Settings {
  readonly workers?: number;
  readonly tries?: number;
  readonly mailsPerConnection?: number;
}

export interface JobsOptions extends Settings {
  /** Path of the file that outlives all. */
  readonly journal: string;
  readonly onEvent?: (event: TreeEvent) => void;
}

const SPEC = fileURLToPath(new URL('../jobs.espalier.yaml', import.meta.url));
const POLL_MS = 20;
/** There are enough of them, or they are stopped, and started afresh later. */
const NO_MORE = new Set<string>(['max_children', 'noproc', 'shutdown', 'start_failed', 'host_stopped']);

export class Jobs {
  readonly host: Host;
  readonly #journal: string;

  private constructor(host: Host, journal: string) {
    this.host = host;
    this.#journal = journal;
  }

  static async open({ journal, onEvent, ...settings }: JobsOptions): Promise<Jobs> {
    const { spec, base } = await read(journal, settings);
    const host = await start(spec, { base, ...(onEvent === undefined ? {} : { onEvent }) });
    const jobs = new Jobs(host, journal);
    // Children that were added belong to one life of their supervisor: the next one begins without.
    host.onEvent((event) => {
      if (event.kind !== 'supervision' || event.path !== 'jobs' || event.event.id !== 'workers') return;
      if (event.event.kind === 'started' || event.event.kind === 'restarted') void jobs.#hire();
    });
    await jobs.#hire();
    return jobs;
  }

  /** Resolves when the mail is on disk, whatever is restarted meanwhile. */
  submit(mail: Mail): Promise<void> {
    return again(() => this.host.ref<Queue>('queue').call.submit(mail));
  }

  totals(): Promise<Totals> {
    return again(() => this.host.ref<Store>('store').call.totals());
  }

  /** Resolves when the totals are such. */
  async until(are: (totals: Totals) => boolean): Promise<Totals> {
    for (;;) {
      const totals = await this.totals();
      if (are(totals)) return totals;
      await setTimeout(POLL_MS);
    }
  }

  /** As `Host.apply`. */
  async apply(settings: Settings, options?: ApplyOptions): Promise<ApplyResult> {
    const result = await this.host.apply((await read(this.#journal, settings)).spec, options);
    await this.#hire();
    return result;
  }

  async close(): Promise<void> {
    await this.host.stop();
  }

  async #hire(): Promise<void> {
    try {
      for (;;) await this.host.startChild('jobs/workers');
    } catch (error) {
      if (!(error instanceof EspalierError) || !NO_MORE.has((error as EspalierError).code)) throw error;
    }
  }
}

async function read(journal: string, settings: Settings): Promise<{ spec: TreeSpec; base: URL }> {
  const { input, base } = await readSpecFile(SPEC);
  const spec = input as { children: { id: string; args: object; maxChildren: number }[] };
  const { workers, tries, mailsPerConnection } = settings;
  for (const child of spec.children) {
    if (child.id === 'store') child.args = { file: journal };
    if (child.id === 'queue' && tries !== undefined) child.args = { tries };
    if (child.id === 'workers' && workers !== undefined) child.maxChildren = workers;
    if (child.id === 'gateway' && mailsPerConnection !== undefined)
      child.args = { ...child.args, mailsPerConnection };
  }
  return { spec: spec as unknown as TreeSpec, base: new URL(base) };
}

/** One that ended before it answered may have done it: what is called must bear being called again. */
async function again<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof CallError && error.code === 'down')) throw error;
    }
  }
}
