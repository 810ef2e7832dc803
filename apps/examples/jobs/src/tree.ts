/** What the application needs of the tree, whether that runs beside it or on other hosts. */
import type { EventRecord } from '@espalier/supervisor';
import type { Mail, Totals } from './mail.js';
import type { Settings } from './spec.js';

export interface Tree {
  submit(mail: Mail): Promise<void>;
  totals(): Promise<Totals>;
  /** @throws SupervisionError `max_children`: there are enough. */
  startWorker(): Promise<void>;
  kill(path: string): Promise<void>;
  apply(settings: Settings, check: boolean): Promise<Applied>;
  stop(): Promise<void>;
}

export interface Applied {
  /** None: all is as it was. */
  readonly changes: readonly object[];
  /** As lines for people. */
  readonly description: string;
}

export interface Order {
  /** Path of the file that outlives all. */
  readonly journal: string;
  readonly settings: Settings;
  readonly onEvent: (record: EventRecord) => void;
}

export type StartTree = (order: Order) => Promise<Tree>;
