/**
 * What a thread is given of time and of ways to other threads. Usually they are Node's own; under the test
 * clock (test-clock/test-time.ts) they are those that it sees.
 */
import type { Link, LinkMaker, LinkOpener } from '../channel/link.js';
import type { Clock, Random } from '../clock.js';
import { nodeClock } from './node-clock.js';
import { portLinks } from './port-link.js';
import type { KernelTicket } from './test-clock/tickets.js';
import type { ThreadStarter } from './wall-messages.js';

export interface ThreadTime {
  readonly clock: Clock;
  readonly links: LinkMaker & LinkOpener;
  /** The thread's own end of its control link. */
  control(link: Link): Link;
  /** Work that only its end shows. */
  during<T>(work: Promise<T>): Promise<T>;
}

/** For the two threads that speak to each other over a worker's own port, too. */
interface SpeakingTime extends ThreadTime {
  /** What posts a message at the other thread. */
  saying<M>(post: (message: M) => void): (message: M) => void;
  /** What handles a message of the other thread. */
  hearing<M>(handle: (message: M) => void): (message: M) => void;
}

export interface ApplicationTime extends SpeakingTime {
  /** For the kernel that is about to be started. */
  readonly kernel: KernelTicket | undefined;
  /** Work that must come to its end, however much time that takes: under a test clock it passes at once. */
  passing<T>(work: Promise<T>): Promise<T>;
  /** The kernel's thread has ended, or is given up. */
  over(): void;
}

export interface KernelTime extends SpeakingTime {
  /** For what depends on the machine and not on the tree: never virtual. */
  readonly realClock: Clock;
  readonly random: Random;
  wall(threads: ThreadStarter): ThreadStarter;
  /** Everything that it has to open is open. */
  running(): void;
  /** Its thread is about to end. */
  ending(): void;
}

export function realTime(): ApplicationTime & KernelTime {
  const nothing = (): void => undefined;
  const clock = nodeClock();
  return {
    clock,
    realClock: clock,
    random: { next: Math.random },
    links: portLinks,
    kernel: undefined,
    control: same,
    saying: same,
    hearing: same,
    during: same,
    passing: same,
    wall: same,
    running: nothing,
    ending: nothing,
    over: nothing,
  };
}

function same<T>(given: T): T {
  return given;
}
