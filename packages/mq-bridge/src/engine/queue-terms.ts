/** How queues are declared: the same by whoever declares them. */
import type { Holders } from './settings.js';
import type { QueueTerms } from '../transport/transport.js';

const DURABLE_TERMS: QueueTerms = {
  durable: true,
  expiresMs: undefined,
  messageTtlMs: undefined,
  maxLength: 100_000,
};

/** Of a durable mailbox. */
export function durableTerms(holders: Holders, replicated: boolean): QueueTerms {
  return { ...DURABLE_TERMS, replicated, singleActive: holders === 'one' };
}

export function deadLetterTerms(replicated: boolean): QueueTerms {
  return { ...DURABLE_TERMS, replicated };
}

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
