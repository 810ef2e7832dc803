/**
 * One way between two environments whose memory and processor time the guard watches, and the same without it.
 *
 * No option of the library turns the guard off; so both sides are made of its parts, with the kernel in this thread.
 */
import { MessageChannel } from 'node:worker_threads';
import {
  DEFAULT_TERMS,
  garbageCollector,
  ImageBuilder,
  nodeAfterTurn,
  nodeNextTurn,
  nodeTextCodec,
  PortLink,
  realTime,
  Runtime,
  THREAD_FILES,
} from '@espalier/core/internal/host.js';
import { normaliseSpec } from '@espalier/supervisor';
import { nodeKernel } from '../../../packages/core/dist/threads/node-kernel.js';
import { prepareSupervisor } from '../../../packages/supervisor/dist/host/prepare-tree.js';
import { supervisorLogic } from '../../../packages/supervisor/dist/strategies/index.js';
import { runOneWay } from './one-way.mjs';

const NO_SPARES = { perClass: 0, total: 0 };
const LIMITS = { heapMb: 256, youngMb: 48, stackMb: 4 };
const WARM_UP = 100_000;
const nothing = () => undefined;

export const open = () => openWith({ guarded: true });

export const openReference = () => openWith({ guarded: false });

/**
 * @param {{ readonly guarded: boolean }} how
 * @returns {Promise<import('../subject.mjs').Side>}
 */
async function openWith({ guarded }) {
  const time = realTime();
  const { kernel, threads, close } = nodeKernel({
    logic: supervisorLogic,
    settings: {
      files: { ...THREAD_FILES, cell: import.meta.url },
      spawnBase: '/',
      spawnLimits: LIMITS,
    },
    spares: NO_SPARES,
    sparesInCells: NO_SPARES,
    holdsGuests: true,
    time,
    observe: nothing,
    output: nothing,
    warning: nothing,
  });
  if (!guarded) threads.dismissGuard();
  const { port1, port2 } = new MessageChannel();
  const above = new PortLink(port2);
  kernel.attach(above, 'application', {
    boot: new Uint8Array(),
    name: null,
    terms: DEFAULT_TERMS,
    limits: LIMITS,
    unresponsiveMs: 'infinity',
    env: {},
  });
  const own = new PortLink(port1, { takesEnds: true });
  const runtime = new Runtime({
    control: own,
    links: realTime().links,
    clock: realTime().clock,
    afterTurn: nodeAfterTurn,
    nextTurn: nodeNextTurn,
    text: nodeTextCodec,
    log: () => undefined,
    collector: garbageCollector(),
    load: () => Promise.reject(new TypeError('nothing is loaded here')),
    idle: nothing,
  });
  const { context } = runtime.openEndpoint(0, 1, DEFAULT_TERMS);
  const { name, root } = normaliseSpec(
    {
      children: [
        { id: 'receiver', module: './one-way-receiver.mjs' },
        { id: 'sender', module: './one-way-sender.mjs' },
      ],
    },
    { base: new URL('./guests/', import.meta.url) },
  );
  const builder = new ImageBuilder();
  const spec = await prepareSupervisor(root, builder);
  await builder.close();
  await new Promise((resolve, reject) => {
    kernel.start(name, spec, (failure) => {
      if (failure === undefined) resolve(undefined);
      else reject(new Error(`the tree did not start: ${failure.tag}`));
    });
  });
  // Each run is the first and only one of its process.
  await runOneWay(context, { payload: 'small', count: WARM_UP });
  return {
    run: (work) => runOneWay(context, work),
    async close() {
      await new Promise((resolve) => kernel.tree.stop(() => resolve(undefined)));
      await close();
      own.close();
      above.close();
    },
  };
}
