/**
 * One driver of administration at a time in a folder. Who holds it stands in the file `lock.<n>` with the greatest
 * number, by process and by the moment of its start, so that a number that was given out again holds nothing.
 *
 * A lock whose holder has ended is never removed to be taken: whoever comes next makes the one after it, which only
 * one can. So there is no moment at which somebody moves away what a third has just taken. Older ones are removed by
 * who holds a newer one; who has made one of these again sees the newer one when he looks once more.
 */
import { link, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError } from '@espalier/core';
import { orUnwritable } from './atomic-file.js';

export interface LockOptions {
  readonly pid: number;
  /** Of any process; undefined if it does not run. */
  readonly startOf: (pid: number) => Promise<string | undefined>;
  /** A daemon that was killed leaves a driver behind that ends itself at once; so often it is looked for. */
  readonly attempts: number;
  readonly pause: () => Promise<void>;
}

const NAME = /^lock\.(\d{1,15})$/;

/** Held until the process ends. @throws HostError `daemon_running`, `state_unwritable`. */
export async function takeLock(folder: string, options: LockOptions): Promise<void> {
  const own = `${options.pid} ${(await options.startOf(options.pid)) ?? ''}`;
  const aside = join(folder, `taking.${options.pid}`);
  try {
    await orUnwritable(aside, () => writeFile(aside, own, { mode: 0o600 }));
    for (let attempt = 1; ; attempt++) {
      const holder = await otherHolder(folder, aside, own, options);
      if (holder === undefined) return;
      if (attempt >= options.attempts) throw running(folder, holder);
      await options.pause();
    }
  } finally {
    await rm(aside, { force: true });
  }
}

/** Resolves with who holds it; undefined: we do. */
async function otherHolder(
  folder: string,
  aside: string,
  own: string,
  options: LockOptions,
): Promise<string | undefined> {
  for (;;) {
    const newest = (await numbersIn(folder)).at(-1) ?? 0;
    const holder = await readOr(join(folder, `lock.${newest}`), '');
    if (holder === own) return undefined;
    if (await holds(holder, options)) return holder;
    const taken = newest + 1;
    // Who is beaten to it looks again: the other one has come further.
    if (!(await linked(aside, join(folder, `lock.${taken}`)))) continue;
    const numbers = await numbersIn(folder);
    const isNewest = numbers.at(-1) === taken;
    for (const number of isNewest ? numbers.slice(0, -1) : [taken]) {
      await rm(join(folder, `lock.${number}`), { force: true });
    }
    if (isNewest) return undefined;
  }
}

async function numbersIn(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  const numbers = names.flatMap((name) => {
    const number = NAME.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
  return numbers.sort((a, b) => a - b);
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
