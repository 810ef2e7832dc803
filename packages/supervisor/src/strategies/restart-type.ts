/**
 * Which ends lead to a restart, and which end of a stopped child was the one that was asked for.
 * Source: OTP supervisor manual, "Supervision Principles" and the child specification's `restart`.
 */
import type { ExitReason } from '@espalier/core';
import type { ChildSpec, Restart } from '@espalier/core/internal/supervisor-logic.js';

/** OTP: `normal`, `shutdown` and `{shutdown, _}`. */
export function isExpected(reason: ExitReason): boolean {
  return reason.tag === 'normal' || reason.tag === 'shutdown';
}

const RESTARTS = {
  permanent: () => true,
  transient: (reason) => !isExpected(reason),
  temporary: () => false,
} satisfies Record<Restart, (reason: ExitReason) => boolean>;

export function leadsToRestart(restart: Restart, reason: ExitReason): boolean {
  return RESTARTS[restart](reason);
}

/** Whether a child that was told to stop ended as told; anything else is reported, as OTP's `shutdown_error`. */
export function stoppedAsTold(spec: ChildSpec, reason: ExitReason): boolean {
  if (spec.shutdown === 'brutal_kill' ? reason.tag === 'killed' : isPlainShutdown(reason)) return true;
  return spec.restart !== 'permanent' && isExpected(reason);
}

function isPlainShutdown(reason: ExitReason): boolean {
  return reason.tag === 'shutdown' && reason.detail === undefined;
}
