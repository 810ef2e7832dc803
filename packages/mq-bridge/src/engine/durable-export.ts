/**
 * A durable mailbox with one holder: this host, as long as it takes from the queue. A message is acknowledged when it
 * was handled, and that is when the server has replied: so it reaches the server as a call, whose last argument
 * says which message it is and whether it may have been handled before. One at a time, in order.
 *
 *   handling ──reply──► next
 *      │  ├─ refused, or the server ended by it ──► again after a pause ──(`attempts` times)──► dead letter ──► next
 *      └──┴─ nobody has the name ──► again, as often as it takes
 *
 * What was in vain is written into the mailbox's journal, and what may be the end of this host before it is begun: the
 * next holder goes on counting.
 */
import type { CallError } from '@espalier/core';
import type { Clock } from '@espalier/core/internal/bridge.js';
import type { Hold } from '../transport/transport.js';
import type { Item } from '../wire/frames.js';
import type { ReceivedFrame } from './intake.js';
import { codeOf, type LocalSide } from './local-side.js';

/** The last argument of each handling. */
export interface DurableDelivery {
  /** The same each time that this message comes. */
  readonly id: string;
  /**
   * The broker says that it has handed the message out before, to this host or another, or a handling of it was in vain
   * here. A hint: one that was waiting behind others says so, too; and false is no proof. A copy that was sent again, for
   * its sender had lost the connection before it was confirmed, comes to a later holder as if for the first time.
   * By its `id` it is known.
   */
  readonly again: boolean;
  /**
   * Greater in each term of a holder than in all terms before. A store that refuses what has a smaller one than it
   * has seen is safe from a holder that was cut off and does not know it yet. Undefined where there are many holders.
   */
  readonly fence: number | undefined;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;
/** A plain value is a call of this operation. */
const MESSAGE = 'message';

type Handled = Item & { readonly kind: 'message' | 'cast' };

interface Circumstances {
  readonly id: string;
  readonly again: boolean;
  readonly isSuspect: boolean;
  readonly hold: Hold;
}

export interface DurableExportOptions {
  readonly name: string;
  readonly to: string;
  /** Handlings in vain before a message becomes a dead letter. */
  readonly attempts: number;
  readonly local: LocalSide;
  readonly clock: Clock;
  /** Resolves when the broker has it. */
  readonly deadLetter: (item: Item) => Promise<void>;
  readonly poison: (id: string) => void;
}

export class DurableExport {
  readonly #options: DurableExportOptions;
  readonly #stop = new AbortController();

  constructor(options: DurableExportOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#stop.abort();
  }

  /** False: this host is not, or no more, the one to handle it. */
  readonly handle = async ({ stream, seq, items, again, hold }: ReceivedFrame): Promise<boolean> => {
    if (hold === undefined) return false;
    const frame = `${stream}/${String(seq)}`;
    // Where a frame is one message there is no doubt which one was in hand.
    const isSuspect = again && (items.length === 1 || hold.isSuspect(frame));
    if (again && !isSuspect && !(await hold.note('suspect', frame))) return false;
    for (const [index, item] of items.entries()) {
      if (item.kind !== 'message' && item.kind !== 'cast') continue;
      const id = `${frame}/${String(index)}`;
      if (!(await this.#handle(item, { id, again, isSuspect, hold }))) return false;
    }
    return true;
  };

  async #handle(item: Handled, { id, again, isSuspect, hold }: Circumstances): Promise<boolean> {
    const { attempts, clock, deadLetter, poison } = this.#options;
    let pauseMs = FIRST_PAUSE_MS;
    let isToNote = isSuspect;
    let isNoted = false;
    for (let failed = hold.attempts(id); failed < attempts;) {
      if (isToNote && !isNoted && !this.#isOver(hold)) {
        if (!(await hold.note('begun', id))) return false;
        isNoted = true;
        // Others may have written meanwhile.
        failed = hold.attempts(id);
        continue;
      }
      if (this.#isOver(hold)) {
        if (isNoted) void hold.note('left', id);
        return false;
      }
      const outcome = await this.#try(item, { id, again: again || failed > 0, fence: hold.fence });
      if (outcome === 'handled') return true;
      if (outcome === 'failed') {
        failed++;
        // Unwritten it counts here, and nowhere else.
        void hold.note('failed', id);
        isToNote = true;
        isNoted = false;
      }
      await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
    if (this.#isOver(hold)) return false;
    poison(id);
    await deadLetter(item);
    return true;
  }

  #isOver(hold: Hold): boolean {
    return this.#stop.signal.aborted || !hold.isHeld;
  }

  async #try(item: Handled, delivery: DurableDelivery): Promise<'handled' | 'failed' | 'absent'> {
    const { local, to } = this.#options;
    const [operation, parameters] =
      item.kind === 'message' ? [MESSAGE, [item.value]] : [item.operation, item.parameters];
    try {
      const options = { timeoutMs: Infinity, signal: this.#stop.signal };
      await local.call(to, operation, [...parameters, delivery], options);
      return 'handled';
    } catch (error) {
      const code = codeOf(error) as CallError['code'] | undefined;
      return code === 'noproc' || code === 'full' || code === 'cancelled' ? 'absent' : 'failed';
    }
  }
}
