import { readFileSync } from 'node:fs';

/** Of this package. The root reads it: a driver's code stands where its image does. */
export function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
