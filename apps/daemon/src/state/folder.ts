/** A folder that is its owner's alone: made so, or refused. */
import { chmod, lstat, mkdir } from 'node:fs/promises';
import { geteuid } from 'node:process';
import { HostError } from '@espalier/core';

const OTHERS = 0o077;

/**
 * Makes it, with the folders above it, if it is not there.
 *
 * @throws HostError `folder_unsafe`: it cannot be made, is another's, is open to others, or is no folder (a link to one is none).
 */
export async function privateFolder(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 }).catch((error: Error) => {
    throw unsafe(path, error.message, error);
  });
  // The mask of the process may have taken more away than we ask for.
  if (made !== undefined) await chmod(path, 0o700);
  const found = await lstat(path);
  const user = geteuid?.();
  if (!found.isDirectory()) throw unsafe(path, 'it is no folder');
  if (user !== undefined && found.uid !== user) throw unsafe(path, `it belongs to user ${found.uid}`);
  if ((found.mode & OTHERS) !== 0) {
    throw unsafe(path, `its mode is 0${(found.mode & 0o777).toString(8)}`);
  }
}

function unsafe(path: string, why: string, cause?: unknown): HostError {
  return new HostError('folder_unsafe', `${path} is not the daemon's alone: ${why}`, {
    field: 'folder',
    value: path,
    cause,
  });
}
