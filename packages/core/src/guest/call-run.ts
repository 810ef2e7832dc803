/**
 * The caller's side of a run (protocol/run.ts). A context has it, but does not offer it to everybody: it is for drivers
 * that hand on what others have sent, where each message is to be done before the next one is begun.
 */
import { CallError } from '../errors.js';
import { isRunAnswer, type RunCall } from '../protocol/run.js';
import type { Destination } from './context.js';
import { failureOf } from './operation-frames.js';

export interface RunOptions {
  /** Of the own clock, milliseconds: nothing of the run is begun from then on. `Infinity`: whenever it comes to it. */
  readonly deadline: number;
  /**
   * Aborted: nothing more is begun, and what is in hand is cancelled. Whoever handles the run says how far he came, and that is
   * waited for.
   */
  readonly signal: AbortSignal;
  /** Is told at once how the deadline is moved. */
  readonly underWay?: (run: RunUnderWay) => void;
}

/** Nothing of it has any effect on a run that is over. */
export interface RunUnderWay {
  /** To a later one; what has not left yet keeps the first one. */
  prolong(deadline: number): void;
  /** It has come. What is in hand goes on, and is waited for. */
  beginNoMore(): void;
}

export interface RunOutcome {
  /** So many calls, from the first one on, were replied to. */
  readonly handled: number;
  /** Why the next one was not. Undefined: it was not begun, or was in hand when `signal` was aborted. */
  readonly failure: CallError | undefined;
}

export interface RunCaller {
  /**
   * Calls a server so often, each time when the call before was replied to, but without waiting for the replies here.
   * Rejects with `CallError` where nothing of it was begun (`noproc`, `full`, `too_large`, `value_refused`, `cancelled`),
   * and with one that has a `reason`, or is `down` or `refused`, where it is not known how far it came.
   */
  callRun(target: Destination, calls: readonly RunCall[], options: RunOptions): Promise<RunOutcome>;
}

export function outcomeOf(answer: unknown, calls: number): RunOutcome {
  if (!isRunAnswer(answer, calls))
    throw new CallError('refused', 'the answer to a run of calls is malformed');
  const [handled, ...failure] = answer;
  if (failure.length === 0) return { handled, failure: undefined };
  const [code, message] = failure;
  return { handled, failure: code === 'down' ? new CallError(code, message) : failureOf(failure) };
}
