/** A host with the library's defaults, from the modules in guests/. */
import { start } from '@espalier/supervisor';

const base = new URL('./guests/', import.meta.url);

/**
 * Guests in threads of this process, as the bare workers and ports that they are measured against.
 *
 * @param {import('@espalier/supervisor').TreeSpec} spec
 * @param {Partial<import('@espalier/supervisor').StartOptions>} [options]
 */
export function startHost(spec, options = {}) {
  return start(spec, { embedded: true, base, ...options });
}

/**
 * Guests in cells.
 *
 * @param {import('@espalier/supervisor').TreeSpec} spec
 */
export function startCells(spec) {
  return start(spec, { base });
}
