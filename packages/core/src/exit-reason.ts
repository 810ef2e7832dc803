/**
 * Why an environment ended: tagged data, decided from evidence on the kernel's side.
 *
 * A guest can choose `normal`, `shutdown` and `error`, each with a value as detail; every other tag
 * is given by the kernel alone, so a guest cannot pass a crash off as a limit, or a limit as a crash.
 * Only whom it has spawned it can end with any of them: so a bridge says why somebody elsewhere has ended.
 * The meanings of `normal`, `shutdown`, `killed`, `noproc` and `noconnection` are those of Erlang's
 * reference manual, chapter "Processes".
 */
export const EXIT_TAGS = [
  /** Was through with its work. */
  'normal',
  /** Was asked to end, or chose to end in order. */
  'shutdown',
  /** Failed: something was thrown, or its thread ended without a word. */
  'error',
  /** Was killed, or did not end within its `shutdown` time. */
  'killed',
  /** Exceeded a limit of its own. */
  'limit',
  /** Let its event loop stand still for longer than `unresponsiveMs`. */
  'unresponsive',
  /** Broke the protocol, as a guest. */
  'protocol',
  /** Was not there when it was watched or linked. */
  'noproc',
  /** Cannot be reached any more: the connection to its host is lost. */
  'noconnection',
  /** Ended with the process that held it. */
  'cell',
] as const;

export type ExitTag = (typeof EXIT_TAGS)[number];

/** The tags that a guest may choose for its own end or for an exit signal. */
export const GUEST_EXIT_TAGS = ['normal', 'shutdown', 'error'] as const satisfies readonly ExitTag[];

export type GuestExitTag = (typeof GUEST_EXIT_TAGS)[number];

export interface ExitReason {
  readonly tag: ExitTag;
  /** What the guest or the kernel adds: an error's facts, the name of the limit, any value. */
  readonly detail?: unknown;
}

/** A supervisor restarts a transient child unless it ended like this (OTP: normal, shutdown, {shutdown, _}). */
export function isExpectedEnd(reason: ExitReason): boolean {
  return reason.tag === 'normal' || reason.tag === 'shutdown';
}
