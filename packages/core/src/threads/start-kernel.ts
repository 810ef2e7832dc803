/**
 * The kernel in a thread of its own: what the application's thread hands over in `workerData`, and the
 * adapters that the sans-io kernel runs on. The entry file (package `supervisor`) brings the strategies.
 */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import type { ExitReason } from '../exit-reason.js';
import {
  Kernel,
  type EnvironmentSpec,
  type KernelEvent,
  type SupervisorLogic,
  type SupervisorSpec,
} from '../kernel/index.js';
import type { WallLimits } from '../kernel/wall.js';
import { DEFAULT_TERMS } from '../guest/route.js';
import { whenExitAnnounced } from './exit-handshake.js';
import { LoaderThread } from './loader-thread-handle.js';
import { nodeAfterTurn } from './node-after-turn.js';
import { nodeNextTurn } from './node-clock.js';
import { nodeTextCodec } from './node-text-codec.js';
import { PortLink } from './port-link.js';
import { kernelTestTime } from './test-clock/test-time.js';
import type { KernelTicket } from './test-clock/tickets.js';
import { realTime } from './thread-time.js';
import { compileThreadCode } from './thread-code.js';
import { ThreadWall, type ThreadFacts } from './thread-wall.js';

/** `file:` URLs. */
export interface ThreadFiles {
  /** Entry of every thread of an environment; it runs `guest`. */
  readonly compiled: string;
  readonly guest: string;
  readonly loader: string;
}

/** `workerData` of the kernel's thread. */
export interface KernelSetup {
  /** The kernel's end of the application's control link. */
  readonly control: MessagePort;
  readonly handshake: SharedArrayBuffer;
  /** Where the code of the threads lies that the kernel starts: see THREAD_FILES. */
  readonly files: ThreadFiles;
  readonly spares: { readonly perClass: number; readonly total: number };
  /** Folder that `spawn` takes relative modules from, and the limits of what is spawned. */
  readonly spawnBase: string;
  readonly spawnLimits: WallLimits;
  /** Its place under a test clock. */
  readonly ticket: KernelTicket | undefined;
}

/** What the application's thread says, besides its control link. */
export type ToKernel =
  | { readonly tag: 'start'; readonly name: string; readonly spec: SupervisorSpec }
  | { readonly tag: 'facts' }
  /** The tree has ended; the thread is to end, too. */
  | { readonly tag: 'close' };

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
      readonly stream: 'stdout' | 'stderr';
      readonly text: string;
      readonly dropped: number;
    }
  | { readonly tag: 'facts'; readonly facts: HostFacts }
  | { readonly tag: 'warning'; readonly problem: string }
  /** Paths of threads that were told to end and did not. */
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
  const wall = new ThreadWall({
    bootstrap: new URL(setup.files.compiled),
    code: compileThreadCode(new URL(setup.files.guest)),
    spares: setup.spares,
    output: (path, stream, text, dropped) => {
      say({ tag: 'output', path, stream, text, dropped });
    },
    warning: (problem) => {
      say({ tag: 'warning', problem });
    },
  });
  const loader = new LoaderThread(setup.files.loader, { base: setup.spawnBase, limits: setup.spawnLimits });
  const kernel = new Kernel({
    clock: time.clock,
    realClock: time.realClock,
    random: time.random,
    afterTurn: nodeAfterTurn,
    nextTurn: nodeNextTurn,
    text: nodeTextCodec,
    wall: time.wall(wall),
    links: time.links,
    logic,
    loader: (request) => time.during(loader.load(request)),
    observe: (event: KernelEvent) => {
      application.guest.notify({ notice: 'event', event });
    },
  });
  const link = new PortLink(setup.control);
  const application = kernel.attach(time.control(link), 'application', APPLICATION);
  whenExitAnnounced(setup.handshake, () => {
    wall.dismissGuard();
  });

  const heard = time.hearing((message: ToKernel) => {
    if (message.tag === 'start') {
      kernel.start(message.name, message.spec, (failure) => {
        say({ tag: 'started', failure });
      });
      return;
    }
    if (message.tag === 'facts') {
      say({ tag: 'facts', facts: wall.facts() });
      return;
    }
    time.ending();
    void Promise.all([wall.close(), loader.close()]).then(() => {
      say({ tag: 'closed', stuck: wall.stuck });
      link.close();
      port.close();
    });
  });
  port.on('message', heard);
  time.running();
}
