/** Who is told of events. Checked when it is given: later there is nobody to tell what was wrong with it. */
import { CallError } from '@espalier/core';

/** Throws `CallError` `operation_refused`. */
export function assertListener(listener: unknown): void {
  if (typeof listener === 'function') return;
  throw new CallError('operation_refused', 'a listener is a function', {
    field: 'listener',
    value: typeof listener,
    remedy: 'Give e.g. `(event) => console.log(event)`.',
  });
}
