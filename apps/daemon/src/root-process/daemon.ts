/**
 * The root process: two kernels, each in a thread of its own. One has the tree of the user; the other has our
 * drivers, each in a cell: `admin` (the API and the durable state), `logs` (what environments print) and `images`
 * (what modules become). The driver of administration reaches the first tree through the mailbox of this process,
 * whose address it alone is handed.
 */
import { randomBytes } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { CallError, EnvironmentError, ERROR_CODES, HostError, type ErrorCode } from '@espalier/core';
import { bundledImage } from '@espalier/core/internal/host.js';
import { start, type Host, type TreeEvent } from '@espalier/supervisor';
import { socketPath, type Problem } from '@espalier/supervisor/client';
import { ViewIds } from '../access/view-ids.js';
import { Journal } from '../journal.js';
import { clusterFolder } from '../state/cluster-folder.js';
import { administration } from './administration.js';
import type { Built } from '../drivers/images.js';
import { eventEntry, type KeptEvent } from './event-entry.js';
import { ImagesByDriver } from './images-by-driver.js';
import { OutputBuffer } from './output-buffer.js';
import { TreeKeeper } from './tree-keeper.js';

export interface DaemonOptions {
  /** Its own, with the socket, the applied specs and the logs; made with mode 0700 if it is not there. Absolute. */
  readonly folder: string;
  /** Where the API is served beside the socket, to who has a token. */
  readonly listen?: ListenOptions;
  /** A spec that is applied at the start, in place of the one that was applied last. Absolute. */
  readonly file?: string;
  readonly version: string;
  readonly build?: BuildBounds;
  readonly nowMs: () => number;
  /** One line about what the daemon itself does; no line break. */
  readonly say: (line: string) => void;
}

/** What making the images of a spec may cost. */
export interface BuildBounds {
  /** Of the driver that makes them, with the bundler. 1024 by default. */
  readonly memoryMb?: number;
  /** A build hangs when so long none is finished. Milliseconds; 60,000 by default. */
  readonly silenceMs?: number;
}

/** TCP with TLS. */
export interface ListenOptions {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  /** Files in PEM, absolute. They are read when the driver of administration starts. */
  readonly certificate: string;
  readonly key: string;
}

export interface Daemon {
  /** Resolves when the API listens and the first spec, if there is any, was tried. */
  readonly ready: Promise<void>;
  /** Resolves with why, if the daemon cannot go on: the file of its start was refused, or its drivers gave up. */
  readonly failed: Promise<Problem | string>;
  /** Applies the file of the start again; how that went is said. */
  reload(): void;
  /** Stops the tree, then the drivers. Resolves with the paths of threads that could not be ended. */
  stop(): Promise<readonly string[]>;
}

const BUILD_MB = 1024;
const BUILD_SILENCE_MS = 60_000;
const EVENTS_KEPT = 10_000;
/** The last of the output is waited for so long at the end. Milliseconds. */
const LAST_OUTPUT_MS = 2000;

