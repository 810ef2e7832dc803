/**
 * In the kernel's thread: the process of an early cell, which another thread of this process has started and hears of.
 * Should that one be blocked, the process is seen to have ended all the same: nobody has waited for it then, so
 * it is still in the system's table, with how it ended.
 */
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import type { Clock } from '../clock.js';
import { shownNumber } from '../threads/proc-numbers.js';
import type { EarlyOffer, FromStarter, ToStarter } from './early-cell.js';
import { signalName } from './exit-signal.js';

const LOOK_EVERY_MS = 20;
const SAID_WITHIN_MS = 500;
/** Of what follows the name of a process in its `stat`: whether it has ended, and how. */
const STATE = 0;
const EXIT_CODE = 49;
const SIGNAL_BITS = 0x7f;

type TellExit = (exitCode: number | null, signal: NodeJS.Signals | null) => void;

export class EarlyChild {
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly #offer: EarlyOffer;
  readonly #clock: Clock;
  #exited: TellExit | undefined;
  #looking = false;

  /** `exited` is called once. */
  constructor(offer: EarlyOffer, clock: Clock, exited: TellExit) {
    this.#offer = offer;
    this.#clock = clock;
    this.#exited = exited;
    this.pid = offer.pid;
    const { port } = offer;
    const printed = (stream: ToStarter['stream']): Readable =>
      new Readable({ read: () => port.postMessage({ tag: 'more', stream } satisfies ToStarter) });
    this.stdout = printed('stdout');
    this.stderr = printed('stderr');
    port.on('message', (message: FromStarter) => {
      if (message.tag === 'exit') this.#end(message.exitCode, message.signal);
      else if (!this[message.stream].destroyed) this[message.stream].push(message.chunk);
    });
    // As long as the starter's thread runs, it closes last.
    port.on('close', () => this.expectEnd());
  }

  unref(): void {
    this.#offer.port.unref();
  }

  /** It was killed, or has closed its pipe: from now on it is looked after. */
  expectEnd(): void {
    if (this.#looking || this.#exited === undefined) return;
    this.#looking = true;
    this.#clock.after(LOOK_EVERY_MS, this.#look);
  }

  readonly #look = (): void => {
    if (this.#exited === undefined) return;
    const stat = statOf(shownNumber(this.pid));
    if (stat === undefined) {
      // The other thread has waited for it: it is about to say so, or has ended itself.
      this.#clock.after(SAID_WITHIN_MS, () => this.#end(null, null));
      return;
    }
    if (stat[STATE] !== 'Z') {
      this.#clock.after(LOOK_EVERY_MS, this.#look);
      return;
    }
    const status = Number(stat[EXIT_CODE]);
    const signal = status & SIGNAL_BITS;
    if (signal === 0) this.#end(status >> 8, null);
    else this.#end(null, signalName(signal));
  };

  #end(exitCode: number | null, signal: NodeJS.Signals | null): void {
    const exited = this.#exited;
    this.#exited = undefined;
    this.#offer.port.close();
    exited?.(exitCode, signal);
  }
}

function statOf(pid: number | undefined): string[] | undefined {
  if (pid === undefined) return undefined;
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
