/** In which form all that lies in the folder is written: a number in the file `format`, of which a daemon knows those up to its own. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError } from '@espalier/core';
import { writeNew } from './atomic-file.js';

const FORMAT = 1;

/**
 * A folder without one has the first, and is given its number: so a later version knows it.
 *
 * @throws HostError `state_newer`, `state_unreadable`, `state_unwritable`.
 */
export async function knownFormat(folder: string): Promise<void> {
  const file = join(folder, 'format');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) {
    await writeNew(file, `${FORMAT}\n`);
    return;
  }
  const facts = { field: 'folder', value: folder };
  if (!/^\d{1,9}\n?$/.test(text)) throw new HostError('state_unreadable', `${file} holds no number`, facts);
  if (Number(text) <= FORMAT) return;
  throw new HostError(
    'state_newer',
    `${folder} is of format ${Number(text)}, and this version knows ${FORMAT}`,
    facts,
  );
}
