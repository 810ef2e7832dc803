/**
 * The walker: finds the files. It goes on only when it is asked for more, so a slow census does not fill
 * anybody's mailbox with paths, and it keeps the list of all it has found: the census is checked against it.
 */
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Refusal, server } from '@espalier/core';
import { extensionOf } from './finding.js';

interface Args {
  /** Relative to the folder of the spec. */
  readonly dir: string;
}

interface State {
  /** Folders still to be read, the next one last. */
  readonly folders: string[];
  readonly found: string[];
}

export default server({
  init({ dir }: Args): State {
    return { folders: [resolve(import.meta.dirname, '..', dir)], found: [] };
  },
  calls: {
    /** The files from number `from` on, as many as are at hand, at least one; none: that was all. */
    next({ state }, from: number, atMost: number): readonly string[] {
      while (state.found.length === from && state.folders.length > 0) readFolder(state);
      return state.found.slice(from, from + atMost);
    },
  },
});

function readFolder({ folders, found }: State): void {
  const folder = folders.pop() as string;
  const inner: string[] = [];
  // By name, so that two runs go the same way. A symbolic link is neither file nor folder here.
  for (const entry of entriesOf(folder).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) inner.push(path);
    else if (entry.isFile() && extensionOf(path) !== undefined) found.push(path);
  }
  folders.push(...inner.reverse());
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw new Refusal(`the folder ${folder} cannot be read: ${(error as Error).message}`);
  }
}
