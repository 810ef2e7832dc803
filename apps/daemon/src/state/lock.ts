/**
 * One driver of administration at a time in a folder: who holds it stands in the file `lock`, by process and by
 * the moment of its start, so that a number that was given out again holds nothing.
 */
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError } from '@espalier/core';

export interface LockOptions {
  readonly pid: number;
  /** Of any process; undefined if it does not run. */
  readonly startOf: (pid: number) => Promise<string | undefined>;
  /** A daemon that was killed leaves a driver behind that ends itself at once; so often it is looked for. */
  readonly attempts: number;
  readonly pause: () => Promise<void>;
}

/** Held until the process ends. @throws HostError `daemon_running`. */
export async function takeLock(folder: string, options: LockOptions): Promise<void> {
  const file = join(folder, 'lock');
  const own = `${options.pid} ${(await options.startOf(options.pid)) ?? ''}`;
  const aside = `${file}.${options.pid}`;
  await writeFile(aside, own, { mode: 0o600 });
  try {
    for (let attempt = 1; !(await tryToTake(file, aside, own, options)); attempt++) {
      if (attempt >= options.attempts) throw running(folder, await readOr(file, ''));
      await options.pause();
    }
  } finally {
    await rm(aside, { force: true });
  }
}

async function tryToTake(file: string, aside: string, own: string, options: LockOptions): Promise<boolean> {
  if (await linked(aside, file)) return true;
  const holder = await readOr(file, undefined);
  if (holder === own) return true;
  if (holder !== undefined && (await holds(holder, options))) return false;
  // Moved out of the way and looked at again: somebody may have taken it since we read it.
  const moved = `${aside}.old`;
  try {
    await rename(file, moved);
  } catch {
    return false;
  }
  const was = await readOr(moved, '');
  if (was !== holder && (await holds(was, options))) await linked(moved, file);
  await rm(moved, { force: true });
  if (!(await linked(aside, file))) return false;
  // Another one may have moved ours away in the same way, and a third have come in between.
  await options.pause();
  return (await readOr(file, '')) === own;
}

async function holds(holder: string, { startOf }: LockOptions): Promise<boolean> {
  const [pid = '', ...start] = holder.split(' ');
  return holder !== '' && (await startOf(Number(pid))) === start.join(' ');
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as { readonly code?: string }).code === 'EEXIST') return false;
    throw error;
  }
}

async function readOr<T>(file: string, otherwise: T): Promise<string | T> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return otherwise;
  }
}

/** When it was started, in ticks since the machine was, where there is /proc; elsewhere only that it runs. */
export async function startOfProcess(pid: number): Promise<string | undefined> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as { readonly code?: string }).code !== 'EPERM') return undefined;
  }
  const status = await readOr(`/proc/${pid}/stat`, undefined);
  if (status === undefined) return '';
  // The name of the program may hold spaces and parentheses: what comes after the last one counts.
  const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[19];
}

function running(folder: string, holder: string): HostError {
  return new HostError('daemon_running', `process ${holder.split(' ')[0] ?? ''} runs a daemon in ${folder}`, {
    field: 'folder',
    value: folder,
  });
}
