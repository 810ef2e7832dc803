/**
 * An environment beside another one, in the same thread, as the wall sees it: a control link. It ends when that does, or
 * with the thread. Told to end, the thread lets go of it at its next turn and nothing else; where the thread does not
 * turn it is cut off, and what holds the thread up is seen at the environment that it was started for.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../clock.js';
import type { WallEnd, WallThread } from '../kernel/wall.js';
import { PortLink } from './port-link.js';

const ENDED: WallEnd = { kind: 'unexplained', exitCode: 0 };
/** How long after the end of the link the end of the whole thread may be told, which explains it. */
const EXPLAINED_WITHIN_MS = 250;

export interface ThreadGuestSetup {
  /** The one that the thread was started for. */
  readonly thread: WallThread;
  readonly control: MessagePort;
  /** Has the thread let go of it. */
  readonly letGo: () => void;
  readonly clock: Clock;
  readonly violation: (problem: string) => void;
}

export class ThreadGuest implements WallThread {
  readonly link: PortLink;
  readonly #thread: WallThread;
  readonly #letGo: () => void;
  #isToEnd = false;
  #cancelWait: (() => void) | undefined;
  #hasEnded = false;
  #observer: ((end: WallEnd) => void) | undefined;

  constructor({ thread, control, clock, violation, letGo }: ThreadGuestSetup) {
    this.#thread = thread;
    this.#letGo = letGo;
    const ended = (): void => {
      if (this.#isToEnd) return this.#end();
      this.#cancelWait = clock.after(EXPLAINED_WITHIN_MS, () => this.#end());
    };
    this.link = new PortLink(control, { violation, ended });
    this.link.unref();
  }

  beside(): WallThread | undefined {
    return this.#thread.beside?.();
  }

  onEnd(observer: (end: WallEnd) => void): void {
    this.#observer = observer;
  }

  isWaiting(): boolean {
    return this.#thread.isWaiting();
  }

  terminate(): void {
    this.#isToEnd = true;
    // It has ended with its thread, or by itself.
    if (this.#cancelWait !== undefined) this.#end();
    else this.#letGo();
  }

  markStuck(): void {
    this.link.close();
    this.#end();
  }

  /** Told like any other end: not before the kernel has done what it is at. */
  #end(): void {
    this.#cancelWait?.();
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    queueMicrotask(() => this.#observer?.(ENDED));
  }
}
