/** Who starts a node, and what he hears of it. */
import type { ExitReason } from '../exit-reason.js';
import type { WireReason } from '../protocol/notices.js';
import type { Environment } from './environment.js';

/** Who started an environment and hears of its life: a supervisor node, or another environment. */
export interface Owner {
  /** Whom a name is kept for between the lives that have it. Default: the owner itself. */
  readonly keeper?: object | undefined;
  started(environment: Environment): void;
  ignored(environment: Environment): void;
  /** It and everything below it have ended. What this returns is done after everybody else was told. */
  ended(environment: Environment, reason: WireReason): Decision;
}

/** What an owner decides at an end. */
export interface Decision {
  /** Whether the names of the environment will be held again: senders park. */
  readonly willRestart: boolean;
  readonly carryOut: () => void;
}

/** The parent of a supervisor: another one, or the kernel. */
export interface SupervisorParent {
  started(): void;
  failed(reason: ExitReason): void;
  ended(reason: ExitReason): void;
}

/** Who started the tree. */
export interface TreeOwner {
  /** `ignored`: it is one environment, which wanted not to run; its end follows. */
  started(ignored: boolean): void;
  /** It has ended, or its start has failed and been undone; comes once. */
  over(reason: ExitReason): void;
}

export type StartResult =
  | { readonly ok: true; readonly environment: Environment }
  | { readonly ok: false; readonly reason: WireReason };
