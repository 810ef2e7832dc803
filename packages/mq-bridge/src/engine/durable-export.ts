/**
 * A durable mailbox with one holder: this host, as long as it takes from the queue. A message is acknowledged when it
 * was handled, and that is when the server has replied: so it reaches the server as a call, whose last argument
 * says which message it is and whether it may have been handled before. One at a time, in order.
 *
 * It is handed over as a run (core's guest/incoming-run.ts): the server's thread looks at the end of this host's lease when it takes
 * the message out of the mailbox, and begins none after it. While the lease is renewed, so is what waits there.
 *
 *   handling ──reply──► next
 *      │  ├─ refused, or the server ended by it ──► again after a pause ──(`attempts` times)──► dead letter ──► next
 *      └──┴─ nobody has the name ──► again, as often as it takes
 *
 * What comes for the first time is handed over a frame at a time: the server's thread takes the next message when the last one
 * was replied to. The answer says how many were handled, and of which one the handling failed; that is tried again as above. If there is none,
 * because thread or process were killed, the whole run is in doubt: it comes again, singly and marked.
 *
 * What was in vain is written into the mailbox's journal, and what may be the end of this host before it is begun: the
 * next holder goes on counting.
 */
import type { CallError } from '@espalier/core';
import type { Clock, RunCall, RunOutcome, RunUnderWay } from '@espalier/core/internal/bridge.js';
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

/** Messages that are handed over together at most: as many as come again after a crash. */
const MAX_RUN = 128;

type Handled = Item & { readonly kind: 'message' | 'cast' };

interface Due {
  readonly item: Handled;
  readonly id: string;
}

type Outcome = 'handled' | 'failed' | 'absent';

interface Progress {
  readonly handled: number;
  /**
   * What became of the next one, or of the rest: `left` was not begun; `singly` is what must be handed over; of `in doubt`
   * nobody knows how much was handled.
   */
  readonly end: Outcome | 'left' | 'singly' | 'in doubt';
}

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
  #underWay: RunUnderWay | undefined;

  constructor(options: DurableExportOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#stop.abort();
  }

  /** What was handed over is not begun any more. Of the one in hand the end is waited for: whether it has to come again. */
  interrupt(): void {
    this.#underWay?.beginNoMore();
  }

  /** It is known how far what was handed over has come. */
  get isQuiet(): boolean {
    return this.#underWay === undefined;
  }

  /** False: this host is not, or no more, the one to handle it. */
  readonly handle = async ({ stream, seq, items, again, hold }: ReceivedFrame): Promise<boolean> => {
    if (hold === undefined) return false;
    const frame = `${stream}/${String(seq)}`;
    // Where a frame is one message there is no doubt which one was in hand.
    const isSuspect = again && (items.length === 1 || hold.isSuspect(frame));
    if (again && !isSuspect && !(await hold.note('suspect', frame))) return false;
    const due = items.flatMap((item, index) => dueOf(item, `${frame}/${String(index)}`));
    // What is before may have been handled before; what is before goes one by one.
    let doubtful = again ? due.length : 0;
    let single = doubtful;
    for (let at = 0; at < due.length;) {
      let outcome: Outcome | undefined;
      const run = at < single ? [] : firstTries(due, at, hold);
      if (run.length > 1) {
        if (this.#isOver(hold)) return false;
        const { handled, end } = await this.#tryRun(run, hold);
        if (end === 'singly' || end === 'in doubt') single = at + run.length;
        if (end === 'in doubt') doubtful = single;
        at += handled;
        if (end === 'failed' || end === 'absent') outcome = end;
        else if (end === 'in doubt') outcome = 'absent';
        else if (end === 'left' && handled > 0) continue;
      }
      const { item, id } = due[at] as Due;
      if (!(await this.#handle(item, { id, again: at < doubtful, isSuspect, hold }, outcome))) return false;
      at++;
    }
    return true;
  };

  /** `outcome`: of a first try, as one of a run. */
  async #handle(item: Handled, circumstances: Circumstances, outcome?: Outcome): Promise<boolean> {
    const { id, again, isSuspect, hold } = circumstances;
    const { attempts, clock, deadLetter, poison } = this.#options;
    let pauseMs = FIRST_PAUSE_MS;
    let isToNote = isSuspect;
    let isNoted = false;
    let tried = outcome;
    for (let failed = hold.attempts(id); failed < attempts;) {
      if (tried === undefined) {
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
        tried = await this.#try(item, { id, again: again || failed > 0, fence: hold.fence }, hold);
      }
      if (tried === 'handled') return true;
      if (tried === 'failed') {
        failed++;
        // Unwritten it counts here, and nowhere else.
        void hold.note('failed', id);
        isToNote = true;
        isNoted = false;
      }
      tried = undefined;
      if (this.#isOver(hold)) continue;
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

  async #try(item: Handled, delivery: DurableDelivery, hold: Hold): Promise<Outcome> {
    try {
      const { handled, failure } = await this.#run([callOf(item, delivery)], hold);
      if (handled === 1) return 'handled';
      return failure === undefined ? 'absent' : failureOf(failure);
    } catch (error) {
      return failureOf(error);
    }
  }

  async #tryRun(run: readonly Due[], hold: Hold): Promise<Progress> {
    const { fence } = hold;
    try {
      const calls = run.map(({ item, id }) => callOf(item, { id, again: false, fence }));
      const { handled, failure } = await this.#run(calls, hold);
      return { handled, end: failure === undefined ? 'left' : failureOf(failure) };
    } catch (error) {
      const code = codeOf(error);
      if (code === 'too_large' || code === 'value_refused') return { handled: 0, end: 'singly' };
      return { handled: 0, end: failureOf(error) === 'absent' ? 'absent' : 'in doubt' };
    }
  }

  async #run(calls: readonly RunCall[], hold: Hold): Promise<RunOutcome> {
    const { local, to } = this.#options;
    const { signal } = this.#stop;
    const underWay = (run: RunUnderWay): void => void (this.#underWay = run);
    const unfollow = hold.follow((until) => this.#underWay?.prolong(until));
    try {
      return await local.run(to, calls, { deadline: hold.until, signal, underWay });
    } finally {
      unfollow();
      this.#underWay = undefined;
    }
  }
}

function dueOf(item: Item, id: string): readonly Due[] {
  return item.kind === 'message' || item.kind === 'cast' ? [{ item, id }] : [];
}

/** From there on what was never in vain. */
function firstTries(due: readonly Due[], from: number, hold: Hold): readonly Due[] {
  let end = from;
  while (end < due.length && end - from < MAX_RUN && hold.attempts((due[end] as Due).id) === 0) end++;
  return due.slice(from, end);
}

function callOf(item: Handled, delivery: DurableDelivery): RunCall {
  return item.kind === 'message'
    ? [MESSAGE, item.value, delivery]
    : [item.operation, ...item.parameters, delivery];
}

function failureOf(error: unknown): 'failed' | 'absent' {
  const code = codeOf(error) as CallError['code'] | undefined;
  // With a reason somebody was there, and has ended.
  const isNobody = code === 'noproc' && (error as CallError).reason === undefined;
  return isNobody || code === 'full' || code === 'cancelled' ? 'absent' : 'failed';
}
