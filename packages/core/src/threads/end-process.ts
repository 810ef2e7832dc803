/**
 * The end of a process that may hold threads which cannot be stopped. `process.exit` waits for every
 * thread, for ever if one is stuck. What does not wait is the C library's `exit`, and Node has one public
 * door to it: a WebAssembly module that calls `proc_exit` of WASI. It keeps the exit code; SIGKILL, the last
 * resort, does not (a shell sees 137). Nor is it kept where the stuck thread trips over what the library's handlers take
 * away beside it: SIGSEGV, seen in one of some hundred ends on a busy machine. The output is out by then.
 */
import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';

export interface EndProcessOptions {
  /** Whether a thread is stuck. A kernel in a thread of its own tells the main thread so. */
  readonly stuck: boolean;
}

/**
 * Ends this process with `code` after its standard output has been written. Call it in the main thread.
 * Where a thread is stuck no `exit` listener runs.
 */
export async function endProcess(code: number, { stuck }: EndProcessOptions): Promise<never> {
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  if (!stuck && isMainThread) process.exit(code);
  try {
    exitAtOnce(code);
  } catch {
    // No WebAssembly or no WASI in this Node: only the signal is left.
  }
  process.kill(process.pid, 'SIGKILL');
  return new Promise<never>(() => undefined);
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.destroyed || stream.writableEnded) return Promise.resolve();
  return new Promise((resolve) => {
    stream.once('error', () => resolve());
    stream.write('', () => resolve());
  });
}

interface WasiModule {
  readonly WASI: new (options: { version: 'preview1'; returnOnExit: false }) => {
    getImportObject(): WebAssemblyImports;
    start(instance: object): number;
  };
}

type WebAssemblyImports = Record<string, Record<string, unknown>>;

/** What we use of the global WebAssembly, which the ES library's types leave to the DOM's. */
interface WebAssemblyGlobal {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: WebAssemblyImports) => object;
}

function exitAtOnce(code: number): void {
  const { WASI } = createRequire(import.meta.url)('node:wasi') as WasiModule;
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyGlobal };
  const wasi = new WASI({ version: 'preview1', returnOnExit: false });
  const module = new WebAssembly.Module(exitingModule(code));
  wasi.start(new WebAssembly.Instance(module, wasi.getImportObject()));
}

/**
 * In the text format: (module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
 * (memory (export "memory") 1) (func (export "_start") i32.const CODE call 0))
 */
function exitingModule(code: number): Uint8Array {
  const name = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)];
  const section = (id: number, ...body: number[]): number[] => [id, body.length, ...body];
  const lowByte = code & 0xff;
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, 2, 0x60, 1, 0x7f, 0, 0x60, 0, 0),
    ...section(2, 1, ...name('wasi_snapshot_preview1'), ...name('proc_exit'), 0, 0),
    ...section(3, 1, 1),
    ...section(5, 1, 0, 1),
    ...section(7, 2, ...name('memory'), 2, 0, ...name('_start'), 0, 1),
    // A signed LEB128 of two bytes holds every exit code.
    ...section(10, 1, 7, 0, 0x41, 0x80 | (lowByte & 0x7f), lowByte >> 7, 0x10, 0, 0x0b),
  ]);
}
