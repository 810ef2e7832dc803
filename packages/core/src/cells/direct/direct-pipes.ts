/**
 * In the application's thread: its ends of the direct pipes to cells. Who is at the other end is not believed:
 *
 * - each link is held to its account (accounted-link.ts);
 * - one that says on its control link that it has sent something holds up what the kernel says until that is here,
 *   so it has to come at once.
 *
 * Who breaks that loses the pipe at once, and the kernel's thread is told, to end it.
 */
import type { Link, LinkEnd, LinkOpener, Transfer } from '../../channel/link.js';
import type { Clock, NextTurn } from '../../clock.js';
import { AccountedLink } from './accounted-link.js';
import { readDirectEnd } from './direct-end.js';
import { Sent, type DirectPipe } from './direct-pipe.js';
import type { Fence } from './fenced-link.js';
import type { Mark } from './mark.js';

/** While something that was announced is missing, so long may nothing come. It leaves before it is announced. */
const STALLED_MS = 1_000;

export interface DirectPipesOptions {
  readonly clock: Clock;
  readonly nextTurn: NextTurn;
  /** It has ended. `problem`: what its cell did that it must not, for people. */
  readonly over: (id: number, problem: string | undefined) => void;
}

/** What a pipe tells of itself, once each. */
export interface PipeEvents {
  violation(problem: string): void;
  ended(): void;
}

interface Side {
  readonly pipe: DirectPipe;
  readonly sent: Sent;
}

export class DirectPipes implements Fence {
  readonly #options: DirectPipesOptions;
  readonly #sides = new Map<number, Side>();

  constructor(options: DirectPipesOptions) {
    this.#options = options;
  }

  add(id: number, make: (events: PipeEvents) => DirectPipe): void {
    const { over } = this.#options;
    const pipe = make({ violation: (problem) => over(id, problem), ended: () => over(id, undefined) });
    this.#sides.set(id, { pipe, sent: new Sent(pipe) });
  }

  /** Opens what has come over the control link: of direct pipes, and others. */
  opener(others: LinkOpener): LinkOpener {
    return { open: (end) => (end instanceof AccountedLink ? end : others.open(end)) };
  }

  due(): readonly Mark[] {
    return [...this.#sides].flatMap(([id, { sent }]) => sent.due(id) ?? []);
  }

  reached({ pipe: id, frames }: Mark, goOn: () => void): boolean {
    const pipe = this.#sides.get(id)?.pipe;
    if (pipe === undefined) return true;
    if (frames === Infinity) {
      this.#sides.delete(id);
      pipe.finish();
    }
    let waits = true;
    const reached = pipe.whenRead(frames, () => {
      waits = false;
      goOn();
    });
    if (!reached && frames !== Infinity) this.#watch(id, pipe, () => waits);
    return reached;
  }

  taken(part: Transfer): Transfer {
    const end = readDirectEnd(part);
    if (end === undefined) return part;
    const pipe = this.#sides.get(end.pipe)?.pipe;
    const link: Link & LinkEnd = pipe?.take(end.link) ?? GONE;
    return new AccountedLink(link, (problem) => pipe !== undefined && this.#break(end.pipe, pipe, problem));
  }

  close(): void {
    for (const { pipe } of this.#sides.values()) pipe.close();
    this.#sides.clear();
  }

  #watch(id: number, pipe: DirectPipe, waits: () => boolean): void {
    const { clock, nextTurn } = this.#options;
    const before = pipe.bytesRead;
    clock.after(STALLED_MS, () => {
      // Timers come first: after a long turn what has arrived meanwhile is still unread.
      nextTurn(() => {
        if (!waits()) return;
        if (pipe.bytesRead > before) this.#watch(id, pipe, waits);
        else this.#break(id, pipe, 'it has announced messages that it did not send');
      });
    });
  }

  #break(id: number, pipe: DirectPipe, problem: string): void {
    pipe.close();
    this.#options.over(id, problem);
  }
}

/** A link of a pipe that is no more. */
const GONE: Link & LinkEnd = {
  send: () => undefined,
  receive: () => undefined,
  drain: () => undefined,
  close: () => undefined,
};
