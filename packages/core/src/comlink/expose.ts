/**
 * The side of the environment that has the object. `expose` makes a call of a server:
 *
 *     export default server({
 *       calls: { api: expose({ methods: ['put', 'get'], api: () => new Store() }) },
 *     });
 *
 * Nothing but the listed methods can be reached: they are taken from the object once, by name, into an
 * object without a prototype.
 */
import { CallError, EnvironmentError } from '../errors.js';
import { answering, type ServerContext } from '../guest/behaviour.js';
import type { ReceivedCall } from '../guest/received.js';
import type { AnyFunction, RemoteCallback } from './callback.js';
import { outcomeOf, Responder } from './endpoints.js';
import { Sessions, type Session } from './sessions.js';
import { NEVER_METHODS, readFromClient, type Argument, type FromClient, type Outcome } from './wire.js';

export interface Exposure<T extends object, N extends keyof T & string, S> {
  /** What may be called, and nothing else. */
  readonly methods: readonly N[];
  /** Makes or finds the object, when the first client comes. */
  readonly api: (context: ServerContext<S>) => T;
  /** Calls that may be under way, of all clients together; one more is refused with `full`. 256 by default. */
  readonly maxInFlight?: number;
  /** Clients that may have callbacks here; 1000 by default. */
  readonly maxSessions?: number;
}

/** A call that answers for an object. In a loop over the mailbox: call it with the context and the call. */
export interface Exposed<T> {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- any state: it is the server's own
  (context: ServerContext<any>, call: ReceivedCall): void;
  /** Only a type: what clients may call. */
  readonly exposes?: T;
}

/** @throws EnvironmentError `module_unfit` when a listed name cannot be a method. */
export function expose<T extends object, const N extends keyof T & string, S = unknown>(
  exposure: Exposure<T, N, S>,
): Exposed<Pick<T, N>> {
  for (const name of exposure.methods) {
    if (NEVER_METHODS.has(name)) throw unfit(name, 'is no name that a method can be exposed under');
  }
  // One for each incarnation: a restarted server has a new object, and none of the old one's clients.
  const served = new WeakMap<ServerContext<S>, Served>();
  return answering((context: ServerContext<S>, call: ReceivedCall) => {
    let mine = served.get(context);
    if (mine === undefined) {
      mine = new Served(methodsOf(exposure.api(context), exposure.methods), exposure);
      served.set(context, mine);
    }
    mine.take(call);
  });
}

function methodsOf(api: object, names: readonly string[]): ReadonlyMap<string, AnyFunction> {
  const methods = new Map<string, AnyFunction>();
  for (const name of names) {
    const method: unknown = Reflect.get(api, name);
    if (typeof method !== 'function') throw unfit(name, 'is no method of the object');
    methods.set(name, method.bind(api) as AnyFunction);
  }
  return methods;
}

function unfit(name: string, problem: string): EnvironmentError {
  return new EnvironmentError('module_unfit', `'${name}' ${problem}`, {
    field: 'methods',
    value: name,
    remedy: 'List names of functions that the object has.',
  });
}

class Served {
  readonly #methods: ReadonlyMap<string, AnyFunction>;
  readonly #responder: Responder;
  readonly #sessions: Sessions;
  readonly #maxInFlight: number;

  constructor(
    methods: ReadonlyMap<string, AnyFunction>,
    {
      maxInFlight = 256,
      maxSessions = 1000,
    }: { readonly maxInFlight?: number; readonly maxSessions?: number },
  ) {
    this.#methods = methods;
    this.#maxInFlight = maxInFlight;
    this.#sessions = new Sessions(maxSessions);
    const guarded = Object.create(null) as Record<
      string,
      (parameters: readonly Argument[]) => Promise<Outcome>
    >;
    for (const [name, method] of methods) {
      guarded[name] = (parameters) =>
        outcomeOf(() =>
          (method as (...values: unknown[]) => unknown)(
            ...(parameters as readonly { value: unknown }[]).map(({ value }) => value),
          ),
        );
    }
    this.#responder = new Responder(Object.freeze(guarded));
  }

  take(call: ReceivedCall): void {
    try {
      this.#handle(call, readFromClient(call.arguments[0]));
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      call.fail(error.code, error.message);
    }
  }

  #handle(call: ReceivedCall, message: FromClient): void {
    if (message.kind !== 'request') {
      this.#sessions.handle(call, message);
      return;
    }
    const [name] = message.request.path as readonly [string];
    if (!this.#methods.has(name))
      throw new CallError('no_such_operation', `the object has no method '${name}' for others`);
    if (this.#responder.inFlight >= this.#maxInFlight) {
      throw new CallError('full', `${String(this.#maxInFlight)} calls of the object are under way already`);
    }
    const [{ value: parameters }] = message.request.argumentList;
    const session = message.session === null ? undefined : this.#sessions.find(message.session);
    const request = {
      ...message.request,
      argumentList: [
        { type: 'RAW', value: parameters.map((parameter) => resolved(parameter, session)) },
      ] as const,
    };
    void this.#responder.respond(request).then((response) => call.reply(response));
  }
}

/** A callback's number becomes the function that reaches it. */
function resolved(argument: Argument, session: Session | undefined): { readonly value: unknown } {
  if (!('callback' in argument)) return argument;
  if (session === undefined) throw new CallError('noproc', 'the callback belongs to no session');
  const remote: RemoteCallback = session.remote(argument.callback);
  return { value: remote };
}
