/**
 * One inspector session of the kernel's thread, and through it a line to each thread of ours: the only way
 * in Node 20 to read the heap of a thread that does not cooperate. It answers inside `for (;;)` too.
 *
 * Threads are matched by a token in their title: the inspector's worker ids are not thread ids. A session
 * must be disconnected before the process ends, or Node prints that it waits for the debugger.
 */
import { isMainThread } from 'node:worker_threads';
import type { InspectionGate } from './inspection-gate.js';
import { inspectorSession } from './inspector-session.js';

export type Answer = Readonly<Record<string, unknown>>;

/** The line to one thread. */
export class InspectedThread {
  readonly #gate: InspectionGate;
  readonly #send: (message: string) => void;
  readonly #waiting = new Map<number, (answer: Answer | undefined) => void>();
  #lastId = 0;

  constructor(gate: InspectionGate, send: (message: string) => void) {
    this.#gate = gate;
    this.#send = send;
  }

  /** `answer` gets the result, or undefined when the thread refused, is leaving or gone; never, while it cannot. */
  call(method: string, params: object, answer: (result: Answer | undefined) => void): void {
    if (!this.#gate.ask()) {
      answer(undefined);
      return;
    }
    this.#lastId += 1;
    this.#waiting.set(this.#lastId, answer);
    this.#send(JSON.stringify({ id: this.#lastId, method, params }));
  }

  /** The inspector's own answer, written by V8 and not by the guest. */
  answered(message: string): void {
    const { id, result } = JSON.parse(message) as { id?: number; result?: Answer };
    if (id === undefined) return;
    const answer = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#gate.answered();
    answer?.(result);
  }

  detached(): void {
    this.#gate.answered();
    const answers = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const answer of answers) answer(undefined);
  }
}

interface Expected {
  readonly gate: InspectionGate;
  readonly found: (thread: InspectedThread) => void;
}
interface Attached {
  readonly params: { readonly sessionId: string; readonly workerInfo: { readonly title: string } };
}
interface Detached {
  readonly params: { readonly sessionId: string };
}
interface Received {
  readonly params: { readonly sessionId: string; readonly message: string };
}

export class ThreadInspector {
  readonly #session = inspectorSession();
  readonly #expected = new Map<string, Expected>();
  readonly #threads = new Map<string, InspectedThread>();
  #isEnabled = false;

  /** Throws where this Node has no inspector, or it cannot be reached. */
  constructor() {
    const session = this.#session;
    if (isMainThread) session.connect();
    else session.connectToMainThread();
    session.on('NodeWorker.attachedToWorker', (message) => this.#attached(message));
    session.on('NodeWorker.detachedFromWorker', (message) => {
      const { sessionId } = (message as unknown as Detached).params;
      this.#threads.get(sessionId)?.detached();
      this.#threads.delete(sessionId);
    });
    session.on('NodeWorker.receivedMessageFromWorker', (message) => {
      const { params } = message as unknown as Received;
      this.#threads.get(params.sessionId)?.answered(params.message);
    });
  }

  /** Announces a thread that is about to start with `token` in its name. */
  expect(token: string, gate: InspectionGate, found: (thread: InspectedThread) => void): void {
    this.#expected.set(token, { gate, found });
    // Not before: a cell's first thread may run already, and is told of at once; nobody would know it.
    if (!this.#isEnabled) this.#session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
    this.#isEnabled = true;
  }

  forget(token: string): void {
    this.#expected.delete(token);
  }

  close(): void {
    for (const thread of this.#threads.values()) thread.detached();
    this.#threads.clear();
    this.#session.disconnect();
  }

  #attached({ params }: Attached): void {
    const { sessionId, workerInfo } = params;
    const token = /espalier:[\w-]+/.exec(workerInfo.title)?.[0];
    const expected = token === undefined ? undefined : this.#expected.get(token);
    if (token === undefined || expected === undefined) {
      // The application's own worker, or another kernel's thread: none of our business.
      this.#session.post('NodeWorker.detach', { sessionId }, () => undefined);
      return;
    }
    this.#expected.delete(token);
    const thread = new InspectedThread(expected.gate, (message) => {
      this.#session.post('NodeWorker.sendMessageToWorker', { sessionId, message }, (error) => {
        if (error !== null) thread.detached();
      });
    });
    this.#threads.set(sessionId, thread);
    expected.found(thread);
  }
}
