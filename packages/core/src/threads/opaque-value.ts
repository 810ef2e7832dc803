/** Values as bytes that the kernel carries and does not read: made and read by the application and by guests. */
import { decodeOnce, encodeOnce } from '../values/index.js';
import { nodeTextCodec } from './node-text-codec.js';

const MAX_BYTES = 512 * 1024 * 1024;

/** `root`: what paths in refusals start with. Throws `CallError` `value_refused` or `too_large`. */
export function opaqueValue(value: unknown, root: string): Uint8Array {
  return encodeOnce(value, { text: nodeTextCodec, maxBytes: MAX_BYTES, root });
}

/** Throws `CallError` `malformed` for bytes that `opaqueValue` has not made. */
export function readOpaqueValue(bytes: Uint8Array): unknown {
  return decodeOnce(bytes, { text: nodeTextCodec });
}
