/**
 * A worker thread for a guest, just started: what a wall has to have in its hands from then on. A file of its own, for a
 * cell opens its first thread before its kernel's code is loaded; the two then load at the same time.
 */
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import type { WallLimits } from '../kernel/wall.js';
import { InspectionGate } from './inspection-gate.js';
import { toResourceLimits } from './limits.js';
import type { ThreadCode } from './thread-code.js';
import type { ThreadPorts } from './wall-messages.js';

export interface ThreadOpening {
  /** The compiled bootstrap: a module that calls `bootThread(startGuest)`. */
  readonly bootstrap: URL;
  /** What `bootstrap` is to run, where that is compiled-thread.cjs. */
  readonly code: ThreadCode | undefined;
  /** Found in its title by the inspector. */
  readonly token: string;
  readonly title: string;
  readonly limits: WallLimits;
}

export interface OpenThread {
  readonly token: string;
  readonly limits: WallLimits;
  readonly gate: InspectionGate;
  /** The kernel's ends. */
  readonly control: MessagePort;
  readonly wall: MessagePort;
  /** Or why there is no thread to be had. */
  readonly worker: Worker | { readonly failed: unknown };
}

export function openThread({ bootstrap, code, token, title, limits }: ThreadOpening): OpenThread {
  const gate = new InspectionGate();
  const control = new MessageChannel();
  const wall = new MessageChannel();
  const ports: ThreadPorts = { control: control.port2, wall: wall.port2, gate: gate.shared, code };
  const opened = { token, limits, gate, control: control.port1, wall: wall.port1 };
  try {
    const worker = new Worker(bootstrap, {
      name: `${token} ${title}`,
      workerData: ports,
      transferList: [ports.control, ports.wall],
      env: {},
      execArgv: [],
      stdin: false,
      stdout: true,
      stderr: true,
      trackUnmanagedFds: true,
      resourceLimits: toResourceLimits(limits),
    });
    return { ...opened, worker };
  } catch (failed) {
    return { ...opened, worker: { failed } };
  }
}
