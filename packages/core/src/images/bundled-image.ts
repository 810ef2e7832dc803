/** An image of a file that was bundled before: nothing is built, and nothing is looked for beside it. */
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashBytes, hashManifest, IMAGE_FORMAT, type Image, type ImageManifest } from './image.js';

const NO_MAP = JSON.stringify({ version: 3, sources: [], names: [], mappings: '' });

/**
 * `file`: one CommonJS file of ours, which asks for what every environment is given and for nothing else; where it imports
 * more, it does so by `__espalier_meta.import`, as code that the builder has bundled does. Throws what reading it throws.
 */
export function bundledImage(file: URL): Image {
  const path = fileURLToPath(file);
  // In one line with the first of the file, so that the lines of a stack are those of the file.
  const before =
    '(function (require, module, exports, __espalier_meta) { "use strict"; const { dirname: __dirname, filename: __filename } = __espalier_meta; ';
  const code = `${before}${readFileSync(path, 'utf8')}\n})`;
  const manifest: ImageManifest = {
    format: IMAGE_FORMAT,
    entry: basename(path),
    code: hashBytes(code),
    files: [],
    packages: [],
    builtins: [],
    provided: [],
    externals: null,
  };
  return {
    hash: hashManifest(manifest),
    code,
    manifest,
    base: dirname(path),
    sourceMap: { text: NO_MAP },
    codeCache: null,
    folder: null,
  };
}
