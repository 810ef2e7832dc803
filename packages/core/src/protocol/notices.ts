/**
 * Notices: everything the kernel tells a guest runtime over the control link. They are the control
 * lane: served before the mailbox and never counted against it.
 */
import type { ExitTag } from '../exit-reason.js';
import type { OverflowPolicy } from './overflow.js';
import type { InspectQuery, OpaqueValue, SubtreeOperation } from './system-calls.js';

export type { OverflowPolicy };

/** What a mailbox's owner fixes, and what every sender to it keeps to. */
export interface MailboxTerms {
  /** Messages that the mailbox holds. */
  readonly capacity: number;
  readonly capacityBytes: number;
  /** The largest single message. */
  readonly messageBytes: number;
  /** False: no message to it may hold an address. */
  readonly addresses?: boolean;
  /** True: its owner is told who links with it, and unlinks, for it stands for somebody elsewhere. */
  readonly links?: boolean;
  /** What the sending side does at zero credit. */
  readonly overflow: OverflowPolicy;
  /** How long `block` waits. Milliseconds. */
  readonly sendTimeoutMs: number;
  /** So many it takes in a second. Held by its owner alone, who grants no more. Default: any number. */
  readonly messagesPerSecond?: number;
}

/** Where a mailbox is reached: channel 0 is the thread itself. */
export interface Peer {
  readonly channel: number;
  readonly slot: number;
  readonly terms: MailboxTerms;
}

/** An exit reason on the wire. */
export interface WireReason {
  readonly tag: ExitTag;
  /** Bytes: a value that a guest gave, which the kernel only passes on. Anything else: plain data of the kernel's own. */
  readonly detail: unknown;
}

export type NameState =
  /** Somebody runs under it: here is where. */
  | { readonly state: 'held'; readonly peer: Peer }
  /** Its holder is being restarted, moved or woken: senders park. */
  | { readonly state: 'pending' }
  /** Nobody has it, and nobody is coming. */
  | { readonly state: 'free' };

export type Notice =
  /** The first word to a thread: which environment it is to run. */
  | {
      readonly notice: 'boot';
      readonly env: number;
      readonly handle: number;
      readonly terms: MailboxTerms;
      /** What the loader made of the spec: image, arguments, bindings. */
      readonly boot: OpaqueValue;
      /** Further arguments of a dynamic child. */
      readonly extra: OpaqueValue | undefined;
    }
  /** The answer to the system call with that id. */
  | { readonly notice: 'answer'; readonly id: number; readonly result: Answer }
  /** A new channel; its link end moves with this frame. */
  | { readonly notice: 'channel'; readonly channel: number }
  /** A name that the guest follows has changed hands. */
  | { readonly notice: 'name'; readonly name: string; readonly holder: NameState }
  /**
   * An environment has ended. Comes to every thread that holds a channel to it or watches it; the
   * runtime first delivers what the dead one had sent, then tells `downs` and `exits`, and rejects calls.
   */
  | {
      readonly notice: 'gone';
      /** 0 if there is no channel to it. */
      readonly channel: number;
      readonly slot: number;
      /** Whether the whole thread ended: then the channel is closed after it was drained. */
      readonly closes: boolean;
      readonly reason: WireReason;
      readonly downs: readonly { readonly env: number; readonly monitor: number }[];
      readonly exits: readonly { readonly env: number; readonly signal: number; readonly handle: number }[];
    }
  /** An exit signal that another environment sent with `exit`, or a supervisor's order to stop. */
  | {
      readonly notice: 'signal';
      readonly env: number;
      readonly signal: number;
      /** The sender: its channel is drained first. 0 where it has none, or is the supervisor. */
      readonly channel: number;
      readonly handle: number;
      /** The order of a supervisor to stop: behaviours end in their own way even if they trap exits. */
      readonly stop: boolean;
      readonly reason: WireReason;
    }
  /** To one whose terms ask for it: that environment has linked with it; or has unlinked, or may not reach it any more. */
  | {
      readonly notice: 'linked';
      readonly env: number;
      /** Always 0. */
      readonly channel: number;
      readonly handle: number;
      readonly on: boolean;
    }
  /** The peer of a channel is about to pass a reference: what the ticket in its frame stands for. */
  | { readonly notice: 'ticket'; readonly channel: number; readonly ticket: number; readonly handle: number }
  /** The administrator asks something about an environment, or suspends it. */
  | { readonly notice: 'inspect'; readonly id: number; readonly env: number; readonly query: InspectQuery }
  /** For administrators: what happens in the tree. */
  | { readonly notice: 'event'; readonly event: unknown };

/** What only the kernel of a cell is told. */
export type CellNotice =
  /** The first word to a cell: the path and the start (kernel/supervisor-node.ts) of the node that its kernel is to run. */
  | {
      readonly notice: 'cell';
      readonly path: string;
      readonly start: unknown;
      readonly extra: OpaqueValue | undefined;
    }
  /** About an environment that the cell has presented: to be ended at once, with this reason. */
  | { readonly notice: 'kill'; readonly reason: WireReason }
  /** What the cell has presented under this number, and has ended, is known to nobody any more. */
  | { readonly notice: 'forget'; readonly number: number }
  /** To a cell: an operation on what is in it; answered as an inspection is, with an `Answer`. */
  | { readonly notice: 'supervise'; readonly id: number; readonly operation: SubtreeOperation };

export type Answer =
  | { readonly ok: true; readonly value: AnswerValue }
  | {
      readonly ok: false;
      readonly code: RefusalCode;
      readonly reason?: WireReason | undefined;
      readonly text?: string | undefined;
    };

export type AnswerValue =
  | undefined
  | number
  | Peer
  | NameState
  | { readonly handle: number; readonly monitor: number }
  /** `child`: an environment that the operation has started, and the name that its spec gives it. */
  | { readonly data: unknown; readonly child?: { readonly handle: number; readonly name: string | null } };

/** Codes of `CallError` and `EnvironmentError` that the kernel can answer with. */
export type RefusalCode =
  | 'noproc'
  | 'name_taken'
  | 'start_failed'
  | 'limit_refused'
  | 'operation_refused'
  | 'module_missing'
  | 'module_unfit';
