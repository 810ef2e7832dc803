/**
 * An environment of a cell as the kernel above knows it: a guest of that kernel, with handles, channels, monitors
 * and names of its own there. What it asks about the outside is sent up with the numbers of the kernel above, and
 * what that says comes down with the numbers of this side (numbers.ts). It is created when first needed.
 *
 * Invariants:
 * - the calls and notices of all presences of a cell share the cell's control link, so they keep one order;
 * - before a word that must not overtake messages goes up or down, the relays of the channels in question are drained.
 */
import type { LinkEnd, Transfer } from '../channel/link.js';
import type {
  Answer,
  AnswerValue,
  CellNotice,
  NameState,
  Notice,
  Peer,
  WireReason,
} from '../protocol/notices.js';
import type { SystemCall } from '../protocol/system-calls.js';
import type { Environment } from './environment.js';
import { isOutside, NUMBERS, OWN, UP } from './numbers.js';
import type { Relay } from './relay.js';
import type { Uplink } from './uplink.js';

export class Presence {
  readonly environment: Environment;
  readonly number: number;
  readonly #uplink: Uplink;
  readonly #asked = new Map<number, (answer: Answer) => void>();
  readonly #relays = new Map<number, Relay>();
  /** Names that it follows and others of this cell hold: by whom. */
  readonly #names = new Map<string, Environment>();
  #lastAsked = 0;

  constructor(environment: Environment, number: number, uplink: Uplink) {
    this.environment = environment;
    this.number = number;
    this.#uplink = uplink;
  }

  // ---- up --------------------------------------------------------------------------------------------

  ask(call: object, answered: (answer: Answer) => void): void {
    this.#asked.set(++this.#lastAsked, answered);
    this.#uplink.say(this.number, { ...call, id: this.#lastAsked });
  }

