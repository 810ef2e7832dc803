/** What a guest runtime stands on, handed in: links, clock and the loading of behaviours. */
import type { Link, LinkOpener } from '../channel/link.js';
import type { AfterTurn, Clock, NextTurn } from '../clock.js';
import type { TextCodec } from '../values/index.js';
import type { Collector } from './address-table.js';
import type { Behaviour } from './behaviour.js';
import type { Loaded } from './services.js';

export interface RuntimeOptions {
  /** The control link to the kernel. */
  readonly control: Link;
  readonly links: LinkOpener;
  readonly clock: Clock;
  readonly afterTurn: AfterTurn;
  readonly nextTurn: NextTurn;
  readonly text: TextCodec;
  readonly collector: Collector;
  /** Makes the behaviour out of what the loader put into the spec. */
  readonly load: (boot: unknown) => Promise<Loaded>;
  /** Keeps a behaviour until `load` is called with what this gives; not where one thread holds one environment. */
  readonly beside?: ((behaviour: Behaviour) => unknown) | undefined;
  /** Takes a record of the log, or leaves it out and counts it; never waits. */
  readonly log: (record: string) => void;
  /** The last environment of the thread has ended, or the kernel is gone. */
  readonly idle: () => void;
  /** For the application's endpoint: what happens in the tree. */
  readonly event?: (event: unknown) => void;
}
