/** How queues are declared: the same by whoever declares them. */
import type { QueueTerms } from '../transport/transport.js';

export const DURABLE_TERMS: QueueTerms = {
  durable: true,
  expiresMs: undefined,
  messageTtlMs: undefined,
  maxLength: 100_000,
};

/** What a crash leaves in the broker is gone after so many silences. */
const SILENCES = 6;
const MAILBOX_FRAMES = 256;

export function expiryMs(downAfterMs: number): number {
  return Math.ceil(downAfterMs * SILENCES);
}

/** Of what ends with an environment. */
export function mailboxTerms(downAfterMs: number): QueueTerms {
  return { ...inboxTerms(downAfterMs), maxLength: MAILBOX_FRAMES };
}

/** Answers are as many as calls are open. */
export function inboxTerms(downAfterMs: number): QueueTerms {
  const expiresMs = expiryMs(downAfterMs);
  return { durable: false, expiresMs, messageTtlMs: expiresMs, maxLength: undefined };
}
