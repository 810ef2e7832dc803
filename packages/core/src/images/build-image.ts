/** One build from job to image: bundle, external packages, inventory, code cache. Runs in the build thread. */
import { isBuiltin } from 'node:module';
import vm from 'node:vm';
import type * as Esbuild from 'esbuild';
import { gatherEvidence } from './build-evidence.js';
import type { BuildJob, BuiltImage } from './build-job.js';
import { bundle, type Bundle } from './bundle.js';
import { makeExternalFolder, type ExternalFolder } from './externals.js';
import {
  hashBytes,
  hashManifest,
  IMAGE_FORMAT,
  type Image,
  type ImageManifest,
  type ImagePackage,
} from './image.js';
import { toRelative } from './reading-plugin.js';
import { imageFilename } from './stack-map.js';

function bundledPackages(made: Bundle): ImagePackage[] {
  const found = new Map<string, { name: string; version: string; files: number; external: false }>();
  for (const { owner } of made.files) {
    if (owner === null) continue;
    const known = found.get(owner.folder);
    if (known !== undefined) known.files++;
    else found.set(owner.folder, { name: owner.name, version: owner.version, files: 1, external: false });
  }
  return [...found.values()];
}

function inventory(made: Bundle, base: string, externals: ExternalFolder | null): ImageManifest {
  const specifiers = [...new Set(made.imports.map(({ specifier }) => specifier))];
  const builtins = specifiers
    .filter(isBuiltin)
    .map((name) => (name.startsWith('node:') ? name : `node:${name}`));
  const packages = [...bundledPackages(made), ...(externals?.packages ?? [])];
  const label = ({ name, version, external }: ImagePackage): string => `${name}@${version} ${external}`;
  return {
    format: IMAGE_FORMAT,
    entry: toRelative(base, made.entry),
    code: hashBytes(made.code),
    files: made.files.map(({ path, bytes, hash }) => ({ path: toRelative(base, path), bytes, hash })),
    packages: packages.sort((a, b) => (label(a) < label(b) ? -1 : 1)),
    builtins: [...new Set(builtins)].sort(),
    provided: specifiers.filter((name) => name.startsWith('@espalier/')).sort(),
    externals: externals === null ? null : { names: externals.names, hash: externals.hash },
  };
}

/** Compiles without running: what V8 makes of the text is kept, what the module would do is not done. */
function compile(code: string, filename: string): Uint8Array {
  const script = new vm.Script(code, { filename });
  return new Uint8Array(script.createCachedData());
}

/** @throws UnfitModule, and anything else when esbuild itself cannot run. */
export async function buildImage(esbuild: typeof Esbuild, job: BuildJob): Promise<BuiltImage> {
  const made = await bundle(esbuild, job);
  const externals = made.external.size === 0 ? null : await makeExternalFolder(made.external, job.folders);
  const manifest = inventory(made, job.base, externals);
  const named = { hash: hashManifest(manifest), manifest, folder: externals?.folder ?? null };
  const image: Image = {
    ...named,
    code: made.code,
    base: job.base,
    sourceMap: { text: made.map },
    codeCache: made.plainImport ? null : compile(made.code, imageFilename(named)),
  };
  const specifier = job.location.kind === 'package' ? job.location.name : null;
  return { image, evidence: gatherEvidence(made, job.base, specifier, externals) };
}
