/**
 * Packages that cannot be bundled go, whole and with the packages they depend on, into a folder of
 * their own, from where Node loads them.
 *
 *   root of <folder>: node_modules/<name>        → link into the store: what the image may ask for
 *   <folder>/store/<n>/node_modules/<name>/…     one package's files
 *   <folder>/store/<n>/node_modules/<dependency> → link to another <n>
 *
 * Invariants: the folder is named by the hash over every path, mode bit, link and byte in it; nothing in
 * it is writable; no folder above it has a node_modules, so that a package finds what lies in here and
 * nothing else; it appears under its name only when it is complete.
 */
import { createHash, randomUUID } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { HostError } from '../errors.js';
import { UnfitModule } from './build-failure.js';
import { exists, packageFinder, realPlace } from './evidence.js';
import { hashBytes, type Hash, type ImagePackage } from './image.js';
import { readPackage, type PackageInfo } from './package-info.js';

export interface ExternalFolder {
  readonly names: readonly string[];
  readonly folder: string;
  readonly hash: Hash;
  readonly packages: readonly ImagePackage[];
  /** The files it was made from, and each question for a package that was asked on the way. */
  readonly sources: readonly { readonly path: string; readonly hash: Hash }[];
  readonly asked: readonly { readonly folder: string; readonly name: string }[];
}

const FILES_PER_TURN = 32;

interface Node {
  readonly info: PackageInfo;
  readonly slot: string;
  readonly links: Map<string, Node>;
}

/** Regular files below a folder, sorted; links and `skip` are left out. */
function walk(folder: string, skip: readonly string[] = []): string[] {
  const found: string[] = [];
  const enter = (current: string): void => {
    for (const entry of readdirSync(current, { withFileTypes: true })) {
      const path = join(current, entry.name);
      if (entry.isDirectory() && !skip.includes(entry.name)) enter(path);
      else if (entry.isFile()) found.push(path);
    }
  };
  enter(folder);
  return found.sort();
}

/** The hash over everything in a folder. Null when it cannot be read. Yields between slices. */
export async function hashFolder(folder: string): Promise<Hash | null> {
  const total = createHash('sha256');
  let count = 0;
  const enter = async (current: string): Promise<void> => {
    const names = readdirSync(current).sort();
    for (const name of names) {
      const path = join(current, name);
      const stats = lstatSync(path);
      const shown = relative(folder, path).split(sep).join('/');
      if (stats.isSymbolicLink()) total.update(`link ${shown}\0${readlinkSync(path)}\0`);
      else if (stats.isDirectory()) await enter(path);
      else
        total.update(`file ${shown}\0${stats.mode & 0o111 ? 'x' : '-'}\0${hashBytes(readFileSync(path))}\0`);
      if (++count % FILES_PER_TURN === 0) await nextTurn();
    }
  };
  try {
    await enter(folder);
    return `sha256-${total.digest('hex')}`;
  } catch {
    return null;
  }
}

/** Whether Node, asked for a package inside `folder`, could find one above it. */
export function hasModulesAbove(folder: string): boolean {
  for (let current = folder; ; current = dirname(current)) {
    if (exists(join(current, 'node_modules'))) return true;
    if (dirname(current) === current) return false;
  }
}

function collectClosure(roots: ReadonlyMap<string, string>): {
  tops: Map<string, Node>;
  nodes: Node[];
  asked: { folder: string; name: string }[];
} {
  const find = packageFinder();
  const asked: { folder: string; name: string }[] = [];
  const nodes = new Map<string, Node>();
  const visit = (folder: string, name: string): Node | null => {
    asked.push({ folder, name });
    const found = find(folder, name);
    const info = found === null ? null : readPackage(found);
    if (info === null) return null;
    const known = nodes.get(info.folder);
    if (known !== undefined) return known;
    const node: Node = { info, slot: String(nodes.size), links: new Map() };
    nodes.set(info.folder, node);
    for (const dependency of info.dependencies) {
      const next = visit(info.folder, dependency); // Optional and peer packages need not be there.
      if (next !== null && dependency !== info.name) node.links.set(dependency, next);
    }
    return node;
  };
  const tops = new Map<string, Node>();
  for (const [name, folder] of [...roots].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const node = visit(folder, name);
    if (node === null) throw new UnfitModule(missingExternal(name, folder));
    tops.set(name, node);
  }
  return { tops, nodes: [...nodes.values()], asked };
}

