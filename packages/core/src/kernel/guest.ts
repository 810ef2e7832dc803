/**
 * One thread on the other side of a control link: its environments, its table of references, its
 * channels. Guests hold small numbers that mean something in their own table only; nothing in them
 * counts other guests.
 */
import { MAX_FRAME_BYTES, type Channel } from '../channel/channel.js';
import { FRAME } from '../channel/frames.js';
import type { LinkEnd } from '../channel/link.js';
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
  type SuperviseOperation,
} from '../protocol/system-calls.js';
import { readAnswer } from './door.js';
import type { Environment, Identity } from './environment.js';

interface Held {
  readonly identity: Identity;
  /** How often the guest was sent the handle; it gives them back by `drop`. */
  count: number;
}

/** One channel as one of its two guests knows it. */
export interface ChannelRecord {
  readonly id: number;
  readonly peer: Guest;
  /** The peer's number for it. */
  readonly peerId: number;
  /** The last ticket made for the peer. */
  tickets: number;
}

/** `administrator`: holds the right to the whole tree, the application's endpoint. `cell`: is a kernel itself. */
export type Role = 'environment' | 'administrator' | 'cell';

export class Guest {
  readonly channel: Channel;
  readonly role: Role;
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

  constructor(channel: Channel, role: Role) {
    this.channel = channel;
    this.role = role;
  }

  notify(notice: Notice | CellNotice, ends?: readonly LinkEnd[]): void {
    if (this.alive) this.channel.sendValue(FRAME.control, 0, 0, 0, notice, MAX_FRAME_BYTES, ends);
  }

  /** Grants the guest more system calls as they are read: what lies unread here stays bounded. */
  callRead(): void {
    this.#callsRead += 1;
    if (this.#callsRead % CALLS_GRANTED_AT_ONCE === 0)
      this.channel.sendPlain(FRAME.credit, 0, 0, CALLS_GRANTED_AT_ONCE);
  }

  answer(id: number, value: AnswerValue): void {
    this.#answer(id, { ok: true, value });
  }

  refuse(id: number, code: RefusalCode, text?: string, reason?: WireReason): void {
    this.#answer(id, {
      ok: false,
      code,
      ...(reason === undefined ? {} : { reason }),
      ...(text === undefined ? {} : { text }),
    });
  }

  /** Asks the runtime about an environment; `answered` is called once, with nothing if the thread ends first. */
  inspect(slot: number, query: InspectQuery, answered: (value: OpaqueValue | undefined) => void): void {
    const id = this.#ask((value) => {
      answered(value instanceof Uint8Array ? value : undefined);
    });
    this.notify({ notice: 'inspect', id, env: slot, query });
  }

  /** Asks a cell for an operation on what is in it; `answered` is called once. */
  supervise(operation: SuperviseOperation, answered: (answer: Answer) => void): void {
    const id = this.#ask((value) => {
      answered(readAnswer(value) ?? { ok: false, code: 'noproc' });
    });
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
    return this.#held.get(handle)?.identity.environment;
  }

  /** The handle that the guest is about to be sent. */
  grant(environment: Environment): number {
    return this.#grant(environment.identity);
  }

  /** Passes on to a peer what is behind a handle, dead or alive: the peer's handle for it. */
  share(handle: number, peer: Guest): number | undefined {
    const held = this.#held.get(handle);
    return held === undefined ? undefined : peer.#grant(held.identity);
  }

  drop(handle: number, count: number): void {
    const held = this.#held.get(handle);
    if (held === undefined) return;
    held.count -= count;
    if (held.count > 0) return;
    this.#held.delete(handle);
    this.#handles.delete(held.identity);
  }

  #grant(identity: Identity): number {
    const known = this.#handles.get(identity);
    const held = known === undefined ? undefined : this.#held.get(known);
    if (known !== undefined && held !== undefined) {
      held.count++;
      return known;
    }
    const handle = ++this.#lastHandle;
    this.#held.set(handle, { identity, count: 1 });
    this.#handles.set(identity, handle);
    return handle;
  }

  /** Its thread has ended. */
  end(): void {
    this.alive = false;
    this.#held.clear();
    this.#handles.clear();
    for (const answered of this.#asked.values()) answered(undefined);
    this.#asked.clear();
    this.channel.close();
  }

  nextChannel(): number {
    return ++this.#lastChannel;
  }

  get handles(): number {
    return this.#held.size;
  }

  #answer(id: number, result: Answer): void {
    this.notify({ notice: 'answer', id, result });
  }
}