/** @throws HostError `daemon_running`, `folder_unsafe`, `state_unreadable`, or another by which a driver cannot start. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { nowMs, say } = options;
  const ids = new ViewIds();
  const events = new Journal<KeptEvent>({ entries: EVENTS_KEPT });
  const output = new OutputBuffer();
  const images = new ImagesByDriver({
    ask: async (request) => {
      return (await services.call('images', 'build', [request], { timeoutMs: Infinity })) as Built;
    },
    kill: () => {
      void services.kill('espalierd/images').catch(() => undefined);
    },
    silenceMs: options.build?.silenceMs ?? BUILD_SILENCE_MS,
    after: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs);
      return () => {
        clearTimeout(timer);
      };
    },
  });
  const keeper = new TreeKeeper({
    onEvent: (event) => {
      events.append(eventEntry(event, ids, nowMs()));
    },
    onOutput: (path, stream, text, dropped) => {
      const note = dropped > 0 ? `[${dropped} characters were printed faster than allowed]\n` : '';
      output.add({ atMs: nowMs(), path, stream, text: text + note });
    },
    onLog: (path, record) => {
      output.add({ atMs: nowMs(), path, stream: 'log', text: JSON.stringify(record) });
    },
    onWarning: say,
    bridge: { folder: clusterFolder(options.folder), secret: randomBytes(16).toString('hex') },
    images,
  });
  let ready = (): void => undefined;
  let fail = (_why: Problem | string): void => undefined;
  const daemonReady = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const failed = new Promise<Problem | string>((resolve) => {
    fail = resolve;
  });
  const services = await startServices(options, (event) => {
    if (event.kind === 'supervision' && event.event.kind === 'failed' && event.event.willRestart) {
      say(failureOf(event));
    }
    if (event.kind === 'supervision' && event.event.kind === 'restarted' && event.event.id === 'admin')
      hand();
  });
  const hand = (): void => {
    void services.send('admin', { administration: services.context.self }).catch(() => undefined);
  };
  const answer = administration({
    keeper,
    events,
    onDefect: (error) => say(`defect: ${error instanceof Error ? String(error.stack) : String(error)}`),
  });
  let served = false;
  let ending = false;
  const told: Told = {
    ready: (port) => {
      if (ending) return;
      served = true;
      const more = port === null ? '' : `, and at port ${port} with TLS`;
      say(`listens at ${socketPath(options.folder)}${more}`);
      ready();
    },
    // Once it has served, the tree is not to end by what becomes of an address or a certificate.
    failed: (problem) => {
      ending ||= !served;
      if (ending) fail(problem);
      else say(`${problem.detail} (${problem.code})`);
    },
    say,
  };
  void serve(services, answer, told);
  const written = writeOutput(services, output, say);
  hand();
  let stopping = false;
  void services.ended.then(
    () => stopping || fail('the drivers of the daemon gave up'),
    () => stopping || fail('the kernel of the drivers has failed'),
  );
  const stop = async (): Promise<readonly string[]> => {
    stopping = true;
    images.close();
    const stuck = await keeper.close();
    output.close();
    const lastLines = written.then(() => services.call('logs', 'end', []));
    await Promise.race([lastLines.catch(() => undefined), after(LAST_OUTPUT_MS)]);
    const { stuck: more } = await services.stop();
    return [...stuck, ...more];
  };
  const reload = (): void => {
    void services.send('admin', { reload: true }).catch(() => undefined);
  };
  return { ready: daemonReady, failed, reload, stop };
}

async function startServices(
  { folder, file, listen, version, build }: DaemonOptions,
  onEvent: (event: TreeEvent) => void,
): Promise<Host> {
  // They are started again as long as it takes: without them nobody could even ask what is the matter.
  const driver = {
    wall: 'process',
    backoff: { initialMs: 50, factor: 2, maxMs: 5000, jitter: 0, resetAfterMs: 10_000 },
  } as const;
  const spec = {
    name: 'espalierd',
    intensity: 1000,
    periodMs: 1000,
    children: [
      { id: 'logs', module: '../drivers/logs.cjs', args: { folder }, ...driver },
      {
        id: 'images',
        module: '../drivers/images.cjs',
        args: {
          builder: import.meta.resolve('@espalier/core/internal/host.js'),
          problems: import.meta.resolve('@espalier/supervisor/client'),
        },
        // By which it finds places for images beside that of the modules.
        env: given(process.env, ['HOME', 'TMPDIR']),
        limits: { memoryMb: build?.memoryMb ?? BUILD_MB },
        ...driver,
      },
      {
        id: 'admin',
        module: '../drivers/admin.cjs',
        args: { folder, file: file ?? null, listen: listen ?? null, version },
        ...driver,
      },
    ],
  };
  try {
    return await start(spec, {
      embedded: true,
      base: new URL('.', import.meta.url),
      spares: { total: 0 },
      // They are bundled: this process builds nothing.
      images: {
        build: ({ module, base }) =>
          Promise.resolve(bundledImage(new URL(module, `${pathToFileURL(base).href}/`))),
      },
      onEvent,
      onOutput: (_path, _stream, text) => {
        process.stderr.write(text);
      },
    });
  } catch (error) {
    throw error instanceof EnvironmentError ? (causeOf(error) ?? error) : error;
  }
}

function given(env: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}

/** What the driver itself threw: an error that was sent keeps its code, and no more. */
function causeOf(error: EnvironmentError): HostError | undefined {
  let detail: unknown = error.reason?.detail;
  while (typeof detail === 'object' && detail !== null && 'reason' in detail) {
    detail = (detail.reason as { readonly detail?: unknown }).detail;
  }
  const { code, message } = (detail ?? {}) as { readonly code?: string; readonly message?: string };
  if (code === undefined || !Object.hasOwn(ERROR_CODES, code)) return undefined;
  if (ERROR_CODES[code as ErrorCode].kind !== 'host') return undefined;
  return new HostError(code as HostError['code'], message ?? code);
}

interface Told {
  readonly ready: (port: number | null) => void;
  readonly failed: (problem: Problem) => void;
  readonly say: (line: string) => void;
}

async function serve(services: Host, answer: ReturnType<typeof administration>, told: Told): Promise<void> {
  for (;;) {
    const item = await services.context.receive();
    if (item.type === 'call') answer(item);
    if (item.type === 'cast' && item.operation === 'ready') told.ready(item.arguments[0] as number | null);
    if (item.type === 'cast' && item.operation === 'say') told.say(item.arguments[0] as string);
    if (item.type === 'cast' && item.operation === 'failed') told.failed(item.arguments[0] as Problem);
  }
}

async function writeOutput(services: Host, output: OutputBuffer, say: (line: string) => void): Promise<void> {
  for (let batch = await output.next(); batch !== undefined; batch = await output.next()) {
    const lost = output.lost();
    if (lost > 0) say(`${lost} characters of output were lost: the driver of logs was too slow`);
    await written(services, batch);
  }
}

/** A driver that ended before it answered may have written the batch or not: then it is written again. */
async function written(services: Host, batch: readonly unknown[]): Promise<void> {
  for (;;) {
    try {
      await services.call('logs', 'write', [batch], { timeoutMs: Infinity });
      return;
    } catch (error) {
      if (!(error instanceof CallError) || error.code !== 'down') return;
    }
  }
}

function failureOf({ path, event }: TreeEvent & { readonly kind: 'supervision' }): string {
  const { tag, detail } = (event as { readonly reason: { readonly tag: string; readonly detail?: unknown } })
    .reason;
  return `${path}/${event.id} failed and is started again: ${tag}${detail instanceof Error ? `, ${detail.message}` : ''}`;
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
