/**
 * A file that is there as a whole or not at all, whatever ends the machine when: written aside, made durable,
 * given its name, and the name made durable. It never takes the place of another, but where that is asked for.
 */
import { link, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HostError } from '@espalier/core';

/** Space on the disk for one file that has no name yet. */
export interface Room {
  /** Once. Rejects as `writeNew`. */
  fill(text: string): Promise<void>;
  /** If it was not filled it is given back. */
  release(): Promise<void>;
}

/** Rejects with Node's `EEXIST` if there is a file of that name. @throws HostError `state_unwritable`. */
export async function writeNew(path: string, text: string): Promise<void> {
  const room = await roomFor(path, 0);
  try {
    await room.fill(text);
  } finally {
    await room.release();
  }
}

/** Whoever reads, and whatever ends the machine, finds it or what it replaces. @throws HostError `state_unwritable`. */
export async function writeOver(path: string, text: string): Promise<void> {
  const next = `${path}.next`;
  await orUnwritable(path, () => rm(next, { force: true }));
  await writeNew(next, text);
  await orUnwritable(path, async () => {
    await rename(next, path);
    await syncFolder(dirname(path));
  });
}

/** So many bytes are the disk's promise: what is no longer can be written when it is full. @throws HostError `state_unwritable`. */
export async function roomFor(path: string, bytes: number): Promise<Room> {
  const aside = `${path}.tmp`;
  const file = await orUnwritable(path, async () => {
    await rm(aside, { force: true });
    return open(aside, 'wx', 0o600);
  });
  const release = async (): Promise<void> => {
    await file.close();
    await rm(aside, { force: true });
  };
  try {
    // Spaces, not a hole: only what was written has a place.
    await orUnwritable(path, () => written(file, ' '.repeat(bytes)));
  } catch (error) {
    await release();
    throw error;
  }
  const fill = (text: string): Promise<void> => {
    return orUnwritable(path, async () => {
      await written(file, text);
      await link(aside, path);
      await rm(aside);
      await syncFolder(dirname(path));
    });
  };
  return { fill, release };
}

/** In place of what is there. */
async function written(file: FileHandle, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;)
    at += (await file.write(bytes, at, bytes.length - at, at)).bytesWritten;
  await file.truncate(bytes.length);
  await file.sync();
}

/** Resolves when it would not be there after a crash; also if it was not there. */
export async function removeDurably(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncFolder(dirname(path));
}

/** What the system refuses, as people at the daemon are told it. */
export async function orUnwritable<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    throw (cause as NodeJS.ErrnoException).code === 'EEXIST' ? cause : unwritable(path, cause as Error);
  }
}

/** By default the file is what is told of it. */
export function unwritable(
  path: string,
  cause: Error,
  facts: { readonly field: string; readonly value: unknown } = { field: 'file', value: path },
): HostError {
  return new HostError('state_unwritable', `${path} cannot be written: ${cause.message}`, {
    ...facts,
    cause,
  });
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
