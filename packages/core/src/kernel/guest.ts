/**
 * One thread on the other side of a control link: its environments, its table of references, its
 * channels. Guests hold small numbers that mean something in their own table only; nothing in them
 * counts other guests.
 */
import { MAX_FRAME_BYTES, type Channel } from '../channel/channel.js';
import { FRAME } from '../channel/frames.js';
import type { LinkEnd, LinkSite } from '../channel/link.js';
import type {
  Answer,
  AnswerValue,
  CellNotice,
  Notice,
  RefusalCode,
  WireReason,
} from '../protocol/notices.js';
import {
  CALLS_GRANTED_AT_ONCE,
  type InspectQuery,
  type OpaqueValue,
  type SubtreeOperation,
} from '../protocol/system-calls.js';
import { readAnswer } from './door.js';
import type { Environment } from './environment.js';
import type { CellNumber, ChannelRecord, Held, Identity } from './identity.js';
import { OWN } from './numbers.js';

/** `administrator`: holds the right to the whole tree, the application's endpoint. `cell`: is a kernel itself. */
export type Role = 'environment' | 'administrator' | 'cell';

export class Guest {
  readonly channel: Channel;
  readonly role: Role;
  /** The namespace of all in it: see names.ts. */
  readonly space: string;
  /** One that a cell has presented: it shares the cell's control link. */
  readonly home: CellNumber | undefined;
  /** Of a cell: those that it has presented and that live; and what it has presented, as long as anybody knows it. */
  readonly presented = new Map<number, Guest>();
  readonly #own = new Map<number, Identity>();
  readonly #site: LinkSite | undefined;
  readonly environments = new Map<number, Environment>();
  readonly channels = new Map<number, ChannelRecord>();
  readonly channelTo = new Map<Guest, ChannelRecord>();
  readonly followed = new Set<string>();
  /** Inspections that the guest has not answered. */
  readonly #asked = new Map<number, (value: unknown) => void>();
  readonly #held = new Map<number, Held>();
  readonly #handles = new Map<Identity, number>();
  #lastAsked = 0;
  #callsRead = 0;
  #lastHandle = 0;
  #lastChannel = 0;
  alive = true;

  constructor(channel: Channel, role: Role, space: string, site?: LinkSite, home?: CellNumber) {
    this.channel = channel;
    this.role = role;
    this.space = space;
    this.#site = site;
    this.home = home;
  }

  /** Where links to it are made; undefined where that is this process. */
  get site(): LinkSite | undefined {
    return this.home === undefined ? this.#site : this.home.cell.site;
  }

  /** Whether the border of a namespace lies between it and another. */
  isForeignTo(other: Guest): boolean {
    return this.role !== 'administrator' && this.space !== other.space;
  }

  notify(notice: Notice | CellNotice, ends?: readonly LinkEnd[]): void {
    const number = this.home?.number ?? 0;
    if (this.alive) this.channel.sendValue(FRAME.control, 0, 0, number, notice, MAX_FRAME_BYTES, ends);
  }

  /** Grants the guest more system calls as they are read: what lies unread here stays bounded. */
  callRead(): void {
    this.#callsRead += 1;
    if (this.#callsRead % CALLS_GRANTED_AT_ONCE === 0)
      this.channel.sendPlain(FRAME.credit, 0, 0, CALLS_GRANTED_AT_ONCE);
  }

  answer(id: number, value: AnswerValue): void {
    this.reply(id, { ok: true, value });
  }

  refuse(id: number, code: RefusalCode, text?: string, reason?: WireReason): void {
    this.reply(id, { ok: false, code, reason, text });
  }

  /** Asks the runtime about an environment; `answered` is called once, with nothing if the thread ends first. */
  inspect(slot: number, query: InspectQuery, answered: (value: OpaqueValue | undefined) => void): void {
    const id = this.#ask((value) => answered(value instanceof Uint8Array ? value : undefined));
    this.notify({ notice: 'inspect', id, env: slot, query });
  }

  /** Asks a cell for an operation on what is in it; `answered` is called once. */
  supervise(operation: SubtreeOperation, answered: (answer: Answer) => void): void {
    const id = this.#ask((value) => answered(readAnswer(value) ?? { ok: false, code: 'noproc' }));
    if (this.alive) this.notify({ notice: 'supervise', id, operation });
    else this.answered(id, undefined);
  }

  answered(id: number, value: unknown): void {
    const answered = this.#asked.get(id);
    this.#asked.delete(id);
    answered?.(value);
  }

  #ask(answered: (value: unknown) => void): number {
    this.#asked.set(++this.#lastAsked, answered);
    return this.#lastAsked;
  }

