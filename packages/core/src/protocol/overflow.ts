/** What the sending side of a full mailbox may be told to do. */
export const OVERFLOW_POLICIES = ['block', 'reject', 'drop-newest', 'drop-oldest'] as const;
export type OverflowPolicy = (typeof OVERFLOW_POLICIES)[number];
