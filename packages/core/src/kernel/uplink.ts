/**
 * The way from the kernel of a cell to the kernel above it, which takes the cell for one guest: what it says is
 * system calls, what it hears is notices, over the pipe's control link.
 *
 *   process wall above                           in the cell
 *   wall.start({ boundary: 'process', … })  ───► a process with a pipe; new Kernel({ …, up: { link, links, over } })
 *     gives a WallThread:                          link: the pipe's control link; links: the pipe
 *       link: the pipe's control link              over: called once, when the process is to end at once
 *       site: the pipe                                  (its last words were given to the link; or the link ended)
 *       terminate: SIGKILL                       notice `cell` { path, start, extra }: the node to run, by the kernel itself;
 *       onEnd: with the evidence of wall.ts        nobody else starts anything in a cell's kernel
 *
 * Its channel carries the words of many: the correlation of a control frame says whose, 0 is the cell itself, and
 * each of its environments that deals with the outside is presented under a number of its own (presence.ts).
 *
 * Ends of links travel on the control link and only downwards: the cell's side of the pipe takes them, the other none.
 *
 * The life of the cell is that of an environment: `ready` when its tree runs, `exit` with the reason for which
 * that has ended or not started, and the order to stop, which stops it.
 */
import { Channel, MAX_FRAME_BYTES } from '../channel/channel.js';
import { FRAME } from '../channel/frames.js';
import type { LinkEnd } from '../channel/link.js';
import type { Answer, CellNotice, Notice, WireReason } from '../protocol/notices.js';
import { plainCodec } from '../protocol/plain-codec.js';
import type { SystemCall } from '../protocol/system-calls.js';
import type { Environment } from './environment.js';
import type { KernelEvent } from './events.js';
import type { Guest } from './guest.js';
import type { Identity } from './identity.js';
import type { NodeStart } from './node-start.js';
import { splitName } from './names.js';
import { isOutside, NUMBERS, OWN } from './numbers.js';
import type { Asker, KernelBelow, KernelOptions, UplinkOptions } from './parts.js';
import { Presence } from './presence.js';
import { Account, type Relay } from './relay.js';
import { supervise } from './supervise.js';

const CELL = 0;

export class Uplink implements Asker {
  readonly #channel: Channel;
  readonly #up: UplinkOptions;
  /** What the kernel above may name: until it forgets it. */
  readonly #identities = new Map<number, Identity>();
  readonly #numbers = new Map<Identity, number>();
  readonly #presences = new Map<number, Presence>();
  #lastNumber = CELL;
  #below: KernelBelow | undefined;

