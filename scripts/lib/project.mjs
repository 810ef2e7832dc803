/** What all scripts share: where the project is, who belongs to it, and how to speak (on stderr only). */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

/** The folders that hold workspace packages, as in pnpm-workspace.yaml. */
const PARENTS = ['packages', 'apps', 'apps/examples'];

export function say(text) {
  process.stderr.write(`${text}\n`);
}

export function readJson(path) {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
}

/** Every workspace package: `{ dir, manifest }`, with `dir` relative to the root, in a fixed order. */
export function workspacePackages() {
  const dirs = PARENTS.flatMap((parent) => {
    if (!existsSync(join(ROOT, parent))) return [];
    return readdirSync(join(ROOT, parent))
      .sort()
      .map((name) => `${parent}/${name}`);
  });
  return [...dirs, 'test']
    .filter((dir) => existsSync(join(ROOT, dir, 'package.json')))
    .map((dir) => ({ dir, manifest: readJson(join(dir, 'package.json')) }));
}

/** Files below `dir` (relative to the root, as are the results), leaving out what is installed or built. */
export function filesBelow(dir, wanted = () => true) {
  const skipped = new Set(['node_modules', 'dist', '.git', '.tools', '.cache']);
  const found = [];
  const walk = (folder) => {
    let entries;
    try {
      entries = readdirSync(join(ROOT, folder), { withFileTypes: true });
    } catch {
      return;
    }
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!skipped.has(entry.name)) walk(path);
      } else if (entry.isFile() && wanted(path)) {
        found.push(path);
      }
    }
  };
  walk(dir);
  return found;
}

/** Imports a built module; `path` is relative to the root. */
export function built(path) {
  return import(pathToFileURL(join(ROOT, path)).href);
}
