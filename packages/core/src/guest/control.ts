/** The guest's end of the control link: system calls with their answers. */
import type { Channel } from '../channel/channel.js';
import { FRAME } from '../channel/frames.js';
import { MAX_FRAME_BYTES } from '../channel/channel.js';
import { CallError, EnvironmentError, type EspalierError } from '../errors.js';
import type { ExitReason } from '../exit-reason.js';
import type { Answer, AnswerValue, WireReason } from '../protocol/notices.js';
import { CALL_WINDOW, type SystemCall } from '../protocol/system-calls.js';

type Asking = Extract<SystemCall, { readonly id: number }>;
type WithoutId<C> = C extends { readonly id: number } ? Omit<C, 'id'> : never;

export class Control {
  readonly #channel: Channel;
  readonly #reason: (reason: WireReason) => ExitReason;
  readonly #asked = new Map<
    number,
    { resolve: (value: AnswerValue) => void; reject: (error: EspalierError) => void; call: string }
  >();
  #last = 0;
  #credit = CALL_WINDOW;
  /** Calls that wait for the kernel to have read earlier ones: in this thread's memory, not in the kernel's. */
  #waiting: SystemCall[] = [];
  #drained: (() => void) | undefined;
  #isClosed = false;

  constructor(channel: Channel, reason: (reason: WireReason) => ExitReason) {
    this.#channel = channel;
    this.#reason = reason;
  }

  /** A call without an answer. */
  tell(call: SystemCall): void {
    if (this.#credit === 0) this.#waiting.push(call);
    else this.#send(call);
  }

  /** The kernel has read so many. */
  granted(calls: number): void {
    this.#credit += calls;
    const sent = Math.min(this.#credit, this.#waiting.length);
    for (let n = 0; n < sent; n++) this.#send(this.#waiting[n] as SystemCall);
    this.#waiting = this.#waiting.slice(sent);
    if (this.#waiting.length === 0) this.#drained?.();
  }

  /** Calls back once everything told so far has been sent: at once, as a rule. */
  whenSent(callback: () => void): void {
    if (this.#waiting.length === 0) callback();
    else this.#drained = callback;
  }

  #send(call: SystemCall): void {
    this.#credit -= 1;
    this.#channel.sendValue(FRAME.control, 0, 0, 0, call, MAX_FRAME_BYTES);
  }

  /**
   * A call with one. Rejects with `CallError` or `EnvironmentError` as the kernel's refusal says.
   * `received` is called with the answer before the next notice is read: what the answer names may be
   * gone with that.
   */
  ask(call: WithoutId<Asking>, received?: (value: AnswerValue) => void): Promise<AnswerValue> {
    if (this.#isClosed)
      return Promise.reject(new CallError('cancelled', `'${call.call}' after the kernel has ended`));
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      const answered = (value: AnswerValue): void => {
        received?.(value);
        resolve(value);
      };
      this.#asked.set(id, { resolve: answered, reject, call: call.call });
      this.tell({ ...call, id });
    });
  }

  answered(id: number, answer: Answer): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    this.#asked.delete(id);
    if (answer.ok) {
      asked.resolve(answer.value);
      return;
    }
    const reason = answer.reason === undefined ? undefined : this.#reason(answer.reason);
    const text = answer.text ?? `the kernel refused '${asked.call}': ${answer.code}`;
    if (answer.code === 'noproc' || answer.code === 'operation_refused')
      asked.reject(new CallError(answer.code, text, { reason }));
    else asked.reject(new EnvironmentError(answer.code, text, { reason }));
  }

  flush(): void {
    this.#channel.flush();
  }

  /** Nobody answers any more. */
  close(): void {
    this.#isClosed = true;
    for (const { reject, call } of this.#asked.values())
      reject(new CallError('cancelled', `the environment ended during '${call}'`));
    this.#asked.clear();
  }
}
