/**
 * A file that is there as a whole or not at all, whatever ends the machine when: written aside, made durable,
 * given its name, and the name made durable. It never takes the place of another.
 */
import { link, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Rejects with Node's `EEXIST` if there is a file of that name. */
export async function writeNew(path: string, text: string): Promise<void> {
  const aside = `${path}.tmp`;
  await rm(aside, { force: true });
  const file = await open(aside, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await link(aside, path);
  await rm(aside);
  await syncFolder(dirname(path));
}

/** Resolves when it would not be there after a crash; also if it was not there. */
export async function removeDurably(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncFolder(dirname(path));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
