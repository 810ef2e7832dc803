/**
 * Where the code of the threads lies. Evaluated where this package is loaded as it is: the kernel's own
 * code may be bundled into another folder, from where it could not tell.
 */
import type { ThreadFiles } from './node-kernel.js';

export const THREAD_FILES: ThreadFiles = Object.freeze({
  compiled: new URL('./compiled-thread.cjs', import.meta.url).href,
  // One file, made by the build from guest-thread.js: it loads in the time of a bare worker.
  guest: new URL('./guest-thread.cjs', import.meta.url).href,
  compiledCell: new URL('../cells/compiled-cell.cjs', import.meta.url).href,
  loader: new URL('./loader-thread.js', import.meta.url).href,
});
