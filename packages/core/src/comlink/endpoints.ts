/**
 * Comlink's two ends over messages of ours in place of a port. Comlink pairs requests with responses and
 * finds the method; it gets requests that were checked, an object of nothing but the listed methods, and
 * arguments and results wrapped in plain objects of ours. So it never looks at a value of the user's: what
 * it does with marked ones (open ports for them) does not happen, and its global transfer handlers, which
 * an application may use for itself, stay as they are.
 */
import { expose, wrap, type Endpoint } from 'comlink';
import { CallError } from '../errors.js';
import type { Argument, Outcome, Request, Response } from './wire.js';

type Listener = (event: { readonly data: unknown }) => void;

type Method = (parameters: readonly Argument[]) => Promise<Outcome>;

/** What Comlink needs of an endpoint. */
class Line implements Endpoint {
  readonly #post: (message: unknown) => void;
  #listener: Listener | undefined;

  constructor(post: (message: unknown) => void) {
    this.#post = post;
  }

  postMessage(message: unknown): void {
    this.#post(message);
  }

  addEventListener(_type: string, listener: unknown): void {
    this.#listener = listener as Listener;
  }

  removeEventListener(): void {
    this.#listener = undefined;
  }

  hear(data: unknown): void {
    this.#listener?.({ data });
  }
}

/** The side that runs the methods. */
export class Responder {
  readonly #line: Line;
  readonly #waiting = new Map<string, (response: Response) => void>();
  #last = 0;

  /** Methods by name; one function stands for itself. */
  constructor(exposed: Readonly<Record<string, Method>> | Method) {
    this.#line = new Line((message) => {
      const { id, type, value } = message as { id: string; type: 'RAW'; value: Outcome };
      const done = this.#waiting.get(id);
      this.#waiting.delete(id);
      done?.({ type, value });
    });
    expose(exposed, this.#line);
  }

  get inFlight(): number {
    return this.#waiting.size;
  }

  respond(request: Request): Promise<Response> {
    const id = String(++this.#last);
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#line.hear({ ...request, id });
    });
  }
}

/** The side that calls. */
export class Requester {
  readonly #remote: object;
  /** Comlink makes a proxy for each path; one for each method is enough. */
  readonly #methods = new Map<string, Method>();
  #inFlight = 0;
  readonly #most: number;

  /** `carry` brings a request to the other side; what it rejects with is what the call rejects with. */
  constructor(carry: (request: Request) => Promise<Response>, most: number) {
    this.#most = most;
    const line: Line = new Line((message) => {
      const { id, ...request } = message as { id: string } & Request;
      // Comlink's notice that its proxy was collected; sessions end in ways of their own.
      if (request.type !== 'APPLY') return;
      carry(request).then(
        (response) => line.hear({ ...response, id }),
        (thrown: unknown) => line.hear({ type: 'RAW', value: { ok: false, thrown }, id }),
      );
    });
    this.#remote = wrap(line);
  }

  /** `path` is a method's name; without one it is the function itself that is called. */
  async call(path: string | undefined, parameters: readonly Argument[]): Promise<unknown> {
    if (this.#inFlight >= this.#most) {
      const facts = { field: 'maxInFlight', value: this.#most };
      throw new CallError('full', `${String(this.#most)} calls are under way already`, facts);
    }
    this.#inFlight += 1;
    try {
      const outcome = await this.#method(path)(parameters);
      if (outcome.ok) return outcome.value;
      throw outcome.thrown;
    } finally {
      this.#inFlight -= 1;
    }
  }

  #method(path: string | undefined): Method {
    if (path === undefined) return this.#remote as Method;
    let method = this.#methods.get(path);
    if (method === undefined) {
      method = Reflect.get(this.#remote, path) as Method;
      this.#methods.set(path, method);
    }
    return method;
  }
}

/** Whatever the method does, it comes to an outcome. */
export async function outcomeOf(run: () => unknown): Promise<Outcome> {
  try {
    return { ok: true, value: await run() };
  } catch (thrown) {
    return { ok: false, thrown };
  }
}
