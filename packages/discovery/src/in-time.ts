/** An answer of another host comes, or never does: who has waited so long asks again. */
import type { Clock } from '@espalier/core/internal/clock.js';

const ANSWER_MS = 10_000;

export async function inTime(clock: Clock, answer: Promise<Uint8Array>): Promise<Uint8Array> {
  let cancel = (): void => undefined;
  const late = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(ANSWER_MS, () => reject(new Error(`no answer in ${ANSWER_MS} ms`)));
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    cancel();
  }
}
