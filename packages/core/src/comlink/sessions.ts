/**
 * The callbacks that clients have handed to an exposed object. Each client has one session, named by a
 * word that only it knows; it holds one call open for as long as it lives, so its end is known at once, and
 * another through which the calls of its callbacks come to it.
 *
 * Invariants: a session ends with its client; then, and when a callback is revoked, every call of it that is
 * under way rejects, and so does every later one. What waits for a client is bounded.
 */
import { CallError } from '../errors.js';
import type { ReceivedCall } from '../guest/received.js';
import type { RemoteCallback } from './callback.js';
import { Requester } from './endpoints.js';
import type { Argument, FromClient, Invocation, Request, Response, ToClient } from './wire.js';

/** Calls of one client's callbacks that may be under way. */
const MAX_INVOCATIONS = 256;
const MAX_CALLBACKS = 1000;

export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  find(name: string): Session {
    const session = this.#sessions.get(name);
    if (session === undefined) throw new CallError('noproc', 'there is no such session');
    return session;
  }

  handle(call: ReceivedCall, message: Exclude<FromClient, { readonly kind: 'request' }>): void {
    switch (message.kind) {
      case 'open':
        this.#open(call, message.session);
        return;
      case 'next':
        this.find(message.session).next(call);
        return;
      case 'answer':
        this.find(message.session).answered(message.number, message.response);
        call.reply(undefined);
        return;
      case 'revoke':
        this.find(message.session).revoked(message.callback);
        call.reply(undefined);
    }
  }

  #open(call: ReceivedCall, name: string): void {
    if (this.#sessions.has(name)) throw new CallError('refused', 'the session is open already');
    if (this.#sessions.size >= this.#most) {
      throw new CallError('full', `${String(this.#most)} clients have callbacks here already`);
    }
    const session = new Session();
    this.#sessions.set(name, session);
    call.onCancel(() => {
      this.#sessions.delete(name);
      session.end();
    });
  }
}

interface Waiting {
  readonly callback: number;
  readonly resolve: (response: Response) => void;
  readonly reject: (error: CallError) => void;
}

export class Session {
  readonly #remotes = new Map<number, RemoteCallback>();
  readonly #waiting = new Map<number, Waiting>();
  #invocations: Invocation[] = [];
  #released: number[] = [];
  #next: ReceivedCall | undefined;
  #live = true;
  #last = 0;

  /** The function that stands for the client's callback here; one for each number. */
  remote(callback: number): RemoteCallback {
    const known = this.#remotes.get(callback);
    if (known !== undefined) return known;
    if (this.#remotes.size >= MAX_CALLBACKS) {
      throw new CallError('full', `the client has ${String(MAX_CALLBACKS)} callbacks here already`);
    }
    const requester = new Requester((request) => this.#carry(callback, request), MAX_INVOCATIONS);
    const invoke = (...values: unknown[]): Promise<unknown> =>
      requester.call(
        undefined,
        values.map((value): Argument => ({ value })),
      );
    const remote = Object.assign(invoke, { release: () => this.#release(callback) }) as RemoteCallback;
    this.#remotes.set(callback, remote);
    return remote;
  }

  next(call: ReceivedCall): void {
    this.#next?.reply({ invocations: [], released: [] } satisfies ToClient);
    this.#next = call;
    this.#flush();
  }

  answered(number: number, response: Response): void {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    waiting?.resolve(response);
  }

  revoked(callback: number): void {
    this.#remotes.delete(callback);
    this.#invocations = this.#invocations.filter((invocation) => invocation.callback !== callback);
    for (const [number, waiting] of this.#waiting) {
      if (waiting.callback !== callback) continue;
      this.#waiting.delete(number);
      waiting.reject(noproc());
    }
  }

  /** The client is gone, or gives the session up. */
  end(): void {
    this.#live = false;
    this.#remotes.clear();
    this.#invocations = [];
    for (const { reject } of this.#waiting.values()) reject(down());
    this.#waiting.clear();
  }

  #carry(callback: number, request: Request): Promise<Response> {
    if (!this.#live) return Promise.reject(down());
    if (!this.#remotes.has(callback)) return Promise.reject(noproc());
    if (this.#waiting.size >= MAX_INVOCATIONS) {
      return Promise.reject(
        new CallError('full', `${String(MAX_INVOCATIONS)} calls of the client's callbacks are under way`),
      );
    }
    const number = (this.#last += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { callback, resolve, reject });
      this.#invocations.push({ number, callback, request });
      this.#flush();
    });
  }

  #release(callback: number): void {
    if (!this.#remotes.has(callback)) return;
    this.revoked(callback);
    this.#released.push(callback);
    this.#flush();
  }

  #flush(): void {
    while (this.#next !== undefined && this.#invocations.length + this.#released.length > 0) {
      if (this.#deliver(this.#invocations.length) === undefined) return;
      // One of them holds what is no value: it is rejected when its turn comes, the others go on.
      const refused = this.#deliver(1);
      const [first] = this.#invocations;
      if (refused === undefined || first === undefined) return;
      this.#invocations.shift();
      this.#waiting.get(first.number)?.reject(refused);
      this.#waiting.delete(first.number);
    }
  }

  /** The first so many go to the client; or gives why they cannot, and nothing has happened. */
  #deliver(count: number): CallError | undefined {
    const message: ToClient = { invocations: this.#invocations.slice(0, count), released: this.#released };
    const refused = this.#next?.tryReply(message);
    if (refused !== undefined) return refused;
    this.#next = undefined;
    this.#invocations = this.#invocations.slice(count);
    this.#released = [];
    return undefined;
  }
}

const down = (): CallError => new CallError('down', 'the environment that owns the callback has ended');
const noproc = (): CallError => new CallError('noproc', 'the callback has been revoked or released');
