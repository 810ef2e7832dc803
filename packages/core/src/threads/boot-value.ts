/** Makes the boot value of an environment in a thread; read by start-guest.ts. */
import { CallError, EnvironmentError } from '../errors.js';
import { encodeOnce } from '../values/index.js';
import type { GuestBoot } from './guest-boot.js';
import { nodeTextCodec } from './node-text-codec.js';

const MAX_BOOT_BYTES = 512 * 1024 * 1024;

/** Throws `EnvironmentError` `start_failed` if arguments or bindings hold what is no value. */
export function bootValue(boot: GuestBoot): Uint8Array {
  try {
    return encodeOnce(boot, { text: nodeTextCodec, maxBytes: MAX_BOOT_BYTES, root: 'environment' });
  } catch (cause) {
    const path = cause instanceof CallError ? cause.path : undefined;
    throw new EnvironmentError(
      'start_failed',
      'its arguments or bindings cannot be sent to the environment',
      { path, cause },
    );
  }
}
