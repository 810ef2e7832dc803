/**
 * The kernel in a thread of its own: what the application's thread hands over in `workerData`, and the
 * adapters that the sans-io kernel runs on. The entry file (package `supervisor`) brings the strategies.
 */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { DirectOffers } from '../cells/direct/direct-offers.js';
import type { EarlyOffer } from '../cells/early-cell.js';
import type { StreamAddress } from '../cells/stream-offer.js';
import type { Machine } from '../cells/walls.js';
import { withCircles } from '../events/circles.js';
import type { ExitReason } from '../exit-reason.js';
import type { EnvironmentSpec, SupervisorLogic, SupervisorSpec } from '../kernel/index.js';
import type { WallLimits } from '../kernel/wall.js';
import { DEFAULT_TERMS } from '../guest/route.js';
import { whenExitAnnounced } from './exit-handshake.js';
import type { LimitChange } from './limit-changes.js';
import { NO_SPARES, nodeKernel, type KernelSettings, type SpareCounts } from './node-kernel.js';
import { PortLink } from './port-link.js';
import { kernelTestTime } from './test-clock/test-time.js';
import type { KernelTicket } from './test-clock/tickets.js';
import type { Use } from './use.js';
import { realTime } from './thread-time.js';
import type { ThreadFacts } from './thread-wall.js';
import type { OutputStream } from './wall-messages.js';

/** `workerData` of the kernel's thread, beside its code (thread-code.ts). */
export interface KernelSetup extends KernelSettings {
  /** The kernel's end of the application's control link. */
  readonly control: MessagePort;
  readonly handshake: SharedArrayBuffer;
  /** Whether guests are threads of this process, and not of a cell's. */
  readonly embedded: boolean;
  /** Where the guests are. */
  readonly spares: SpareCounts;
  /** What the first of their threads will be limited to, if that is known. */
  readonly first: WallLimits | undefined;
  /** Its place under a test clock. */
  readonly ticket: KernelTicket | undefined;
}

/** What the application's thread says, besides its control link. */
export type ToKernel =
  | {
      readonly tag: 'start';
      readonly name: string;
      readonly spec: SupervisorSpec;
      /** Its port was transferred. */
      readonly early: EarlyOffer | undefined;
    }
  | { readonly tag: 'facts' }
  /** Cells are about to be started for the first time: what does this machine offer for their walls? */
  | { readonly tag: 'machine' }
  | { readonly tag: 'limits'; readonly change: LimitChange }
  | { readonly tag: 'use'; readonly id: number; readonly path: string }
  /** Its end of a direct pipe is no more. `problem`: what the cell did that it must not. */
  | { readonly tag: 'direct-over'; readonly id: number; readonly problem: string | undefined }
  /** The tree has ended; the thread is to get ready to end, too. */
  | { readonly tag: 'close' }
  /**
   * It may end now. Not by itself before: the main thread tells an inspector session of the ends of threads when it gets
   * to it, and Node 20 aborts the process if the session's own thread is gone by then.
   */
  | { readonly tag: 'leave' };

/** The threads of environments, and apart from them the warm spares. */
export interface HostFacts {
  readonly threads: readonly ThreadFacts[];
  readonly spares: readonly ThreadFacts[];
}

export type FromKernel =
  | { readonly tag: 'started'; readonly failure: ExitReason | undefined }
  | {
      readonly tag: 'output';
      readonly path: string;
      readonly stream: OutputStream;
      readonly text: string;
      readonly dropped: number;
    }
  | { readonly tag: 'facts'; readonly facts: HostFacts }
  | { readonly tag: 'machine'; readonly machine: Machine }
  /** Limits were changed; once for each time that this was asked for. */
  | { readonly tag: 'limits' }
  | { readonly tag: 'use'; readonly id: number; readonly use: Use }
  | { readonly tag: 'warning'; readonly problem: string }
  /** It is to connect to a direct pipe. */
  | { readonly tag: 'direct'; readonly id: number; readonly address: StreamAddress }
  /** Paths of threads and cells that were told to end and did not. */
  | { readonly tag: 'closed'; readonly stuck: readonly string[] };

const APPLICATION: EnvironmentSpec = {
  boot: new Uint8Array(),
  name: null,
  terms: DEFAULT_TERMS,
  limits: { heapMb: 0, youngMb: 0, stackMb: 0 },
  unresponsiveMs: 'infinity',
  env: {},
};

export function startKernel(logic: SupervisorLogic): void {
  const setup = workerData as KernelSetup;
  const port = parentPort as MessagePort;
  const time = setup.ticket === undefined ? realTime() : kernelTestTime(setup.ticket);
  const say = time.saying((message: FromKernel) => {
    port.postMessage(message);
  });
  const offers = new DirectOffers((id, address) => {
    say({ tag: 'direct', id, address });
  });
  // Where guests are threads of this process, a cell is the exception; and one that is there is connected to itself.
  const connected = async (early: EarlyOffer | undefined): Promise<void> => {
    if (!setup.embedded && early === undefined) await offers.prepare();
  };
  const { kernel, threads, cells, setLimits, use, close } = nodeKernel({
    logic,
    settings: { files: setup.files, spawnBase: setup.spawnBase, spawnLimits: setup.spawnLimits },
    spares: setup.embedded ? setup.spares : NO_SPARES,
    sparesInCells: setup.embedded ? NO_SPARES : setup.spares,
    firstInCells: setup.first,
    holdsGuests: setup.embedded,
    time,
    direct: (address) => (address === undefined ? offers.take() : offers.to(address)),
    observe: withCircles((event) => {
      application.guest.notify({ notice: 'event', event });
    }),
    output: (path, stream, text, dropped) => {
      say({ tag: 'output', path, stream, text, dropped });
    },
    warning: (problem) => {
      say({ tag: 'warning', problem });
    },
  });
  const link = new PortLink(setup.control);
  const application = kernel.attach(
    offers.passages.application(time.control(link)),
    'application',
    APPLICATION,
  );
  whenExitAnnounced(setup.handshake, () => {
    threads.dismissGuard();
  });

  const heard = time.hearing((message: ToKernel) => {
    if (message.tag === 'start') {
      if (message.early !== undefined) cells.adopt(message.early);
      void connected(message.early).then(() => {
        kernel.start(message.name, message.spec, (failure) => {
          say({ tag: 'started', failure });
        });
      });
      return;
    }
    if (message.tag === 'limits') {
      setLimits(message.change);
      say({ tag: 'limits' });
      return;
    }
    if (message.tag === 'use') {
      const { id, path } = message;
      void use(path).then((known) => {
        say({ tag: 'use', id, use: known });
      });
      return;
    }
    if (message.tag === 'direct-over') {
      offers.lost(message.id, message.problem);
      return;
    }
    if (message.tag === 'facts') {
      say({ tag: 'facts', facts: threads.facts() });
      return;
    }
    if (message.tag === 'machine') {
      void cells.probe().then((machine) => {
        say({ tag: 'machine', machine });
      });
      return;
    }
    if (message.tag === 'leave') {
      link.close();
      port.close();
      return;
    }
    time.ending();
    offers.close();
    void close().then(() => {
      say({ tag: 'closed', stuck: [...threads.stuck, ...cells.stuck] });
    });
  });
  port.on('message', heard);
  time.running();
}
