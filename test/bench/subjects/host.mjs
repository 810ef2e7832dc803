/** A host with the library's defaults, from the modules in guests/. */
import { start } from '@espalier/supervisor';

/**
 * @param {import('@espalier/supervisor').TreeSpec} spec
 * @param {Partial<import('@espalier/supervisor').StartOptions>} [options]
 */
export function startHost(spec, options = {}) {
  return start(spec, { embedded: true, base: new URL('./guests/', import.meta.url), ...options });
}
