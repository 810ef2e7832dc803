/** Bundles of our own compiled code: one CommonJS file each, for what is loaded as one. */
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './project.mjs';

/** `files`: entry and bundle of each, relative to the root. `options`: esbuild's, beside those of all bundles. */
export async function bundle(files, options) {
  const { build } = createRequire(join(ROOT, 'packages/core/package.json'))('esbuild');
  await Promise.all(
    files.map(([entry, outfile]) =>
      build({
        entryPoints: [join(ROOT, entry)],
        outfile: join(ROOT, outfile),
        bundle: true,
        platform: 'node',
        format: 'cjs',
        target: 'node20',
        sourcemap: false,
        legalComments: 'none',
        logLevel: 'error',
        ...options,
      }),
    ),
  );
}

export function allExist(files) {
  return files.every(([, outfile]) => existsSync(join(ROOT, outfile)));
}
