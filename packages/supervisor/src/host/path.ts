/**
 * Paths of the tree, as the application gives them. Checked here, so that a slip of its code is an error
 * of its own and not a broken system call, for which the kernel would cut its endpoint off.
 */
import { CallError } from '@espalier/core';

/** Throws `CallError` `operation_refused`. */
export function assertPath(path: unknown): asserts path is string {
  if (typeof path === 'string') return;
  throw new CallError('operation_refused', 'a path is a text, as `tree()` shows it', {
    field: 'path',
    value: typeof path,
    remedy: 'Give e.g. `shop/prices`; `startChild` says the path of what it has started.',
  });
}
