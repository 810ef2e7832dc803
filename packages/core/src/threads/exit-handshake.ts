/**
 * The guard of a kernel that runs in a worker holds an inspector session on the main thread. If that is
 * still there when the main thread ends the process, Node prints that it waits for the debugger. So the main
 * thread says that it is about to go, and waits (blocked, for a moment) until the kernel has disconnected.
 */
import { waitAsync } from './wait-async.js';

const ANNOUNCED = 0;
const PREPARED = 1;
const WITHIN_MS = 200;

/** Made by the main thread, given to the kernel's thread in its `workerData`. */
export function exitHandshake(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
}

/** In the main thread, from an `exit` listener. Returns when the kernel is prepared, after 200 ms at most. */
export function announceExit(handshake: SharedArrayBuffer): void {
  const flags = new Int32Array(handshake);
  Atomics.store(flags, ANNOUNCED, 1);
  Atomics.notify(flags, ANNOUNCED);
  Atomics.wait(flags, PREPARED, 0, WITHIN_MS);
}

/** In the kernel's thread: calls `prepare` (which closes the wall's guard) once the exit is announced. */
export function whenExitAnnounced(handshake: SharedArrayBuffer, prepare: () => void): void {
  const flags = new Int32Array(handshake);
  void waitAsync(flags, ANNOUNCED, 0).then(() => {
    prepare();
    Atomics.store(flags, PREPARED, 1);
    Atomics.notify(flags, PREPARED);
  });
}
