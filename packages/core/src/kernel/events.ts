/** What the kernel tells those who watch the tree. Plain data; `path` is where it happened. */
import type { WireReason } from '../protocol/notices.js';
import type { UndeliveredCause } from '../protocol/system-calls.js';
import type { ApplyEvent, SupervisionEvent } from './supervisor-logic.js';

export type KernelEvent =
  /** A supervisor's history: see `SupervisionEvent`. `path` is the supervisor's. */
  | { readonly kind: 'supervision'; readonly path: string; readonly event: SupervisionEvent }
  | (ApplyEvent & { readonly path: string })
  /** An environment that another one spawned started or ended. */
  | { readonly kind: 'spawned'; readonly path: string }
  | { readonly kind: 'spawn-ended'; readonly path: string; readonly reason: WireReason }
  /** A thread did not end although it was terminated; it is given up, and its process with it. */
  | { readonly kind: 'stuck'; readonly path: string }
  /** A send has waited for room for a second. */
  | { readonly kind: 'blocked'; readonly path: string; readonly receiver: string }
  /** One that was told of as `blocked` has gone on, or was given up; nothing is told of who ends while it waits. */
  | { readonly kind: 'unblocked'; readonly path: string; readonly receiver: string }
  /** Senders that wait for each other: put together by who watches, not by the kernel (events/circles.ts). */
  | { readonly kind: 'blocked-circle'; readonly path: string; readonly circle: readonly string[] }
  /** Messages that reached nobody, or were dropped. */
  | {
      readonly kind: 'undelivered';
      readonly path: string;
      readonly target: string;
      readonly cause: UndeliveredCause;
      readonly count: number;
    }
  /** A guest broke the protocol and was ended. */
  | { readonly kind: 'violation'; readonly path: string; readonly problem: string }
  /** The tree has ended. */
  | { readonly kind: 'tree-ended'; readonly path: string; readonly reason: WireReason };
