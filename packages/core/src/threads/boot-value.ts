/** Makes the boot value of an environment in a thread; read by start-guest.ts. */
import { CallError, EnvironmentError } from '../errors.js';
import type { GuestBoot } from './guest-boot.js';
import { opaqueValue } from './opaque-value.js';

/** Throws `EnvironmentError` `start_failed` if arguments or bindings hold what is no value. */
export function bootValue(boot: GuestBoot): Uint8Array {
  try {
    return opaqueValue(boot, 'environment');
  } catch (cause) {
    const path = cause instanceof CallError ? cause.path : undefined;
    throw new EnvironmentError(
      'start_failed',
      'its arguments or bindings cannot be sent to the environment',
      { path, cause },
    );
  }
}
