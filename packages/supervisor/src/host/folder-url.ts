import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A folder given as a path, a `file:` URL or its text; the working directory without one. */
export function folderUrl(base: string | URL | undefined): URL {
  if (base instanceof URL) return base;
  if (base?.startsWith('file:') === true) return new URL(base);
  return pathToFileURL(`${resolve(base ?? '.')}/`);
}