  /** Sends up what its guest has asked about the outside, after all that it has sent before. */
  forward(call: SystemCall): void {
    this.#drain();
    const { guest } = this.environment;
    const asked: Record<string, unknown> = { ...call };
    for (const field of NUMBERS) {
      const number = asked[field];
      if (typeof number === 'number')
        asked[field] = isOutside(number) ? number - UP : this.#own(field, number);
    }
    if (!('id' in call)) {
      this.#uplink.say(this.number, asked);
      return;
    }
    const record = call.call === 'ticket' ? guest.channels.get(call.channel) : undefined;
    if (record !== undefined) asked['ticket'] = ++record.tickets;
    this.ask(asked, (answer) => {
      if (!answer.ok) guest.refuse(call.id, answer.code, answer.text, answer.reason);
      else guest.answer(call.id, this.#answer(call, answer.value));
    });
  }

  /** Forgets handles of the outside; what is inside is nobody's business there. */
  drop(handles: readonly number[], counts: readonly number[]): void {
    for (const [at, handle] of handles.entries())
      if (isOutside(handle))
        this.#uplink.say(this.number, { call: 'drop', handles: [handle - UP], counts: [counts[at] ?? 1] });
  }

  /** It has ended. `kept`: its name is to be kept, because it will run again. */
  ended({ tag, detail }: WireReason, kept: boolean): void {
    this.#drain();
    this.#uplink.say(this.number, { call: 'exit', env: 0, tag, detail, kept });
    for (const relay of this.#relays.values()) relay.close();
  }

  /** Another one of this cell has ended: who holds its names now is told from above, a moment later. */
  lost(holder: Environment): void {
    for (const [name, known] of this.#names) {
      if (known !== holder) continue;
      this.#names.delete(name);
      this.environment.guest.notify({ notice: 'name', name, holder: { state: 'pending' } });
    }
  }

  #own(field: string, number: number): number {
    const { guest } = this.environment;
    const peer = this.#uplink.below.channels.peerAt(guest, number);
    const identity = field === 'channel' ? peer?.environments.get(0)?.identity : guest.identity(number);
    return identity === undefined ? 0 : OWN + this.#uplink.numberOf(identity);
  }

  /** Those to the outside, and those across a namespace in this cell. */
  #drain(): void {
    for (const relay of this.#relays.values()) relay.drain();
    for (const { relay } of this.environment.guest.channels.values()) relay?.drain();
  }

  // ---- down ------------------------------------------------------------------------------------------

  notice(notice: Notice | CellNotice, [end]: readonly Transfer[]): void {
    const { environment } = this;
    const { guest } = environment;
    const { lifecycle, channels } = this.#uplink.below;
    switch (notice.notice) {
      case 'answer': {
        const answered = this.#asked.get(notice.id);
        this.#asked.delete(notice.id);
        answered?.(notice.result);
        return;
      }
      case 'channel': {
        const [relay, far] = this.#uplink.relay(end as LinkEnd, guest);
        this.#relays.set(notice.channel, relay);
        guest.notify({ notice: 'channel', channel: UP + notice.channel }, [far]);
        return;
      }
      case 'name':
        guest.notify({ ...notice, holder: this.#state(notice.name, notice.holder) });
        return;
      case 'gone': {
        const { reason, downs, exits } = notice;
        const channel = this.#channel(notice.channel);
        this.#drain();
        if (notice.closes) {
          this.#relays.delete(notice.channel);
          // In this cell and alive: it may not be spoken to any more.
          const peer = channels.peerAt(guest, channel);
          if (peer !== undefined) channels.leave(guest, peer);
        }
        guest.notify({
          ...notice,
          channel,
          downs: downs.map(({ env, monitor }) => ({ env, monitor: UP + monitor })),
          exits: exits.map(({ env, handle }) => ({
            env,
            signal: lifecycle.expectEnd(environment, reason),
            handle: this.#handle(handle),
          })),
        });
        return;
      }
      case 'signal': {
        this.#drain();
        const signal = lifecycle.expectEnd(environment, notice.reason);
        guest.notify({ ...notice, signal, ...this.#here(notice) });
        return;
      }
      case 'kill':
        lifecycle.terminate(environment, notice.reason);
        return;
      case 'ticket':
      case 'linked':
        guest.notify({ ...notice, ...this.#here(notice) });
        return;
      case 'inspect':
        guest.inspect(notice.env, notice.query, (value) =>
          this.#uplink.say(this.number, { call: 'answer', id: notice.id, value }),
        );
        return;
      default:
    }
  }

  #answer(call: SystemCall, value: AnswerValue): AnswerValue {
    if (call.call === 'monitor') return UP + (value as number);
    if (call.call === 'connect') return this.#peer(value as Peer);
    if (call.call !== 'resolve' || value === undefined) return value;
    return call.follow ? this.#state(call.name, value as NameState) : this.#handle(value as number);
  }

  #state(name: string, state: NameState): NameState {
    this.#names.delete(name);
    if (state.state !== 'held') return state;
    const { channel } = state.peer;
    if (channel < OWN) return { state: 'held', peer: this.#peer(state.peer) };
    const holder = this.#uplink.identityOf(channel - OWN)?.environment;
    // It has ended, and above that is not known yet.
    if (holder === undefined) return { state: 'pending' };
    this.#names.set(name, holder);
    return { state: 'held', peer: this.#peer(state.peer) };
  }

  /** The numbers of whom a notice is about, as its guest knows them. */
  #here({ channel, handle }: { readonly channel: number; readonly handle: number }) {
    return { channel: this.#channel(channel), handle: this.#handle(handle) };
  }

  #peer(peer: Peer): Peer {
    const inside = this.#uplink.identityOf(peer.channel - OWN)?.environment;
    if (inside !== undefined) return this.#uplink.below.channels.peer(this.environment.guest, inside);
    return { ...peer, channel: this.#channel(peer.channel) };
  }

  #channel(channel: number): number {
    if (channel === 0) return 0;
    if (channel < OWN) return UP + channel;
    const peer = this.#uplink.identityOf(channel - OWN)?.environment?.guest;
    return peer === undefined ? 0 : (this.environment.guest.channelTo.get(peer)?.id ?? 0);
  }

  #handle(handle: number): number {
    if (handle === 0) return 0;
    if (handle < OWN) return UP + handle;
    const identity = this.#uplink.identityOf(handle - OWN);
    return identity === undefined ? 0 : this.environment.guest.pass(identity);
  }
}
