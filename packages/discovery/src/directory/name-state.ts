/** Who holds a name, worked out from what the living hosts claim; and what happened between two such states. */
import type { Epoch } from '../records/host-record.js';
import { epochText } from '../records/host-record.js';
import type { Holding } from '@espalier/core/directory';

/** A host that offers a name, and which life of it. An answer is stale as soon as any of these differ. */
export interface Holder {
  readonly host: string;
  readonly source: 'link' | 'static';
  /** The life of the host; nothing for a static one, whose lives nobody sees. */
  readonly epoch: Epoch | undefined;
  readonly holding: Holding;
  readonly incarnation: number;
  readonly queue: string;
  readonly endpoints: readonly string[];
}

/**
 *              a host claims it             two hosts claim a unique name
 *   absent ───────────────────────► held ───────────────────────────────► conflict
 *      ▲                           │    ▲                                    │
 *      └── the last holder ends ───┘    └──── one withdraws, or ends ────────┘
 */
export interface NameState {
  readonly name: string;
  readonly state: 'absent' | 'held' | 'conflict';
  /**
   * Whom to send to. One for a `unique` name: the greatest incarnation, between equals a host that was heard before
   * a static one, then the smallest host id, so that all who know the same claims agree. Else all, by host id.
   */
  readonly holders: readonly Holder[];
  /** In a conflict: who claims the unique name too and does not get it, in that order. */
  readonly contenders: readonly Holder[];
}

/** What happened to a name. `changed`: its holders are others or reached elsewhere, but none of the other kinds. */
export type NameEventKind = 'appeared' | 'moved' | 'conflict' | 'changed' | 'disappeared';

export interface NameEvent {
  readonly kind: NameEventKind;
  readonly before: NameState;
  readonly after: NameState;
}

export function nameState(name: string, claims: readonly Holder[]): NameState {
  if (claims.length === 0) return absent(name);
  if (!claims.some(({ holding }) => holding === 'unique')) {
    return { name, state: 'held', holders: claims.toSorted(byHost), contenders: [] };
  }
  const [holder, ...contenders] = claims.toSorted(byClaim);
  if (holder === undefined) return absent(name);
  return { name, state: contenders.length === 0 ? 'held' : 'conflict', holders: [holder], contenders };
}

export function absent(name: string): NameState {
  return { name, state: 'absent', holders: [], contenders: [] };
}

/** Nothing where both states say the same. */
export function nameEvent(before: NameState, after: NameState): NameEvent | undefined {
  if (sameState(before, after)) return undefined;
  return { kind: kindOf(before, after), before, after };
}

/** Whether both are the same life of the same holder. */
export function sameLife(a: Holder, b: Holder): boolean {
  return a.host === b.host && a.incarnation === b.incarnation && lifeOf(a) === lifeOf(b);
}

function kindOf(before: NameState, after: NameState): NameEventKind {
  if (before.state === 'absent') return 'appeared';
  if (after.state === 'absent') return 'disappeared';
  if (after.state === 'conflict' && before.state !== 'conflict') return 'conflict';
  const [was] = before.holders;
  const [is] = after.holders;
  const single = is?.holding === 'unique' && was?.holding === 'unique';
  return single && !sameLife(was, is) ? 'moved' : 'changed';
}

function sameState(a: NameState, b: NameState): boolean {
  return a.state === b.state && sameHolders(a.holders, b.holders) && sameHolders(a.contenders, b.contenders);
}

function sameHolders(a: readonly Holder[], b: readonly Holder[]): boolean {
  return a.length === b.length && a.every((holder, i) => sameHolder(holder, b[i]));
}

function sameHolder(a: Holder, b: Holder | undefined): boolean {
  return (
    b !== undefined &&
    sameLife(a, b) &&
    a.holding === b.holding &&
    a.queue === b.queue &&
    a.endpoints.join('\n') === b.endpoints.join('\n')
  );
}

function lifeOf({ epoch, source }: Holder): string {
  return epoch === undefined ? source : epochText(epoch);
}

function byHost(a: Holder, b: Holder): number {
  return a.host < b.host ? -1 : 1;
}

function byClaim(a: Holder, b: Holder): number {
  if (a.incarnation !== b.incarnation) return b.incarnation - a.incarnation;
  if (a.source !== b.source) return a.source === 'link' ? -1 : 1;
  return byHost(a, b);
}
