/**
 * Entry of the build thread: takes jobs, answers each once, ends when told to with nothing left behind.
 *
 * The bundler runs as a child process of this thread. Its own `stop` signals that process and returns at
 * once; the thread must not end before the process has, or nobody would collect it. The bundler does not
 * hand out its child, so `spawn` is watched, in this thread only. The child gets a process group of its
 * own: Ctrl-C goes to the whole group of the terminal, and a start that is to stop cleanly would fail of
 * a bundler that has gone. It ends by itself when the pipe to this process breaks.
 */
import childProcess, { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { parentPort } from 'node:worker_threads';
import { HostError } from '../errors.js';
import { UnfitModule } from './build-failure.js';
import {
  bundlerBroken,
  type BuildFault,
  type BuildJob,
  type FromBuildThread,
  type ToBuildThread,
} from './build-job.js';
import { buildImage } from './build-image.js';
import { writeCached } from './cache.js';

const children = new Set<ChildProcess>();
const { spawn } = childProcess;
childProcess.spawn = ((...[command, args, options]: Parameters<typeof spawn>) => {
  const child = spawn(command, args, { ...options, detached: true });
  children.add(child);
  child.once('exit', () => children.delete(child));
  child.once('error', () => children.delete(child));
  return child;
}) as typeof spawn;

const bundler = import('esbuild');

async function answer(id: number, job: BuildJob): Promise<FromBuildThread> {
  try {
    const built = await buildImage(await bundler, job);
    return { kind: 'built', id, image: writeCached(job.caches, job.key, built) };
  } catch (error) {
    if (error instanceof UnfitModule) return { kind: 'failed', id, failure: error.failure };
    return { kind: 'broken', id, fault: faultOf(error) };
  }
}

function faultOf(error: unknown): BuildFault {
  if (error instanceof HostError) {
    const { message, field = 'module', remedy, cause } = error;
    return { message, field, remedy, cause: String(cause) };
  }
  const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return bundlerBroken(cause);
}

async function close(): Promise<void> {
  await bundler.then((esbuild) => esbuild.stop()).catch(() => undefined);
  await Promise.all([...children].map((child) => once(child, 'exit')));
  process.exit(0); // Ends this thread only.
}

parentPort?.on('message', (message: ToBuildThread) => {
  if (message.kind === 'close') void close();
  else void answer(message.id, message.job).then((reply) => parentPort?.postMessage(reply));
});
