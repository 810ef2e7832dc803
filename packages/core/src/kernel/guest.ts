/**
 * One thread on the other side of a control link: its environments, its table of references, its
 * channels. Guests hold small numbers that mean something in their own table only; nothing in them
 * counts other guests.
 */
import { MAX_FRAME_BYTES, type Channel } from '../channel/channel.js';
import { FRAME } from '../channel/frames.js';
import type { LinkEnd } from '../channel/link.js';
import type { Answer, AnswerValue, Notice, RefusalCode, WireReason } from '../protocol/notices.js';
import type { Environment } from './environment.js';

interface Held {
  readonly environment: Environment;
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

export class Guest {
  readonly channel: Channel;
  /** Holds the right to the whole tree: the application's endpoint. */
  readonly administrator: boolean;
  readonly environments = new Map<number, Environment>();
  readonly channels = new Map<number, ChannelRecord>();
  readonly channelTo = new Map<Guest, ChannelRecord>();
  readonly followed = new Set<string>();
  /** Inspections that the guest has not answered. */
  readonly asked = new Map<number, (value: Uint8Array | undefined) => void>();
  readonly #held = new Map<number, Held>();
  readonly #handles = new Map<Environment, number>();
  #lastHandle = 0;
  #lastChannel = 0;
  alive = true;

  constructor(channel: Channel, administrator: boolean) {
    this.channel = channel;
    this.administrator = administrator;
  }

  notify(notice: Notice, ends?: readonly LinkEnd[]): void {
    if (this.alive) this.channel.sendValue(FRAME.control, 0, 0, 0, notice, MAX_FRAME_BYTES, ends);
  }

  answer(id: number, value: AnswerValue): void {
    this.#answer(id, { ok: true, value });
  }

  refuse(id: number, code: RefusalCode, text?: string, reason?: WireReason): void {
    this.#answer(id, { ok: false, code, ...(reason === undefined ? {} : { reason }), ...(text === undefined ? {} : { text }) });
  }

  /** The environment behind a handle, if it lives and the guest still holds it. */
  behind(handle: number): Environment | undefined {
    return this.#held.get(handle)?.environment;
  }

  /** The handle that the guest is about to be sent. */
  grant(environment: Environment): number {
    let handle = this.#handles.get(environment);
    const held = handle === undefined ? undefined : this.#held.get(handle);
    if (handle !== undefined && held !== undefined) {
      held.count++;
      return handle;
    }
    handle = ++this.#lastHandle;
    if (!environment.alive) return handle;
    this.#held.set(handle, { environment, count: 1 });
    this.#handles.set(environment, handle);
    environment.holders.add(this);
    return handle;
  }

  /** The guest's own handle for it, or 0. */
  known(environment: Environment): number {
    return this.#handles.get(environment) ?? 0;
  }

  drop(handle: number, count: number): void {
    const held = this.#held.get(handle);
    if (held === undefined) return;
    held.count -= count;
    if (held.count <= 0) this.revoke(held.environment);
  }

  revoke(environment: Environment): void {
    const handle = this.#handles.get(environment);
    if (handle === undefined) return;
    this.#held.delete(handle);
    this.#handles.delete(environment);
    environment.holders.delete(this);
  }

  /** Its thread has ended. */
  end(): void {
    this.alive = false;
    for (const { environment } of this.#held.values()) environment.holders.delete(this);
    this.#held.clear();
    this.#handles.clear();
    for (const settle of this.asked.values()) settle(undefined);
    this.asked.clear();
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