  /** The environment behind a handle, if it lives and the guest still holds it. */
  behind(handle: number): Environment | undefined {
    return this.identity(handle)?.environment;
  }

  /** What is behind a handle, dead or alive. */
  identity(handle: number): Identity | undefined {
    if (handle >= OWN) return this.home?.cell.own(handle - OWN);
    return this.#held.get(handle)?.identity;
  }

  /** Of a cell: what it calls by this number. It may have ended before anybody here had heard of it. */
  own(number: number): Identity {
    let identity = this.#own.get(number);
    if (identity === undefined) {
      const environment = this.presented.get(number)?.environments.get(0);
      const home = { cell: this, number };
      identity = environment?.identity ?? { environment: undefined, holders: 0, home };
      this.#own.set(number, identity);
    }
    return identity;
  }

  /** Of a cell: how much of what it has presented is known here. */
  get known(): number {
    return this.#own.size;
  }

  /** Of a cell: how much it says to be in it, with the names that it keeps. */
  get claims(): number {
    return this.role === 'cell' ? this.known + (this.environments.get(0)?.names.size ?? 0) : 0;
  }

  /** Of a cell: nobody here knows it any more, so the cell need not either. */
  forget(number: number): void {
    this.#own.delete(number);
    this.notify({ notice: 'forget', number });
  }

  drop(handle: number, count: number): void {
    const held = this.#held.get(handle);
    if (held === undefined) return;
    held.count -= count;
    if (held.count > 0) return;
    this.#held.delete(handle);
    this.#handles.delete(held.identity);
    held.identity.holders -= 1;
    settle(held.identity);
  }

  /** The handle that the guest is about to be sent. It may have ended: an address that is passed on is still the same. */
  pass(identity: Identity): number {
    if (identity.home !== undefined && identity.home.cell === this.home?.cell)
      return OWN + identity.home.number;
    const known = this.#handles.get(identity);
    const held = known === undefined ? undefined : this.#held.get(known);
    if (known !== undefined && held !== undefined) {
      held.count++;
      return known;
    }
    const handle = ++this.#lastHandle;
    this.#held.set(handle, { identity, count: 1 });
    identity.holders += 1;
    this.#handles.set(identity, handle);
    return handle;
  }

  /** Its thread has ended. */
  end(): void {
    this.alive = false;
    for (const [handle, { count }] of this.#held) this.drop(handle, count);
    for (const answered of this.#asked.values()) answered(undefined);
    this.#asked.clear();
    if (this.home === undefined) this.channel.close();
    else this.home.cell.presented.delete(this.home.number);
  }

  nextChannel(): number {
    return ++this.#lastChannel;
  }

  get handles(): number {
    return this.#held.size;
  }

  /** Whether as much is kept here for it as may be. One of a cell takes from what the cell may have. */
  get isFull(): boolean {
    const keeper = this.home?.cell ?? this;
    return keeper.entries >= (keeper.environments.get(0)?.spec.mostEntries ?? Infinity);
  }

  /** Whatever is kept here for it, by number; of a cell, for all that it has presented, too. */
  get entries(): number {
    let count = this.#held.size + this.followed.size;
    for (const { watching, links, names, spawning } of this.environments.values())
      count += watching.size + links.size + names.size + spawning;
    for (const guest of this.presented.values()) count += guest.entries;
    return count;
  }

  reply(id: number, result: Answer): void {
    this.notify({ notice: 'answer', id, result });
  }
}

/** What has ended is forgotten where it was presented, once nobody has a handle for it. */
export function settle({ environment, holders, home }: Identity): void {
  if (environment === undefined && holders === 0) home?.cell.forget(home.number);
}
