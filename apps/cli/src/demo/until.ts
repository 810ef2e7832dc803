/** What a demonstration waits for. */
import { setTimeout as pause } from 'node:timers/promises';
import { HostError } from '@espalier/core';

const SOON_MS = 60_000;
const LOOK_MS = 100;

/**
 * A question that is refused is asked again: whoever answers may just be starting, or the machine be busy.
 *
 * @throws HostError `host_unfit`: for a minute it was not so.
 */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  let cause: unknown;
  for (const deadline = performance.now() + SOON_MS; performance.now() < deadline; await pause(LOOK_MS)) {
    try {
      if (await isSo()) return;
    } catch (error) {
      cause = error;
    }
  }
  throw notSo(what, cause);
}

export function notSo(what: string, cause?: unknown): HostError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new HostError('host_unfit', `it does not come to be that ${what}${why}`, {
    remedy: 'Try again when the machine has less to do; `espalier doctor` says what is missing.',
    cause,
  });
}
