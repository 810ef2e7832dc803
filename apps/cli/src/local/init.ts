/** `espalier init`: a new project that runs as it is. */
import { mkdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { HostError } from '@espalier/core';
import type { Terminal } from '../remote/terminal.js';
import { templateFiles } from './template.js';

/** Who installed our packages into the folder has one already. */
const LEFT_ALONE = new Set(['package.json', '.gitignore']);

/** @throws HostError `file_exists`: nothing was written. */
export async function init(terminal: Terminal, given: string, name: string | undefined): Promise<undefined> {
  const folder = resolve(given);
  const project = name ?? nameOf(folder);
  const files = Object.entries(templateFiles(project)).filter(([file]) => {
    const path = join(folder, file);
    if (!existsSync(path)) return true;
    if (LEFT_ALONE.has(file)) return false;
    throw new HostError('file_exists', `${path} is there already`, { field: 'folder', value: folder });
  });
  for (const [file, text] of files) {
    const path = join(folder, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { flag: 'wx' });
  }
  const spec = `${project}.espalier.yaml`;
  const there = relative(process.cwd(), folder);
  terminal.tell({ folder, name: project, files: files.map(([file]) => file) }, () => [
    ...files.map(([file]) => `wrote ${join(there, file)}`),
    `Try it: ${there === '' ? '' : `cd ${/^[\w./-]+$/.test(there) ? there : `'${there}'`} && `}${command(folder)} up ${spec}`,
  ]);
}

/** Where our packages are installed in the folder itself, the shell does not find the command. */
function command(folder: string): string {
  return existsSync(join(folder, 'node_modules/.bin/espalier')) ? 'npx espalier' : 'espalier';
}

/** The folder's, as ids of nodes are written. */
function nameOf(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return name === '' ? 'hello' : name;
}
