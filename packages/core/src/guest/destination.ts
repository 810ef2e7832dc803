/** What can be sent to and watched: an address, or a name of the own namespace. Checked here, so that a slip of the guest's code is an error of its own and not a broken system call. */
import { CallError } from '../errors.js';
import { MAX_NAME_LENGTH } from '../protocol/system-calls.js';
import { Address } from './address.js';

/** Throws `CallError` `operation_refused`. */
export function assertDestination(target: unknown): void {
  if (Address.isAddress(target)) return;
  const isText = typeof target === 'string';
  if (isText && target.length > 0 && target.length <= MAX_NAME_LENGTH) return;
  throw new CallError(
    'operation_refused',
    `a target is a name of 1 to ${String(MAX_NAME_LENGTH)} characters, or an address`,
    {
      field: 'target',
      value: isText ? target : typeof target,
      remedy: 'Give a name, or an address that was received or spawned.',
    },
  );
}
