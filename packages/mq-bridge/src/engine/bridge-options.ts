/** What a bridge is made of. */
import type { ExitReason } from '@espalier/core';
import type { Membership } from '@espalier/core/identity';
import type { AfterTurn, Clock, Random } from '@espalier/core/internal/bridge.js';
import type { PresencePlace, Transport, TransportEvents } from '../transport/transport.js';
import type { NewDhKey } from '../trust/dh-key.js';
import type { HostExchange } from './host-exchange.js';
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
  /** How a directory of this host speaks to those of others. Default: there is none. */
  readonly exchange?: HostExchange;
  readonly onEvent: (event: BridgeEvent) => void;
  /** A mailbox that is exported somewhere can be sent to. */
  readonly appeared: (name: string) => void;
  /** It can no more; `isAwaited`: another one will come. */
  readonly ended: (name: string, reason: ExitReason, isAwaited: boolean) => void;
  /** Whether one of that name will come, where none is there. */
  readonly awaited: (name: string, isAwaited: boolean) => void;
}
