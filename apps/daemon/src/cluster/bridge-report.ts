/** What the bridge of a member answers when the daemon asks what it knows. */
import type { Holding } from '@espalier/core/directory';
import type { BridgeLosses } from '@espalier/mq-bridge';

/** It tells of the whole cluster, so only the daemon itself may ask for it (root-process/administration.ts). */
export const REPORT = 'report';

export interface BridgeReport {
  readonly connection: 'connecting' | 'connected';
  /** Addresses of the broker, without credentials, the first to be tried first. */
  readonly brokers: readonly string[];
  /** This host among them. */
  readonly hosts: readonly {
    readonly host: string;
    readonly brokers: readonly string[];
    readonly names: number;
  }[];
  readonly names: readonly {
    readonly name: string;
    /** null: the tree's own, which all hosts share. */
    readonly namespace: {
      readonly id: string;
      /** Of its node here, if this tree says `cluster` of it. */
      readonly path: string | null;
    } | null;
    readonly holders: readonly {
      readonly host: string;
      readonly holding: Holding;
      readonly incarnation: number;
    }[];
  }[];
  /** What the bridge has lost and dropped since it was started. */
  readonly lost: BridgeLosses;
  readonly revocations: { readonly number: number; readonly refused: number };
  readonly problems: readonly { readonly code: string; readonly message: string; readonly remedy: string }[];
}
