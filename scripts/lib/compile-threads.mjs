/**
 * Compiles the code of threads and cells ahead, for the Node that builds: beside each bundle lies what V8 has made of it
 * (packages/core/src/threads/thread-code.ts reads it). Another version of V8 looks for a file of its own and finds none.
 *
 * The code of a guest's thread goes through a rehearsal, so that what lies there is what a start runs: every thread keeps
 * it in memory. Of the kernels, of which there are few, all functions are compiled: 1.5 ms to read, 12 to compile.
 */
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { MessageChannel, Worker } from 'node:worker_threads';
import { ROOT } from './project.mjs';

const GUEST = join(ROOT, 'packages/core/dist/threads/guest-thread.cjs');
const KERNELS = ['kernel-thread.cjs', 'cell.cjs'].map((name) => join(ROOT, 'packages/supervisor/dist', name));
const FILES = [GUEST, ...KERNELS];
const THREADS = pathToFileURL(join(ROOT, 'packages/core/dist/threads/'));
const WITHIN_MS = 60_000;

const threadCode = () => import(new URL('thread-code.js', THREADS).href);
/** As thread-code.ts names it, which is not there before the first build. */
const compiledOf = (file) => `${file}.${process.versions.v8}-${process.platform}-${process.arch}.v8`;

/** Before the bundles change: V8 tells code that it has compiled from other code by the length alone. */
export function removeCompiled() {
  for (const file of FILES) {
    const old = existsSync(dirname(file)) ? readdirSync(dirname(file)) : [];
    const ours = old.filter((name) => name.startsWith(`${basename(file)}.`) && name.endsWith('.v8'));
    for (const name of ours) rmSync(join(dirname(file), name));
  }
}

export async function compileThreads() {
  const { scriptOf } = await threadCode();
  writeFileSync(compiledOf(GUEST), await rehearsed());
  for (const file of KERNELS) {
    setFlagsFromString('--no-lazy');
    const script = scriptOf(file);
    // V8 takes what was compiled only under the flags under which it was made.
    setFlagsFromString('--lazy');
    writeFileSync(compiledOf(file), script.createCachedData());
  }
}

/** A guest's thread is started as the wall does, and never let in: so it rehearses, and tells what was compiled. */
async function rehearsed() {
  const { builtThreadCode } = await threadCode();
  const [control, wall] = [new MessageChannel(), new MessageChannel()];
  const worker = new Worker(new URL('compiled-thread.cjs', THREADS), {
    workerData: {
      control: control.port2,
      wall: wall.port2,
      gate: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
      code: builtThreadCode(pathToFileURL(GUEST)),
    },
    transferList: [control.port2, wall.port2],
    env: {},
    execArgv: [],
    // Not to be read: the thread has standard streams of its own.
    stdout: true,
    stderr: true,
  });
  const compiled = await new Promise((resolve, reject) => {
    const late = setTimeout(reject, WITHIN_MS, new Error('the code of threads was not rehearsed in time'));
    worker.once('error', reject);
    wall.port1.on('message', ({ tag, compiled: code }) => {
      if (tag !== 'rehearsed') return;
      clearTimeout(late);
      resolve(code);
    });
  });
  wall.port1.close();
  control.port1.close();
  await worker.terminate();
  return compiled;
}

export const compiledExist = () => FILES.every((file) => existsSync(compiledOf(file)));
