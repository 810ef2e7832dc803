/**
 * Entry of every cell: runs the cell's code as the build has compiled it, and opens the first thread before, so that the
 * two load at the same time. A CommonJS file of its own, see scripts/lib/bundle-threads.mjs.
 */
import { openThread, type OpenThread } from '../threads/open-thread.js';
import { builtThreadCode, runThreadCode } from '../threads/thread-code.js';
import { readSetup, type CellSetup, type EarlyThread } from './cell-setup.js';

declare const module: NodeJS.Module;

/** What the cell's code finds as the exports of its module. */
export interface CellModule {
  readonly setup: CellSetup;
  readonly early: OpenThread | undefined;
}

const setup = readSetup();
module.exports = {
  setup,
  early: setup.early === undefined ? undefined : openEarly(setup.early),
} satisfies CellModule;
runThreadCode(builtThreadCode(new URL(setup.code as string)), module);

function openEarly({ bootstrap, guest, limits }: EarlyThread): OpenThread {
  const opened = openThread({
    bootstrap: new URL(bootstrap),
    code: builtThreadCode(new URL(guest)),
    token: 'espalier:early',
    title: 'spare',
    limits,
  });
  // The wall looks whether it is still there.
  if ('on' in opened.worker) opened.worker.on('error', () => undefined);
  return opened;
}
