/** What a bridge is made of. */
import type { ExitReason } from '@espalier/core';
import type { Membership } from '@espalier/core/identity';
import type { AfterTurn, Clock, Random } from '@espalier/core/internal/bridge.js';
import type { PresencePlace, Transport, TransportEvents } from '../transport/transport.js';
import type { NewDhKey } from '../trust/dh-key.js';
import type { BridgeEvent, LocalSide } from './local-side.js';
import type { CompleteTerms } from './settings.js';

export interface TransportMaker {
  (parts: { readonly presence: PresencePlace; readonly events: TransportEvents }): Transport;
}

export interface BridgeOptions {
  readonly settings: CompleteTerms;
  /** Who this host is, and in which cluster. */
  readonly membership: Membership;
  readonly local: LocalSide;
  readonly clock: Clock;
  readonly random: Random;
  readonly afterTurn: AfterTurn;
  /** A new X25519 key. */
  readonly newKey: NewDhKey;
  readonly transport: TransportMaker;
  readonly onEvent: (event: BridgeEvent) => void;
  /** A mailbox that is exported somewhere can be sent to; or can no more. */
  readonly appeared: (name: string) => void;
  readonly ended: (name: string, reason: ExitReason) => void;
}