function missingExternal(name: string, folder: string) {
  return {
    code: 'module_missing',
    message: `The external package "${name}" cannot be found from ${folder}`,
    value: name,
    path: folder,
    remedy: 'Install it, or take it out of `external`.',
    cause: 'No node_modules folder from there upwards has it.',
  } as const;
}

const packageAt = (root: string, node: Node): string =>
  join(root, 'store', node.slot, 'node_modules', node.info.name);

function link(from: string, to: string): void {
  mkdirSync(dirname(from), { recursive: true });
  symlinkSync(relative(dirname(from), to), from, 'junction');
}

function writePackage(root: string, node: Node): { path: string; hash: Hash }[] {
  const target = packageAt(root, node);
  const sources = walk(node.info.folder, ['node_modules', '.git']).map((path) => {
    const bytes = readFileSync(path);
    const copy = join(target, relative(node.info.folder, path));
    mkdirSync(dirname(copy), { recursive: true });
    writeFileSync(copy, bytes, { mode: lstatSync(path).mode & 0o111 ? 0o555 : 0o444 });
    return { path, hash: hashBytes(bytes) };
  });
  for (const [name, next] of node.links) {
    link(join(root, 'store', node.slot, 'node_modules', name), packageAt(root, next));
  }
  return sources;
}

function setWritable(folder: string, mode: number): void {
  chmodSync(folder, mode | 0o200);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) setWritable(join(folder, entry.name), mode);
  }
  chmodSync(folder, mode);
}

function remove(folder: string): void {
  try {
    setWritable(folder, 0o755);
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Somebody else removes it too, or still uses it: it is only rubbish under a name of its own.
  }
}

/** Puts a complete folder under its name. Another process may do the same at the same time. */
async function settle(made: string, target: string, hash: Hash): Promise<void> {
  if ((await hashFolder(target)) === hash) return remove(made);
  try {
    if (exists(target)) {
      const damaged = `${made}-damaged`;
      renameSync(target, damaged);
      remove(damaged);
    }
    renameSync(made, target);
    chmodSync(target, 0o555);
  } catch (error) {
    remove(made);
    if ((await hashFolder(target)) !== hash) throw error;
  }
}

function unusable(cause: string): HostError {
  return new HostError('host_unfit', 'There is no folder for packages that cannot be bundled', {
    field: 'packagesDir',
    cause,
    remedy: 'Give `packagesDir`: a folder that can be written and has no node_modules beside or above it.',
  });
}

/**
 * @param roots names of packages, each with the folder from which it is asked for
 * @param places where the folder may be kept, best first
 * @throws UnfitModule when a package is missing; HostError `host_unfit` when no place can be used
 */
export async function makeExternalFolder(
  roots: ReadonlyMap<string, string>,
  places: readonly string[],
): Promise<ExternalFolder> {
  const { tops, nodes, asked } = collectClosure(roots);
  const problems: string[] = [];
  for (const place of places.map(realPlace)) {
    if (hasModulesAbove(place)) {
      problems.push(`${place} has a node_modules above it`);
      continue;
    }
    const made = join(place, `.new-${randomUUID()}`);
    try {
      mkdirSync(made, { recursive: true });
      const packages: ImagePackage[] = [];
      const sources: { path: string; hash: Hash }[] = [];
      for (const node of nodes) {
        const written = writePackage(made, node);
        sources.push(...written);
        const { name, version } = node.info;
        packages.push({ name, version, files: written.length, external: true });
      }
      for (const [name, node] of tops) link(join(made, 'root', 'node_modules', name), packageAt(made, node));
      const hash = await hashFolder(made);
      if (hash === null) throw unusable('what was just written cannot be read');
      for (const name of readdirSync(made)) setWritable(join(made, name), 0o555);
      const folder = join(place, hash.slice('sha256-'.length));
      await settle(made, folder, hash);
      return { names: [...tops.keys()], folder, hash, packages, sources, asked };
    } catch (error) {
      remove(made);
      problems.push(`${place}: ${String(error)}`);
    }
  }
  throw unusable(problems.join('; '));
}
