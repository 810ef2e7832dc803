/** The application's hold on the kernel's thread: starts it, speaks to it, notices when it fails. */
import { MessageChannel, Worker } from 'node:worker_threads';
import {
  CallError,
  EnvironmentError,
  HostError,
  type Address,
  type Context,
  type Statistics,
} from '@espalier/core';
import {
  announceExit,
  builtThreadCode,
  connectDirect,
  decodeReason,
  DEFAULT_TERMS,
  DirectPipes,
  exitHandshake,
  FencedLink,
  garbageCollector,
  nodeAfterTurn,
  nodeNextTurn,
  nodeTextCodec,
  PortLink,
  Runtime,
  THREAD_FILES,
  type ApplicationTime,
  type EarlyOffer,
  type FromKernel,
  type HostFacts,
  type InspectQuery,
  type KernelEvent,
  type KernelSettings,
  type KernelSetup,
  type LimitChange,
  type Machine,
  type SuperviseOperation,
  type ToKernel,
  type Use,
} from '@espalier/core/internal/host.js';
import type {
  SupervisorOperation,
  SupervisorResult,
  SupervisorSpec,
} from '@espalier/core/internal/supervisor-logic.js';
import { readEvent, type TreeEvent } from './events.js';
import type { StopResult } from './host.js';
import { assertPath } from './path.js';
import type { TreePlace } from './tree-place.js';

export interface KernelThreadOptions extends KernelSettings {
  readonly place: TreePlace;
  readonly spares: KernelSetup['spares'];
  readonly first: KernelSetup['first'];
  readonly output: (path: string, stream: FromKernelOutput['stream'], text: string, dropped: number) => void;
  /** Of the application's own context. */
  readonly log: (record: string) => void;
  readonly warning: (problem: string) => void;
  readonly time: ApplicationTime;
}

/** An environment that an operation has started. */
export interface ReachableChild {
  /** Of its spec. */
  readonly name: string | null;
  readonly address: Address;
}

export interface SupervisorAnswer {
  readonly result: SupervisorResult;
  readonly child: ReachableChild | undefined;
}

/** Who hangs does not answer, and is not waited for. */
const ANSWER_WITHIN_MS = 500;
const CUT_OFF = 'the endpoint of the application was killed or cut off, and the tree has ended with it';

type FromKernelOutput = FromKernel & { readonly tag: 'output' };
type TreeEnded = TreeEvent & { readonly kind: 'tree-ended' };

export class KernelThread {
  readonly context: Context;
  readonly treeEnded: Promise<TreeEnded>;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #runtime: Runtime;
  readonly #options: KernelThreadOptions;
  readonly #listeners = new Set<(event: TreeEvent) => void>();
  readonly #link: PortLink;
  readonly #direct: DirectPipes;
  readonly #say: (message: ToKernel) => void;
  #announce: () => void;
  #tellEnded: (event: TreeEnded) => void = () => undefined;
  #facts: ((facts: HostFacts) => void)[] = [];
  readonly #limitsSet: (() => void)[] = [];
  readonly #uses = new Map<number, (use: Use) => void>();
  #lastUse = 0;
  #machine: ((machine: Machine) => void) | undefined;
  #started: ((message: FromKernel & { tag: 'started' }) => void) | undefined;
  #closed: ((result: StopResult) => void) | undefined;
  #stopping: Promise<StopResult> | undefined;
  #failed: HostError | undefined;
  /** Our endpoint has ended, though the tree has not. */
  #isCutOff = false;
  #onFailure: ((error: HostError) => void)[] = [];

