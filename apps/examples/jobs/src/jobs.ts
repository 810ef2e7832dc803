/** The job queue as an application uses it: starts the tree, keeps its workers at full strength, submits, re-applies. */
import { setTimeout } from 'node:timers/promises';
import { CallError, EspalierError } from '@espalier/core';
import type { EventRecord } from '@espalier/supervisor';
import { LocalTree } from './local-tree.js';
import type { Mail, Totals } from './mail.js';
import type { Settings } from './spec.js';
import type { Applied, StartTree, Tree } from './tree.js';

export interface JobsOptions extends Settings {
  /** Path of the file that outlives all. */
  readonly journal: string;
  readonly onEvent?: (record: EventRecord) => void;
  /** Where the tree is to run. In a process beside this one by default. */
  readonly start?: StartTree;
}

const POLL_MS = 20;
/** There are enough of them, or they are stopped, and started afresh later. */
const NO_MORE = new Set<string>([
  'max_children',
  'noproc',
  'shutdown',
  'start_failed',
  'host_stopped',
  'daemon_unreachable',
]);

export class Jobs {
  readonly tree: Tree;

  private constructor(tree: Tree) {
    this.tree = tree;
  }

  static async open({ journal, onEvent, start, ...settings }: JobsOptions): Promise<Jobs> {
    let hire = async (): Promise<void> => undefined;
    const tree = await (start ?? LocalTree.start)({
      journal,
      settings,
      onEvent: (record) => {
        onEvent?.(record);
        // Children that were added belong to one life of their supervisor: the next one begins without.
        if (record.path !== 'jobs/workers') return;
        if (record.event === 'started' || record.event === 'restarted') void hire();
      },
    });
    const jobs = new Jobs(tree);
    hire = () => jobs.#hire();
    try {
      await hire();
      return jobs;
    } catch (error) {
      // Nobody else has it.
      await tree.stop();
      throw error;
    }
  }

  /** Resolves when the mail is on disk, whatever is restarted meanwhile. */
  submit(mail: Mail): Promise<void> {
    return again(() => this.tree.submit(mail));
  }

  totals(): Promise<Totals> {
    return again(() => this.tree.totals());
  }

  /** Resolves when the totals are such. */
  async until(are: (totals: Totals) => boolean): Promise<Totals> {
    for (;;) {
      const totals = await this.totals();
      if (are(totals)) return totals;
      await setTimeout(POLL_MS);
    }
  }

  /** What is different from the tree that runs. */
  check(settings: Settings): Promise<Applied> {
    return this.tree.apply(settings, true);
  }

  /** Resolves when the tree runs with these settings; if it cannot, all is as before. */
  async apply(settings: Settings): Promise<Applied> {
    const applied = await this.tree.apply(settings, false);
    await this.#hire();
    return applied;
  }

  async close(): Promise<void> {
    await this.tree.stop();
  }

  async #hire(): Promise<void> {
    try {
      for (;;) await this.tree.startWorker();
    } catch (error) {
      if (!(error instanceof EspalierError) || !NO_MORE.has((error as EspalierError).code)) throw error;
    }
  }
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
