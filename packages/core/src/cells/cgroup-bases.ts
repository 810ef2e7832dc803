/**
 * Where cgroups can be made: below the one that this process is in, of version 1 (each controller in a tree of
 * its own) or 2 (one tree, whose controllers a parent has to hand on). Found out by making one.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { CgroupBase, Controller } from './walls.js';

/** What the search needs of the file system. */
export interface CgroupFiles {
  readFile(path: string): Promise<string>;
  mkdir(path: string): Promise<void>;
  rmdir(path: string): Promise<void>;
}

/** A folder to make cgroups in, or why there is none. */
export type CgroupSearch = CgroupBase | string;

interface Mount {
  readonly type: string;
  /** What of the hierarchy is mounted. */
  readonly root: string;
  readonly folder: string;
  readonly options: readonly string[];
}

export async function findCgroupBase(controller: Controller, files: CgroupFiles): Promise<CgroupSearch> {
  let mounts: readonly Mount[];
  let groups: readonly string[][];
  try {
    mounts = (await files.readFile('/proc/self/mountinfo')).split('\n').flatMap(mountOf);
    groups = (await files.readFile('/proc/self/cgroup')).split('\n').map((line) => line.split(':'));
  } catch {
    return 'this system has no cgroups';
  }
  const first = mounts.find(({ type, options }) => type === 'cgroup' && options.includes(controller));
  const own = groups.find(([, names]) => names?.split(',').includes(controller));
  if (first !== undefined && own !== undefined) {
    return tryBase({ version: 1, folder: folderOf(first, own.slice(2).join(':')) }, controller, files);
  }
  const second = mounts.find(({ type }) => type === 'cgroup2');
  const unified = groups.find(([number, names]) => number === '0' && names === '');
  if (second === undefined || unified === undefined) return `no cgroup tree holds '${controller}'`;
  return tryBase({ version: 2, folder: folderOf(second, unified.slice(2).join(':')) }, controller, files);
}

async function tryBase(base: CgroupBase, controller: Controller, files: CgroupFiles): Promise<CgroupSearch> {
  const folder = join(base.folder, `espalier-probe-${randomBytes(6).toString('hex')}`);
  try {
    await files.mkdir(folder);
  } catch (error) {
    return `${base.folder}: ${(error as Error).message}`;
  }
  try {
    if (base.version === 1) return base;
    const given = (await files.readFile(join(folder, 'cgroup.controllers'))).trim().split(' ');
    return given.includes(controller)
      ? base
      : `${base.folder} does not hand '${controller}' on to its children`;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await files.rmdir(folder).catch(() => undefined);
  }
}

/** Where a cgroup is seen: only what lies below the root of the mount is. */
function folderOf({ root, folder }: Mount, path: string): string {
  if (root === '/') return join(folder, path);
  return path === root || path.startsWith(`${root}/`) ? join(folder, path.slice(root.length)) : folder;
}

/** proc(5): id, parent, device, root, folder, options, optional fields, `-`, type, source, options of the tree. */
function mountOf(line: string): Mount[] {
  const fields = line.split(' ');
  const dash = fields.indexOf('-');
  const [type, , options] = fields.slice(dash + 1);
  const [, , , root, folder] = fields;
  if (dash < 0 || type === undefined || root === undefined || folder === undefined) return [];
  return [{ type, root, folder, options: options?.split(',') ?? [] }];
}
