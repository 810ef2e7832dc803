/**
 * The one file of code that every thread of a kind runs, compiled once for all of them. To compile it anew
 * takes a thread a quarter of the processor time in which a bare worker starts (7 of 27 ms, Node 20).
 *
 * V8 compiles a function when it is first called. So what the kernel's thread compiles, which runs none of
 * it, is the frame only; the first spare that has rehearsed hands over the rest.
 *
 * Invariants: V8 takes what was compiled only for the same text, version and flags, and compiles where it
 * does not; nothing is taken from a thread that a guest may have been in.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';

/** Plain data, handed to each thread in `workerData`. */
export interface ThreadCode {
  /** Absolute path of a CommonJS file. */
  readonly file: string;
  /** What V8 has compiled of it, if anything; shared by all threads, written by none. */
  readonly compiled: SharedArrayBuffer;
  /** Whether that holds what a rehearsal runs. */
  readonly rehearsed: boolean;
}

/** The same in a thread that runs it. */
export interface RunningCode extends ThreadCode {
  /** What V8 has compiled by now. */
  readonly compile: () => Uint8Array;
  /** Whether V8 has taken what was compiled. */
  readonly taken: boolean;
}

type ThreadFunction = (exports: object, require: NodeJS.Require, module: NodeJS.Module, file: string) => void;

export function compileThreadCode(url: URL): ThreadCode {
  const file = fileURLToPath(url);
  return { file, compiled: share(scriptOf(file).createCachedData()), rehearsed: false };
}

/** Whoever runs it compiles it. */
export function uncompiledThreadCode(url: URL): ThreadCode {
  return { file: fileURLToPath(url), compiled: new SharedArrayBuffer(0), rehearsed: false };
}

/** The code as a spare has compiled it that has rehearsed. */
export function rehearsedCode({ file }: ThreadCode, compiled: Uint8Array): ThreadCode {
  return { file, compiled: share(compiled), rehearsed: true };
}

/** In the thread: runs the file in the place of the module that calls this, and makes `code` a `RunningCode`. */
export function runThreadCode(code: ThreadCode, module: NodeJS.Module): void {
  const script = scriptOf(code.file, code.compiled.byteLength === 0 ? undefined : Buffer.from(code.compiled));
  const taken = script.cachedDataRejected === false;
  Object.assign(code, { compile: () => script.createCachedData(), taken } satisfies Omit<
    RunningCode,
    keyof ThreadCode
  >);
  const run = script.runInThisContext() as ThreadFunction;
  run(module.exports as object, module.require.bind(module) as NodeJS.Require, module, code.file);
}

function scriptOf(file: string, cachedData?: Buffer): vm.Script {
  // One byte a character: what is bundled is ASCII, and such a text takes half the memory.
  const text = readFileSync(file, 'latin1');
  return new vm.Script(`(function (exports, require, module, __filename) {${text}\n})`, {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}

function share(bytes: Uint8Array): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(bytes.length);
  new Uint8Array(shared).set(bytes);
  return shared;
}
