/**
 * Images on disk: so that a restart, of one environment or of the whole host, compiles nothing.
 *
 *   <cache>/<key>.json                 the entry: manifest, evidence, hashes, names of the files below
 *   <cache>/<key>-<hash>.js .map .v8   code, source map, V8's code cache
 *
 * The key stands for what was asked for (module, base folder, options, versions of bundler and format,
 * of V8 and the machine's kind); the entry's evidence says whether the answer still holds. Each file is
 * written aside and renamed, the entry last, so that readers and writers in any number of processes meet
 * complete files only; each is checked by its hash when it is read. A cache that cannot be read or
 * written is done without.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { getuid } from 'node:process';
import { dirname, join } from 'node:path';
import type { BuildJob, BuiltImage } from './build-job.js';
import { stillHolds, type Evidence } from './evidence.js';
import { hasModulesAbove, hashFolder } from './externals.js';
import { hashBytes, hashManifest, IMAGE_FORMAT, type Hash, type Image, type ImageManifest } from './image.js';

/** Older answers to one question that are kept: environments that still run them want their source maps. */
const KEPT_ANSWERS = 8;

interface Entry {
  readonly image: Hash;
  readonly manifest: ImageManifest;
  readonly base: string;
  readonly map: Hash;
  readonly codeCache: Hash | null;
  readonly folder: string | null;
  readonly evidence: Evidence;
  /** Stems of the files of this and of earlier answers, newest first. */
  readonly stems: readonly string[];
}

export function cacheKey(
  job: Pick<BuildJob, 'location' | 'base' | 'external'>,
  bundlerVersion: string,
): string {
  const machine = [process.version, process.versions.v8, process.platform, arch()];
  const asked = [job.location.kind, job.location.name, job.base, [...job.external].sort()];
  const all = JSON.stringify([IMAGE_FORMAT, bundlerVersion, machine, asked]);
  return hashBytes(all).slice('sha256-'.length, 'sha256-'.length + 32);
}

/** A folder of this user's own below the system's temporary one; null if somebody else has taken the name. */
export function privateTemporaryFolder(): string | null {
  // Not that of `userInfo`: who is asked for by number alone, as in a container, may stand in no list of users.
  const uid = getuid?.() ?? -1;
  const folder = join(tmpdir(), `espalier-${uid}`);
  try {
    mkdirSync(folder, { mode: 0o700, recursive: true });
    const stats = lstatSync(folder);
    const own = process.platform === 'win32' || (stats.uid === uid && (stats.mode & 0o077) === 0);
    return stats.isDirectory() && own ? folder : null;
  } catch {
    return null;
  }
}

function readEntry(cache: string, key: string): Entry | null {
  try {
    return JSON.parse(readFileSync(join(cache, `${key}.json`), 'utf8')) as Entry;
  } catch {
    return null;
  }
}

function readChecked(path: string, hash: Hash): Buffer | null {
  try {
    const bytes = readFileSync(path);
    return hashBytes(bytes) === hash ? bytes : null;
  } catch {
    return null;
  }
}

/** The image, if one of the caches has it and everything it was made from is unchanged. */
export async function readCached(caches: readonly string[], key: string): Promise<Image | null> {
  for (const cache of caches) {
    const entry = readEntry(cache, key);
    if (entry === null) continue;
    try {
      const image = await readImage(cache, entry);
      if (image !== null) return image;
    } catch {
      // Valid JSON of another shape: damaged, so it is built again.
    }
  }
  return null;
}

async function readImage(cache: string, entry: Entry): Promise<Image | null> {
  const { manifest, folder } = entry;
  if (hashManifest(manifest) !== entry.image) return null;
  const stem = join(cache, entry.stems[0] ?? '');
  const code = readChecked(`${stem}.js`, manifest.code);
  if (code === null || readChecked(`${stem}.map`, entry.map) === null) return null;
  // V8 does not check a code cache for damage: running a damaged one may end the process.
  const codeCache = entry.codeCache === null ? null : readChecked(`${stem}.v8`, entry.codeCache);
  if (entry.codeCache !== null && codeCache === null) return null;
  if (!(await stillHolds(entry.evidence))) return null;
  if (manifest.externals !== null) {
    if (folder === null || hasModulesAbove(dirname(folder))) return null;
    if ((await hashFolder(folder)) !== manifest.externals.hash) return null;
  }
  return {
    hash: entry.image,
    code: code.toString('utf8'),
    manifest,
    base: entry.base,
    sourceMap: { file: `${stem}.map` },
    // A copy of its own: a small Buffer may share its memory with others.
    codeCache: codeCache === null ? null : new Uint8Array(codeCache),
    folder,
  };
}

function writeAside(path: string, bytes: string | Uint8Array): void {
  const aside = `${path}.${randomUUID()}.tmp`;
  try {
    writeFileSync(aside, bytes, { mode: 0o600 });
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
}

/** Keeps the image in the first cache that takes it. Gives back the image as it is to be used from now on. */
export function writeCached(caches: readonly string[], key: string, built: BuiltImage): Image {
  const { image, evidence } = built;
  if (!('text' in image.sourceMap)) return image;
  const map = image.sourceMap.text;
  // V8's caches of one text differ from process to process, so writers at the same time need names of their own.
  const contents = hashBytes(`${image.hash} ${hashBytes(image.codeCache ?? '')}`);
  const name = `${key}-${contents.slice('sha256-'.length, 'sha256-'.length + 16)}`;
  for (const cache of caches) {
    try {
      mkdirSync(cache, { recursive: true });
      const stem = join(cache, name);
      if (!existsSync(join(cache, '.gitignore'))) writeAside(join(cache, '.gitignore'), '*\n');
      writeAside(`${stem}.js`, image.code);
      writeAside(`${stem}.map`, map);
      if (image.codeCache !== null) writeAside(`${stem}.v8`, image.codeCache);
      const earlier = (readEntry(cache, key)?.stems ?? []).filter((other) => other !== name);
      const entry: Entry = {
        image: image.hash,
        manifest: image.manifest,
        base: image.base,
        map: hashBytes(map),
        codeCache: image.codeCache === null ? null : hashBytes(image.codeCache),
        folder: image.folder,
        evidence,
        stems: [name, ...earlier.slice(0, KEPT_ANSWERS - 1)],
      };
      writeAside(join(cache, `${key}.json`), JSON.stringify(entry));
      for (const old of earlier.slice(KEPT_ANSWERS - 1)) removeAnswer(cache, key, old);
      return { ...image, sourceMap: { file: `${stem}.map` } };
    } catch {
      // Not writable, full, read-only: the next one, or none.
    }
  }
  return image;
}

function removeAnswer(cache: string, key: string, stem: string): void {
  if (!/^[0-9a-f-]+$/.test(stem) || !stem.startsWith(key)) return; // A damaged entry removes nothing else.
  for (const end of ['.js', '.map', '.v8']) rmSync(join(cache, stem + end), { force: true });
}
