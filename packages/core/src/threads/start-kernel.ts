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
import { nodeClock } from './node-clock.js';
import { nodeTextCodec } from './node-text-codec.js';
import { PortLink, portLinks } from './port-link.js';
import { ThreadWall, type ThreadFacts } from './thread-wall.js';

/** `file:` URLs. */
export interface ThreadFiles {
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
  env: {},
};

export function startKernel(logic: SupervisorLogic): void {
  const setup = workerData as KernelSetup;
  const port = parentPort as MessagePort;
  const say = (message: FromKernel): void => {
    port.postMessage(message);
  };
  const clock = nodeClock();
  const wall = new ThreadWall({
    bootstrap: new URL(setup.files.guest),
    clock,
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
    clock,
    random: { next: Math.random },
    afterTurn: nodeAfterTurn,
    text: nodeTextCodec,
    wall,
    links: portLinks,
    logic,
    loader: (request) => loader.load(request),
    observe: (event: KernelEvent) => {
      application.guest.notify({ notice: 'event', event });
    },
  });
  const link = new PortLink(setup.control);
  const application = kernel.attach(link, 'application', APPLICATION);
  whenExitAnnounced(setup.handshake, () => {
    wall.dismissGuard();
  });

  port.on('message', (message: ToKernel) => {
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
    void Promise.all([wall.close(), loader.close()]).then(() => {
      say({ tag: 'closed', stuck: wall.stuck });
      link.close();
      port.close();
    });
  });
}
