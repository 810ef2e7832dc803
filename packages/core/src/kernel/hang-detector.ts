/**
 * A hang is a failure: an environment with `unresponsiveMs` is looked at now and then. If its event loop is
 * not seen waiting it is asked something, answers on its loop, and is ended if it does not.
 *
 * Invariants:
 * - one that rests is sent nothing: to wake an idle thread costs a thousand times as much as to look at it;
 * - at most one question to a guest is open, so one that cannot answer costs nothing more;
 * - the boot notice lies behind the first question: guest code runs only after the first answer has left,
 *   and how long the start of its thread takes is never held against it;
 * - only time in which the kernel's own loop turned is held against a guest. It is counted in steps, and a
 *   step that comes late does not count: the machine was suspended, or the kernel itself held up;
 * - the kernel's loop turns once more before the verdict: an answer that has arrived is read first.
 */
import type { Environment } from './environment.js';
import type { KernelOptions } from './parts.js';

const STEPS = 8;

export class HangDetector {
  readonly #kernel: KernelOptions;
  readonly #hangs: (environment: Environment) => void;
  /** Cancels what each waits for: the next look, or the next step of the time that it has to answer. */
  readonly #waits = new Map<Environment, () => void>();

  constructor(kernel: KernelOptions, hangs: (environment: Environment) => void) {
    this.#kernel = kernel;
    this.#hangs = hangs;
  }

  /** Call before its boot notice is sent. */
  watch(environment: Environment): void {
    if (this.#limit(environment) === Infinity) return;
    this.#ask(environment);
    // In a batch of its own: what a guest says while it reads a batch leaves when it has read all of it.
    environment.guest.channel.flush();
  }

  /** Its limit is another now. */
  changed(environment: Environment): void {
    this.forget(environment);
    if (environment.wasReady) this.#rest(environment);
    else this.watch(environment);
  }

  forget(environment: Environment): void {
    this.#waits.get(environment)?.();
    this.#waits.delete(environment);
  }

  #limit({ path, spec, guest }: Environment): number {
    const given =
      guest.role === 'cell' ? undefined : this.#kernel.unresponsiveMs?.(path, spec.unresponsiveMs);
    const ms = given ?? spec.unresponsiveMs;
    return ms === 'infinity' ? Infinity : ms;
  }

  #ask(environment: Environment): void {
    // Any inspection would do; this one runs no guest code, and its answer is small.
    environment.guest.inspect(environment.slot, 'statistics', () => {
      if (environment.alive) this.#rest(environment);
    });
  }

  #rest(environment: Environment): void {
    const unresponsiveMs = this.#limit(environment);
    const restMs = unresponsiveMs / 2;
    if (restMs === Infinity) return;
    // In step: for a thousand of them the kernel wakes up once.
    this.#wait(environment, restMs - (this.#kernel.clock.now() % restMs), () => {
      if (environment.thread?.isWaiting() === true) return this.#rest(environment);
      this.#ask(environment);
      this.#count(environment, unresponsiveMs / STEPS, STEPS);
    });
  }

  #count(environment: Environment, stepMs: number, left: number): void {
    const { clock } = this.#kernel;
    const late = clock.now() + 2 * stepMs;
    this.#wait(environment, stepMs, () => {
      const stepsLeft = clock.now() > late ? left : left - 1;
      if (stepsLeft > 0) this.#count(environment, stepMs, stepsLeft);
      else this.#judge(environment);
    });
  }

  #judge(environment: Environment): void {
    const waited = this.#waits.get(environment);
    this.#kernel.nextTurn(() => {
      if (this.#waits.get(environment) === waited) this.#hangs(environment);
    });
  }

  /** Instead of what it has waited for until now. */
  #wait(environment: Environment, delayMs: number, then: () => void): void {
    this.#waits.get(environment)?.();
    this.#waits.set(environment, this.#kernel.clock.after(delayMs, then));
  }
}
