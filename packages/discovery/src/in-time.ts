/** An answer of another host comes, or never does: who has waited so long asks again. */
import { CallError } from '@espalier/core';
import type { Clock } from '@espalier/core/internal/clock.js';

const ANSWER_MS = 10_000;

/** @throws CallError `timeout`; and what the answer fails with. */
export async function inTime(clock: Clock, answer: Promise<Uint8Array>): Promise<Uint8Array> {
  let cancel = (): void => undefined;
  const late = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(ANSWER_MS, () => reject(new CallError('timeout', `no answer in ${ANSWER_MS} ms`)));
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    cancel();
  }
}
