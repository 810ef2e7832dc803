/** The face of an environment towards its guest code; everything else of it stays behind a private field. */
import { FRAME, type FrameKind } from '../channel/frames.js';
import { CallError } from '../errors.js';
import { encodeLogRecord, type LogLevel } from '../log-record.js';
import { EXIT_TAGS, GUEST_EXIT_TAGS, type ExitReason } from '../exit-reason.js';
import type { MailboxTerms } from '../protocol/notices.js';
import type { RunCall } from '../protocol/run.js';
import type { OpaqueValue } from '../protocol/system-calls.js';
import { Address } from './address.js';
import type { Behaviour } from './behaviour.js';
import type { BesideContext, BesideOptions } from './beside.js';
import { outcomeOf, type RunCaller, type RunOptions, type RunOutcome } from './call-run.js';
import {
  ExitRequest,
  type CallOptions,
  type Destination,
  type Exit,
  type ReceiveOptions,
  type SendOptions,
  type Spawned,
  type SpawnOptions,
  type SpawnRequest,
  type Statistics,
  type TimerHandle,
} from './context.js';
import {
  assertAddress,
  assertDelay,
  assertDestination,
  assertFlag,
  assertLogged,
  assertMatch,
  assertMonitor,
  assertName,
  assertOperation,
  assertSignal,
  assertSpawn,
} from './destination.js';
import type { LocalEnvironment } from './local-environment.js';
import type { Monitor, Received, ReceivedExit } from './received.js';
import { makeRef, type Ref } from './ref.js';
import { SENT } from './route.js';