  constructor({ afterTurn, text }: KernelOptions, up: UplinkOptions) {
    this.#up = up;
    const over = (): void => this.#over();
    this.#channel = new Channel({
      link: up.link,
      afterTurn,
      codec: plainCodec(text),
      receiver: {
        value: (_kind, _to, _from, number, value, _bytes, ends) => {
          const notice = value as Notice | CellNotice;
          if (number === CELL) this.#notice(notice);
          else this.#presences.get(number)?.notice(notice, ends);
        },
        // Credit: who reads the calls of a whole cell is bounded by the pipe.
        plain: () => undefined,
        ticket: () => undefined,
        violation: over,
        ended: over,
      },
    });
  }

  /** From now on what comes is for these. */
  serve(below: KernelBelow): void {
    this.#below = below;
  }

  get below(): KernelBelow {
    return this.#below as KernelBelow;
  }

  // ---- what is told and asked above ------------------------------------------------------------------

  say(number: number, call: object): void {
    this.#channel.sendValue(FRAME.control, 0, 0, number, call, MAX_FRAME_BYTES);
  }

  readonly report = (event: KernelEvent): void => this.say(CELL, { call: 'report', event });

  /** What a guest has asked, if it is about the outside. False if it is not. */
  forward(guest: Guest, call: SystemCall): boolean {
    const environment = guest.environments.get(0);
    if (guest.role === 'cell' || environment === undefined) return false;
    if (call.call === 'drop') this.#presenceOf(environment)?.drop(call.handles, call.counts);
    if (!concernsOutside(call, guest)) return false;
    this.#present(environment.identity)?.forward(call);
    return true;
  }

  /** A name is taken for a node of this cell; or is not any more. */
  keep(full: string, isKept: boolean): void {
    const [space, name] = splitName(full);
    this.say(CELL, { call: isKept ? 'register' : 'unregister', env: 0, id: 0, name, space });
  }

  hold(full: string, environment: Environment, done: (held: boolean) => void): void {
    const name = splitName(full)[1];
    this.#present(environment.identity)?.ask({ call: 'register', env: 0, name }, ({ ok }) => done(ok));
  }

  /** Before anybody is told. `kept`: it will run again. */
  ended(environment: Environment, reason: WireReason, kept: boolean): void {
    const presence = this.#presenceOf(environment);
    if (presence === undefined) return;
    this.#presences.delete(presence.number);
    for (const other of this.#presences.values()) other.lost(environment);
    presence.ended(reason, kept);
  }

  #presenceOf({ identity }: Environment): Presence | undefined {
    return this.#presences.get(this.#numbers.get(identity) ?? CELL);
  }

  /** The number of what is behind a handle: the kernel above learns of it when it is first named. */
  numberOf(identity: Identity): number {
    const known = this.#numbers.get(identity);
    if (known !== undefined) return known;
    const number = ++this.#lastNumber;
    const { environment } = identity;
    this.#numbers.set(identity, number);
    this.#identities.set(number, identity);
    if (environment !== undefined) {
      const { path, spec, guest } = environment;
      const { name, terms } = spec;
      this.#presences.set(number, new Presence(environment, number, this));
      this.say(CELL, { call: 'present', number, path, name, terms, space: guest.space });
    }
    return number;
  }

  identityOf(number: number): Identity | undefined {
    return this.#identities.get(number);
  }

  /** Who of the two may speak is decided above. */
  relay(end: LinkEnd, guest: Guest): readonly [Relay, LinkEnd] {
    const above = { link: this.#up.links.open(end), account: new Account(true), broken: () => undefined };
    return this.below.channels.relay(above, guest, new Account(true));
  }

  #present(identity: Identity): Presence | undefined {
    return this.#presences.get(this.numberOf(identity));
  }

  // ---- what is asked from above ----------------------------------------------------------------------

  reply(id: number, answer: Answer): void {
    this.say(CELL, { call: 'answer', id, value: answer });
  }

  pass(identity: Identity): number {
    return OWN + this.numberOf(identity);
  }

  #notice(notice: Notice | CellNotice): void {
    const { tree } = this.below;
    switch (notice.notice) {
      case 'cell':
        tree.start(notice.path, notice.start as NodeStart, notice.extra, {
          started: (ignore) => this.say(CELL, { call: 'ready', env: 0, ignore }),
          over: ({ tag, detail }) => {
            this.say(CELL, { call: 'exit', env: 0, tag, detail });
            this.#over();
          },
        });
        return;
      case 'signal':
        // The order to stop; nobody can send a cell another.
        tree.stop(() => undefined);
        return;
      case 'supervise':
        supervise(this.below, this, notice.id, notice.operation);
        return;
      case 'inspect':
        this.say(CELL, { call: 'answer', id: notice.id, value: undefined });
        return;
      case 'forget': {
        const identity = this.#identities.get(notice.number);
        this.#identities.delete(notice.number);
        if (identity !== undefined) this.#numbers.delete(identity);
        return;
      }
      default:
    }
  }

  #over(): void {
    if (this.#channel.closed) return;
    this.#channel.close();
    this.#up.over();
  }
}

/** Names are the outside's business always, and whatever crosses a namespace; numbers say whose they are. */
function concernsOutside(call: SystemCall, guest: Guest): boolean {
  if (call.call === 'register' || call.call === 'unregister' || call.call === 'resolve') return true;
  const target = 'target' in call ? call.target : 'handle' in call ? call.handle : 0;
  if ((call.call === 'monitor' || call.call === 'signal') && typeof target === 'string') return true;
  if (NUMBERS.some((field) => isOutside((call as Partial<Record<string, unknown>>)[field]))) return true;
  const other = typeof target === 'number' ? guest.behind(target) : undefined;
  return other !== undefined && other.guest.space !== guest.space && call.call !== 'ticket';
}