  constructor(options: KernelThreadOptions) {
    this.#options = options;
    const { time } = options;
    this.#say = time.saying((message: ToKernel) => {
      const transferred = message.tag === 'start' && message.early !== undefined ? [message.early.port] : [];
      this.#worker.postMessage(message, transferred);
    });
    this.treeEnded = new Promise((resolve, reject) => {
      this.#tellEnded = resolve;
      this.#onFailure.push(reject);
    });
    // Who does not ask how the tree ended is not to be told by an unhandled rejection.
    this.treeEnded.catch(() => undefined);
    this.#direct = new DirectPipes({
      clock: time.clock,
      nextTurn: nodeNextTurn,
      over: (id, problem) => {
        this.#say({ tag: 'direct-over', id, problem });
      },
    });
    const { port1, port2 } = new MessageChannel();
    const handshake = exitHandshake();
    const setup: KernelSetup = {
      control: port2,
      handshake,
      files: options.files,
      spares: options.spares,
      embedded: options.place.embedded,
      first: options.first,
      spawnBase: options.spawnBase,
      spawnLimits: options.spawnLimits,
      ticket: time.kernel,
    };
    this.#worker = new Worker(new URL(THREAD_FILES.compiled), {
      name: 'espalier kernel',
      workerData: { ...setup, code: builtThreadCode(new URL('../kernel-thread.cjs', import.meta.url)) },
      transferList: [port2],
      env: {},
      execArgv: [],
    });
    const heard = time.hearing((message: FromKernel) => {
      this.#heard(message);
    });
    this.#worker.on('message', heard);
    this.#worker.on('error', (cause) => {
      this.#fail(new HostError('kernel_fault', 'the kernel has failed', { cause }));
    });
    // Listened to from the beginning: at its end Node delivers the last messages and tells of the exit in one go.
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        resolve();
      });
    });
    this.#worker.on('exit', (code) => {
      time.over();
      const fault = this.#isCutOff ? CUT_OFF : `the kernel's thread ended with exit code ${String(code)}`;
      const asked = this.#stopping !== undefined && code === 0;
      this.#fail(asked ? hostStopped() : new HostError('kernel_fault', fault));
    });
    this.#announce = () => {
      announceExit(handshake);
    };
    process.on('exit', this.#announce);
    this.#link = new PortLink(port1, { takesEnds: true });
    this.#runtime = new Runtime({
      control: new FencedLink(time.control(this.#link), this.#direct),
      links: this.#direct.opener(time.links),
      clock: time.clock,
      afterTurn: nodeAfterTurn,
      nextTurn: nodeNextTurn,
      text: nodeTextCodec,
      collector: garbageCollector(),
      load: () => Promise.reject(new HostError('host_unfit', 'an application endpoint loads nothing')),
      log: options.log,
      idle: () => {
        // Nobody is left who could ask for an end of the tree.
        if (this.#stopping !== undefined) return;
        this.#isCutOff = true;
        void this.#worker.terminate();
      },
      event: (event) => {
        this.#event(event as KernelEvent);
      },
    });
    // The kernel's side gives its own environment as the first handle of every guest.
    this.context = this.#runtime.openEndpoint(0, 1, DEFAULT_TERMS).context;
    // Whatever the application is linked to may end; the application goes on, and so does its hold on the tree.
    this.context.trapExits(true);
  }

  /** Rejects with `EnvironmentError` `start_failed`, with the reason; then nothing runs any more. */
  async start(name: string, spec: SupervisorSpec, early: EarlyOffer | undefined): Promise<void> {
    const { place } = this.#options;
    // What is stopping must not begin to run.
    if (this.#stopping !== undefined) throw hostStopped();
    const { failure } = await this.#orFailure<FromKernel & { tag: 'started' }>((resolve) => {
      this.#started = resolve;
      this.#say({ tag: 'start', name: place.path, spec, early });
    });
    if (failure === undefined) return;
    const reason = decodeReason(place.failure(failure));
    throw new EnvironmentError('start_failed', `the tree '${name}' could not be started`, {
      reason,
      cause: reason.detail,
    });
  }

  /** `received` gets the answer before anything else that the kernel says is read. */
  async supervise(operation: SuperviseOperation, received?: (answer: unknown) => void): Promise<unknown> {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#stopping !== undefined) throw hostStopped();
    if ('path' in operation) assertPath(operation.path);
    try {
      return await this.#orFailure<unknown>((resolve, reject) => {
        this.#runtime.ask({ call: 'supervise', operation }, received).then(resolve, reject);
      });
    } catch (error) {
      if (!(error instanceof CallError) || error.code !== 'noproc' || !('path' in operation)) throw error;
      const remedy = 'Ask `tree()` for the paths of those that are there.';
      throw new CallError('noproc', error.message, { field: 'path', value: operation.path, remedy });
    }
  }

  /** Asks a supervisor. An environment that was started by it can be reached from the moment it runs. */
  async request(path: string, request: SupervisorOperation): Promise<SupervisorAnswer> {
    let child: ReachableChild | undefined;
    const answer = await this.supervise({ op: 'request', path, request }, (value) => {
      const { child: held } = value as { child?: { handle: number; name: string | null } };
      if (held !== undefined) child = { name: held.name, address: this.#runtime.address(held.handle) };
    });
    return { result: (answer as { data: SupervisorResult }).data, child };
  }

  /** The environment that runs there now. */
  async address(path: string): Promise<Address> {
    let address: Address | undefined;
    await this.supervise({ op: 'address', path }, (handle) => {
      address = this.#runtime.address(handle as number);
    });
    return address as unknown as Address;
  }

  async inspect(path: string, query: InspectQuery): Promise<unknown> {
    const { data } = (await this.supervise({ op: 'inspect', path, query })) as {
      data: Uint8Array | undefined;
    };
    return decodeReason({ tag: 'normal', detail: data }).detail;
  }

  facts(): Promise<HostFacts> {
    return this.#orFailure<HostFacts>((resolve) => {
      this.#facts.push(resolve);
      if (this.#facts.length === 1) this.#say({ tag: 'facts' });
    });
  }

  setLimits(change: LimitChange): Promise<void> {
    return this.#orFailure<void>((resolve) => {
      this.#limitsSet.push(resolve);
      this.#say({ tag: 'limits', change });
    });
  }

  /** What the walls know of those at that path and below. */
  use(path: string): Promise<Use> {
    return this.#orFailure<Use>((resolve) => {
      this.#uses.set(++this.#lastUse, resolve);
      this.#say({ tag: 'use', id: this.#lastUse, path });
    });
  }

  /** What the environment says of itself; undefined if it does not within half a second, or is not there. */
  async statistics(path: string): Promise<Statistics | undefined> {
    const { clock } = this.#options.time;
    return new Promise((resolve) => {
      const late = clock.after(ANSWER_WITHIN_MS, () => {
        resolve(undefined);
      });
      const said = (statistics: unknown): void => {
        late();
        resolve(statistics as Statistics | undefined);
      };
      this.inspect(path, 'statistics').then(said, () => {
        said(undefined);
      });
    });
  }

  /** What this machine offers for the walls of cells. */
  machine(): Promise<Machine> {
    return this.#orFailure<Machine>((resolve) => {
      this.#machine = resolve;
      this.#say({ tag: 'machine' });
    });
  }

  onEvent(listener: (event: TreeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  stop(): Promise<StopResult> {
    this.#stopping ??= this.#options.time.passing(this.#stop());
    return this.#stopping;
  }

  unref(): void {
    this.#worker.unref();
    this.#link.unref();
  }

  async #stop(): Promise<StopResult> {
    if (this.#failed !== undefined) return { stuck: [] };
    await this.#orFailure<unknown>((resolve, reject) => {
      this.#runtime.ask({ call: 'supervise', operation: { op: 'stop' } }).then(resolve, reject);
    });
    const result = await this.#orFailure<StopResult>((resolve) => {
      this.#closed = resolve;
      this.#say({ tag: 'close' });
    });
    // What this thread was told for the kernel's inspector comes before: it is read between two turns.
    await new Promise<void>((resolve) => nodeNextTurn(() => nodeNextTurn(resolve)));
    this.#say({ tag: 'leave' });
    process.off('exit', this.#announce);
    // A stuck thread would keep the kernel's thread, and with it the process.
    if (result.stuck.length > 0) {
      this.#options.time.over();
      this.unref();
    } else await this.#exited;
    return result;
  }

  #heard(message: FromKernel): void {
    switch (message.tag) {
      case 'started':
        this.#started?.(message);
        return;
      case 'direct':
        this.#direct.add(message.id, (events) => connectDirect(message.address, events));
        return;
      case 'closed':
        this.#direct.close();
        this.#closed?.({ stuck: message.stuck });
        return;
      case 'facts':
        for (const resolve of this.#facts.splice(0)) resolve(message.facts);
        return;
      case 'limits':
        this.#limitsSet.shift()?.();
        return;
      case 'use':
        this.#uses.get(message.id)?.(message.use);
        this.#uses.delete(message.id);
        return;
      case 'machine':
        this.#machine?.(message.machine);
        return;
      case 'output':
        this.#options.output(message.path, message.stream, message.text, message.dropped);
        return;
      case 'warning':
        this.#options.warning(message.problem);
    }
  }

  #event(event: KernelEvent): void {
    const told = this.#options.place.event(event);
    if (told === undefined) return;
    const readable = readEvent(told);
    if (readable.kind === 'tree-ended') this.#tellEnded(readable);
    for (const listener of this.#listeners) listener(readable);
  }

  #fail(error: HostError): void {
    if (this.#failed !== undefined) return;
    this.#failed = error;
    process.off('exit', this.#announce);
    for (const reject of this.#onFailure.splice(0)) reject(error);
  }

  /** Whatever is waited for from the kernel, or its failure. */
  #orFailure<T>(begin: (resolve: (value: T) => void, reject: (error: Error) => void) => void): Promise<T> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    return new Promise<T>((resolve, reject) => {
      const rejectAll = (error: Error): void => {
        this.#onFailure = this.#onFailure.filter((known) => known !== rejectAll);
        reject(error);
      };
      this.#onFailure.push(rejectAll);
      begin((value) => {
        this.#onFailure = this.#onFailure.filter((known) => known !== rejectAll);
        resolve(value);
      }, rejectAll);
    });
  }
}

function hostStopped(): HostError {
  return new HostError('host_stopped', 'the host has been stopped');
}