const DEFAULT_CALL_TIMEOUT_MS = 5000;
/** The largest value that `sendAfter` keeps, or that a spawn brings along. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;

export class EnvironmentContext implements BesideContext, RunCaller {
  readonly #environment: LocalEnvironment;
  readonly #spawned = new WeakSet<Address>();

  constructor(environment: LocalEnvironment) {
    this.#environment = environment;
  }

  get self(): Address {
    return this.#environment.self;
  }

  get bindings(): Readonly<Record<string, unknown>> {
    return this.#environment.bindings;
  }

  ref<M>(target: Destination): Ref<M> {
    assertDestination(target);
    return makeRef<M>(this, target);
  }

  send(target: Destination, value: unknown, options?: SendOptions): Promise<void> {
    return this.#send(target, FRAME.message, value, options);
  }

  cast(
    target: Destination,
    operation: string,
    parameters: readonly unknown[],
    options?: SendOptions,
  ): Promise<void> {
    try {
      assertOperation(operation, parameters);
    } catch (error) {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- it is a CallError
      return Promise.reject(error);
    }
    return this.#send(target, FRAME.cast, [operation, ...parameters], options);
  }

  /** `BesideContext.sendNow`. */
  sendNow(target: Destination, value: unknown): Promise<void> | undefined {
    return unlessSent(this.send(target, value));
  }

  /** `BesideContext.castNow`. */
  castNow(target: Destination, operation: string, parameters: readonly unknown[]): Promise<void> | undefined {
    return unlessSent(this.cast(target, operation, parameters));
  }

  #send(
    target: Destination,
    kind: FrameKind,
    value: unknown,
    options: SendOptions | undefined,
  ): Promise<void> {
    try {
      return this.#environment.route(target).send(kind, 0, value, options?.transfer);
    } catch (error) {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as it was thrown: a getter of the value may throw anything
      return Promise.reject(error);
    }
  }

  call(
    target: Destination,
    operation: string,
    parameters: readonly unknown[],
    options?: CallOptions,
  ): Promise<unknown> {
    const signal = options?.signal;
    if (signal?.aborted === true) {
      return Promise.reject(
        new CallError('cancelled', `'${operation}' was cancelled before it was sent`, {
          cause: signal.reason,
        }),
      );
    }
    const timeoutMs = options?.timeoutMs ?? DEFAULT_CALL_TIMEOUT_MS;
    return this.#call(target, operation, parameters, timeoutMs, signal, options?.transfer);
  }

  /** `BesideContext.callCancellable`. */
  callCancellable(
    target: Destination,
    operation: string,
    parameters: readonly unknown[],
    onCancel: (cancel: () => void) => void,
  ): Promise<unknown> {
    return this.#call(target, operation, parameters, Infinity, undefined, undefined, onCancel);
  }

  #call(
    target: Destination,
    operation: string,
    parameters: readonly unknown[],
    timeoutMs: number,
    signal: AbortSignal | undefined,
    transfer: readonly ArrayBuffer[] | undefined,
    onCancel?: (cancel: () => void) => void,
  ): Promise<unknown> {
    const environment = this.#environment;
    return new Promise((resolve, reject) => {
      assertOperation(operation, parameters);
      const route = environment.route(target);
      const call = environment.pending.start({ operation, timeoutMs, signal, resolve, reject });
      onCancel?.(() => {
        environment.pending.cancel(call);
      });
      const sent = route.send(FRAME.call, call, [operation, ...parameters], transfer);
      sent.catch((error: unknown) => {
        environment.pending.fail(call, error as CallError);
      });
    });
  }

  async callRun(target: Destination, calls: readonly RunCall[], options: RunOptions): Promise<RunOutcome> {
    const { deadline, signal, underWay } = options;
    const environment = this.#environment;
    const { pending } = environment;
    const route = environment.route(target);
    const answer = await new Promise<unknown>((resolve, reject) => {
      const operation = `a run of ${String(calls.length)} calls`;
      const start = { operation, timeoutMs: Infinity, signal, awaitsCancelled: true, resolve, reject };
      const call = pending.start(start);
      let known = deadline;
      underWay?.({
        prolong: (until) => {
          const ms = Math.min(Math.floor(until - known), 0xffffffff);
          if (ms >= 1 && environment.prolongRun(call, ms)) known += ms;
        },
        beginNoMore: () => {
          if (!environment.prolongRun(call, 0)) pending.cancel(call);
        },
      });
      route.send(FRAME.call, call, [deadline, ...calls]).catch((error: unknown) => {
        pending.fail(call, error as CallError);
      });
    });
    return outcomeOf(answer, calls.length);
  }

  receive(options?: ReceiveOptions & { readonly timeoutMs?: undefined }): Promise<Received>;
  receive(options: ReceiveOptions): Promise<Received | undefined>;
  receive(options?: ReceiveOptions): Promise<Received | undefined> {
    const { mailbox } = this.#environment;
    const match = options?.match;
    if (mailbox.hasTaker) {
      return Promise.reject(
        new CallError('operation_refused', 'another receive is waiting already', {
          remedy: 'Await one receive before the next.',
        }),
      );
    }
    const timeoutMs = options?.timeoutMs;
    try {
      assertMatch(match);
      const item = mailbox.takeNow(match);
      // A loop that keeps up comes by here: a promise made with an executor costs twice as much.
      if (item !== undefined) return Promise.resolve(item);
    } catch (error) {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as it was thrown: a match may throw anything
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      if (timeoutMs === undefined) {
        mailbox.take(match, resolve, reject);
        return;
      }
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          this.#environment.cancelTimer(timer);
          settle(value);
        };
      const withdraw = mailbox.take(match, settled(resolve), settled(reject));
      const timer = this.#environment.timer(timeoutMs, () => {
        // It is the loop that has called: what lies there is not passed over.
        mailbox.turned();
        withdraw();
        resolve(undefined);
      });
    });
  }

  sendAfter(delayMs: number, target: Destination, value: unknown): TimerHandle {
    const environment = this.#environment;
    const { services } = environment;
    assertDelay(delayMs);
    assertDestination(target);
    const encoded = services.encode(value, undefined, MAX_KEPT_BYTES);
    const timer = environment.countedTimer(delayMs, () => {
      if (target === environment.self)
        environment.mailbox.pushReserved({ type: 'message', value: services.decode(encoded) });
      else
        environment
          .route(target)
          .sendEncoded(FRAME.message, 0, encoded)
          .catch(() => {
            // Nobody waits for a timer's send: what has no room is a dropped message.
            environment.undelivered(typeof target === 'string' ? `'${target}'` : 'an address', 'dropped', 1);
          });
    });
    return Object.freeze({ cancel: () => environment.cancelTimer(timer) });
  }

  async monitor(target: Destination): Promise<Monitor> {
    const environment = this.#environment;
    const monitor: Monitor = Object.freeze({ target });
    await environment.services.ask(
      { call: 'monitor', env: environment.slot, target: targetOf(target) },
      (id) => {
        environment.watch(id as number, monitor);
      },
    );
    return monitor;
  }

  demonitor(monitor: Monitor): void {
    assertMonitor(monitor);
    this.#environment.unwatch(monitor);
  }

  link(address: Address): void {
    assertAddress(address);
    const { services, slot } = this.#environment;
    services.tell({ call: 'link', env: slot, handle: Address.handleOf(address) });
  }

  async unlink(address: Address): Promise<void> {
    assertAddress(address);
    const { services, slot } = this.#environment;
    await services.ask({ call: 'unlink', env: slot, handle: Address.handleOf(address) });
  }

  trapExits(on: boolean): void {
    assertFlag('on', on);
    const { services, slot } = this.#environment;
    this.#environment.trapsExits = on;
    services.tell({ call: 'trapExits', env: slot, on });
  }

  exit(reason: Exit = { tag: 'normal' }): never {
    assertSignal(reason);
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- unwinds to the driver; it is no failure
    throw new ExitRequest(reason);
  }

  sendExit(target: Destination, reason: ExitReason): void {
    const isOwn = Address.isAddress(target) && this.#spawned.has(target);
    assertSignal(reason, isOwn ? EXIT_TAGS : GUEST_EXIT_TAGS);
    const { services, slot } = this.#environment;
    const call = {
      call: 'signal',
      env: slot,
      target: targetOf(target),
      kind: 'exit',
      tag: reason.tag,
      detail: services.opaque(reason.detail),
    } as const;
    // The signal goes by the kernel, the messages before it by a channel: they leave first.
    this.#environment.afterSent(() => {
      services.tell(call);
    });
  }

  kill(target: Destination): void {
    const { services, slot } = this.#environment;
    const call = {
      call: 'signal',
      env: slot,
      target: targetOf(target),
      kind: 'kill',
      tag: 'error',
      detail: undefined,
    } as const;
    this.#environment.afterSent(() => {
      services.tell(call);
    });
  }

  async register(name: string): Promise<void> {
    assertName(name);
    const { services, slot } = this.#environment;
    await services.ask({ call: 'register', env: slot, name });
  }

  async unregister(name: string): Promise<void> {
    assertName(name);
    const { services, slot } = this.#environment;
    await services.ask({ call: 'unregister', env: slot, name });
  }

  async whereis(name: string): Promise<Address | undefined> {
    assertName(name);
    const { services } = this.#environment;
    let address: Address | undefined;
    await services.ask({ call: 'resolve', name, follow: false }, (handle) => {
      if (handle !== undefined) address = services.address(handle as number);
    });
    return address;
  }

  async spawn(request: SpawnRequest, options: SpawnOptions = {}): Promise<Spawned> {
    assertSpawn(request);
    const { services, base } = this.#environment;
    return await this.#spawn(services.encode({ base, ...request }, undefined, MAX_KEPT_BYTES).bytes, options);
  }

  /** `BesideContext.spawnBeside`. */
  async spawnBeside(behaviour: Behaviour, { terms, name }: BesideOptions): Promise<Address> {
    if (name !== undefined) assertName(name);
    const { services, terms: own } = this.#environment;
    const how = { beside: { ...own, ...terms }, name };
    const { address } = await this.#spawn(services.beside(behaviour), {}, how);
    return address;
  }

  /** `BesideContext.onLink`. */
  onLink(told: (other: Address, isLinked: boolean) => void): void {
    this.#environment.onLink = told;
  }

  /** `BesideContext.endBy`. */
  endBy(item: ReceivedExit): void {
    this.#environment.endBy(item);
  }

  /** `BesideContext.isEnd`. */
  isEnd(item: ReceivedExit): boolean {
    return this.#environment.isEnd(item);
  }

  /** `BesideContext.awaitHolder`. */
  async awaitHolder(name: string, pending: () => void): Promise<Address | undefined> {
    assertName(name);
    let isTold = false;
    const tell = (): void => {
      if (!isTold) pending();
      isTold = true;
    };
    while (await this.#environment.services.holders.isHeld(name, tell)) {
      // It may have ended since.
      const address = await this.whereis(name);
      if (address !== undefined) return address;
    }
    return undefined;
  }

  async #spawn(
    request: OpaqueValue,
    options: SpawnOptions,
    beside: { readonly beside?: MailboxTerms; readonly name?: string | undefined } = {},
  ): Promise<Spawned> {
    const { services, slot } = this.#environment;
    let spawned: Spawned | undefined;
    const call = {
      call: 'spawn',
      env: slot,
      request,
      link: options.link === true,
      monitor: options.monitor === true,
      ...beside,
    } as const;
    await services.ask(call, (answer) => {
      const { handle, monitor: id } = answer as { handle: number; monitor: number };
      const address = services.address(handle);
      this.#spawned.add(address);
      const monitor: Monitor | undefined =
        options.monitor === true ? Object.freeze({ target: address }) : undefined;
      if (monitor !== undefined) this.#environment.watch(id, monitor);
      spawned = { address, monitor };
    });
    return spawned as Spawned;
  }

  log(level: LogLevel, text: string, fields?: Readonly<Record<string, unknown>>): void {
    assertLogged(level, text);
    this.#environment.services.log(encodeLogRecord(level, text, fields));
  }

  statistics(): Statistics {
    return this.#environment.statistics();
  }
}

function unlessSent(sent: Promise<void>): Promise<void> | undefined {
  return sent === SENT ? undefined : sent;
}

function targetOf(target: Destination): number | string {
  assertDestination(target);
  return typeof target === 'string' ? target : Address.handleOf(target);
}
