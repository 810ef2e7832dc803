/** Every queue that this host takes from. */
import type { Clock } from '@espalier/core/internal/bridge.js';
import type { QueueTerms, Transport } from '../transport/transport.js';
import type { Refusal } from '../trust/refusals.js';
import type { Opener } from './trust.js';
import { Intake, type HandleFrame } from './intake.js';
import type { BridgeEvent } from './local-side.js';

export interface IntakesOptions {
  readonly patienceMs: number;
  /** The largest body that is taken, where a source does not say. */
  readonly bodyBytes: number;
  readonly clock: Clock;
  readonly transport: () => Transport;
  /** Whether who sends that stream is there. */
  readonly awaited: (stream: string) => boolean;
  readonly dropped: (why: Refusal) => void;
  readonly onEvent: (event: BridgeEvent) => void;
}

export interface Source {
  readonly queue: string;
  /** As what is lost there is told. */
  readonly target: string;
  readonly terms: QueueTerms;
  readonly open: Opener;
  readonly handle: HandleFrame;
  /** Of a durable queue. */
  readonly journal?: string;
  /** Of a durable queue: where what cannot be taken goes, as it came. */
  readonly deadLetters?: string;
  /** Called at the first frame of each term of ours. */
  readonly held?: (fence: number) => void;
  /** The largest body that is taken from it. */
  readonly bodyBytes?: number;
}

/** More than a window of frames from each of some senders; and a frame holds at most 128 messages or 16 kB, or one. */
const PREFETCH = 128;
/** What one holder of many has in hand the others cannot take. */
const SHARED_PREFETCH = 2;

export class Intakes {
  readonly #options: IntakesOptions;
  readonly #intakes = new Map<string, Intake>();
  /** Queues that are being removed. */
  readonly #dropping = new Set<Promise<void>>();

  constructor(options: IntakesOptions) {
    this.#options = options;
  }

  /** Resolves when it is in place, or will be with the next connection. */
  take({
    queue,
    target,
    terms,
    open,
    handle,
    journal,
    deadLetters,
    held = nothing,
    bodyBytes,
  }: Source): Promise<void> {
    const { transport, onEvent, ...rest } = this.#options;
    const isShared = terms.durable && terms.singleActive !== true;
    const intake = new Intake({
      ...rest,
      bodyBytes: bodyBytes ?? rest.bodyBytes,
      queue,
      terms,
      open,
      handle,
      isShared,
      prefetch: isShared ? SHARED_PREFETCH : PREFETCH,
      transport: transport(),
      journal,
      deadLetters,
      held,
      undelivered: (count) => onEvent({ kind: 'undelivered', target, count }),
      missing: (frames) => onEvent({ kind: 'missing', target, frames }),
      late: () => onEvent({ kind: 'late', target }),
    });
    this.#intakes.set(queue, intake);
    return intake.open();
  }

  /** Takes no more from it, and removes it. */
  async drop(queue: string): Promise<void> {
    const intake = this.#intakes.get(queue);
    if (intake === undefined) return;
    this.#intakes.delete(queue);
    const dropping = intake.close();
    this.#dropping.add(dropping);
    await dropping.finally(() => this.#dropping.delete(dropping));
  }

  disconnected(): void {
    for (const intake of this.#intakes.values()) intake.disconnected();
  }

  /** All of them; what is durable stays in the broker. */
  async close(): Promise<void> {
    for (const intake of this.#intakes.values()) await intake.close();
    await Promise.allSettled(this.#dropping);
  }
}

function nothing(): void {
  // A queue of our own is nobody else's.
}
