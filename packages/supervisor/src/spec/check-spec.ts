/** Whether a child's spec is sound, without a host. */
import type { AutoShutdown } from '@espalier/core/internal/supervisor-logic.js';
import { normaliseChild } from './normalise.js';
import type { ChildSpecInput } from './tree-spec.js';

export interface CheckOptions {
  /** That of the supervisor it is meant for: with `never`, a significant child is refused. Default: not checked. */
  readonly autoShutdown?: AutoShutdown;
}

/**
 * Checks a child's spec as `Host.startChild` does. Pure: reads no file, starts nothing. OTP:
 * `check_childspecs`. A whole tree is checked by `normaliseSpec`.
 *
 * @throws SpecError `spec_invalid` with all problems; `spec_not_built` if every one of them is a word
 *   whose mechanism is not built yet.
 */
export function checkSpec(child: ChildSpecInput, options: CheckOptions = {}): void {
  // Only where a relative module would lie depends on the folder, and nobody is told.
  normaliseChild(child, { base: 'file:///', ...options });
}
