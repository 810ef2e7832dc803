/**
 * The first code of every thread. It makes the thread fit for a guest, says that it is ready, waits for its
 * environment variables and hands over to the guest runtime; a warm spare is a thread that waits there.
 *
 * Before any guest code: Node's own way to the parent is closed, the ports are taken out of `workerData`,
 * the standard streams are ours, and what reaches past the thread is removed.
 */
import { getHeapStatistics } from 'node:v8';
import workerThreads from 'node:worker_threads';
import type { Link, LinkOpener } from '../channel/link.js';
import { leaveGuardTool } from './guard-tool.js';
import { leaving } from './inspection-gate.js';
import { installStdio } from './guest-stdio.js';
import './inspector-session.js';
import { hardenTrusted } from './harden-trusted.js';
import { nodeClock } from './node-clock.js';
import { OutputQuota } from './output-quota.js';
import { PortLink, portLinks } from './port-link.js';
import { hearProcess } from './process-events.js';
import type { GuestTicket } from './test-clock/tickets.js';
import { ownTid } from './thread-cpu.js';
import type { FromBootstrap, FromWall, ThreadPorts } from './wall-messages.js';

const BYTES_PER_MB = 1024 * 1024;

/** What the guest runtime gets to begin with. */
export interface GuestStart {
  /** The control link to the kernel. It holds the thread once it has a receiver. */
  readonly link: PortLink;
  /** Opens the ends of direct channels that arrive over the control link. */
  readonly links: LinkOpener;
  /** Its place under a test clock. */
  readonly ticket: GuestTicket | undefined;
  /** Takes a record of the log. */
  readonly log: (record: string) => void;
}

/** Starts one more environment in the thread over that control link; `over` is called at its end. Gives what ends it. */
export type StartBeside = (control: Link, over: () => void) => () => void;

/** How long a spare stays as it is before it rehearses: one that is wanted at once is not kept busy. Milliseconds. */
const REHEARSE_AFTER_MS = 20;

/**
 * Starts this thread; `startGuest` is called when the wall has said so, once, and gives what starts one more
 * environment in it. A thread that is kept as a
 * spare goes through `rehearse` meanwhile.
 */
export function bootThread(
  startGuest: (start: GuestStart) => StartBeside,
  rehearse?: () => Promise<void>,
): void {
  const { control, wall, gate, code } = takeWorkerData();
  const leave = leaving(gate);
  hearProcess({ left: leave });
  const post = (message: FromBootstrap): void => wall.postMessage(message);
  // Nothing is printed before the guest is let in.
  const quota = new OutputQuota(0, nodeClock().now);
  installStdio(quota, (stream, text, dropped) => post({ tag: 'output', stream, text, dropped }));
  const log = (record: string): void => {
    if (quota.take(record, true) === '') return;
    post({ tag: 'output', stream: 'log', text: record, dropped: quota.takeDropped() });
  };
  leaveGuardTool();
  hardenTrusted(leave);
  const rehearsal: { timer?: NodeJS.Timeout } = {};
  let startBeside: StartBeside | undefined;
  const beside = new Map<number, () => void>();
  wall.on('message', (said: FromWall) => {
    if (said.tag === 'let go') return beside.get(said.number)?.();
    if (said.tag === 'beside') {
      const { number, control: port } = said;
      const letGo = startBeside?.(new PortLink(port, { takesEnds: true }), () => beside.delete(number));
      if (letGo !== undefined) beside.set(number, letGo);
      return;
    }
    quota.bytesPerSecond = said.outputBytesPerSecond;
    if (said.tag === 'limits') return;
    clearTimeout(rehearsal.timer);
    // From here on only the guest runtime decides what keeps the thread going.
    wall.unref();
    applyEnvironment(said.env);
    const link = new PortLink(control, { takesEnds: true });
    startBeside = startGuest({ link, links: portLinks, ticket: said.ticket, log });
  });
  const heapLimitMb = getHeapStatistics().heap_size_limit / BYTES_PER_MB;
  post({ tag: 'ready', tid: ownTid(), heapLimitMb });
  if (rehearse === undefined) return;
  rehearsal.timer = setTimeout(() => {
    void rehearse().then(() => {
      const compiled =
        code !== undefined && 'compile' in code && !code.rehearsed ? code.compile() : undefined;
      post({ tag: 'rehearsed', compiled });
    });
  }, REHEARSE_AFTER_MS);
}

/** Makes `process.env` exactly the strings given. */
export function applyEnvironment(env: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) {
    if (!Object.hasOwn(env, name)) delete process.env[name];
  }
  for (const [name, value] of Object.entries(env)) process.env[name] = value;
}

/** `hardenTrusted` brings the named imports up to date. Closing the parent's port matters: what a guest posts at it would pile up in the kernel's process. */
function takeWorkerData(): ThreadPorts {
  const ports = workerThreads.workerData as ThreadPorts;
  workerThreads.parentPort?.close();
  Object.assign(workerThreads, { workerData: null, parentPort: null });
  return ports;
}
