/**
 * The one file of code that every thread of a kind runs, compiled once for all of them. To compile it anew
 * takes a thread a quarter of the processor time in which a bare worker starts (7 of 27 ms, Node 20).
 *
 * What the build has compiled lies beside the file, for the Node that built it (scripts/lib/compile-threads.mjs). Any
 * other makes it anew. V8 compiles a function when it is first called. So what the kernel's thread compiles, which runs
 * none of it, is the frame only; the first spare that has rehearsed hands over the rest.
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

export function compileThreadCode({ file }: Pick<ThreadCode, 'file'>): ThreadCode {
  return { file, compiled: share(scriptOf(file).createCachedData()), rehearsed: false };
}

/** Whoever runs it takes what the build has compiled, or compiles it. */
export function builtThreadCode(url: URL): ThreadCode {
  return { file: fileURLToPath(url), compiled: new SharedArrayBuffer(0), rehearsed: false };
}

/** Where the build leaves what it has compiled of a file: for this version of V8 on this kind of machine. */
export function builtCompiled(file: string): string {
  return `${file}.${process.versions.v8}-${process.platform}-${process.arch}.v8`;
}

/** The code as a spare has compiled it that has rehearsed. */
export function rehearsedCode({ file }: ThreadCode, compiled: Uint8Array): ThreadCode {
  return { file, compiled: share(compiled), rehearsed: true };
}

/** In the thread: runs the file in the place of the module that calls this, and makes `code` a `RunningCode`. */
export function runThreadCode(code: ThreadCode, module: NodeJS.Module): void {
  const given = code.compiled.byteLength > 0;
  const script = scriptOf(code.file, given ? Buffer.from(code.compiled) : readBuilt(code.file));
  const taken = script.cachedDataRejected === false;
  // What the build has compiled holds what a rehearsal runs.
  const rehearsed = code.rehearsed || (taken && !given);
  Object.assign(code, { compile: () => script.createCachedData(), taken, rehearsed } satisfies Omit<
    RunningCode,
    'file' | 'compiled'
  >);
  const run = script.runInThisContext() as ThreadFunction;
  run(module.exports as object, module.require.bind(module) as NodeJS.Require, module, code.file);
}

export function scriptOf(file: string, cachedData?: Buffer): vm.Script {
  // One byte a character: what is bundled is ASCII, and such a text takes half the memory.
  const text = readFileSync(file, 'latin1');
  return new vm.Script(`(function (exports, require, module, __filename) {${text}\n})`, {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}

function readBuilt(file: string): Buffer | undefined {
  try {
    return readFileSync(builtCompiled(file));
  } catch {
    return undefined;
  }
}

function share(bytes: Uint8Array): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(bytes.length);
  new Uint8Array(shared).set(bytes);
  return shared;
}
