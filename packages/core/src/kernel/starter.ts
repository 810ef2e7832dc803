/** Starts environments: a thread from the wall, a guest at the other end of its control link, a record in the kernel. */
import { Channel } from '../channel/channel.js';
import { FRAME } from '../channel/frames.js';
import type { Link, LinkSite } from '../channel/link.js';
import type { WireReason } from '../protocol/notices.js';
import { plainCodec } from '../protocol/plain-codec.js';
import type { OpaqueValue, SystemCall } from '../protocol/system-calls.js';
import { Environment } from './environment.js';
import { Guest, type Role } from './guest.js';
import { taken, type Lifecycle } from './lifecycle.js';
import type { EnvironmentSpec, ThreadStart } from './node-start.js';
import type { Owner, StartResult } from './owner.js';
import type { GuestListener, KernelParts } from './parts.js';
import type { WallEnd } from './wall.js';

/** One environment in a thread for now; the protocol and the runtime carry more. */
const SLOT = 0;
const NOTHING = new Uint8Array();

export class Starter {
  readonly lifecycle: Lifecycle;
  readonly #parts: KernelParts;
  readonly #listener: GuestListener;
  #lastSerial = 0;

  constructor(parts: KernelParts, lifecycle: Lifecycle, listener: GuestListener) {
    this.#parts = parts;
    this.lifecycle = lifecycle;
    this.#listener = listener;
  }

  start(path: string, start: ThreadStart, owner: Owner, extra?: OpaqueValue): StartResult {
    const { names, wall } = this.#parts;
    const { kind, spec } = start;
    const { name, limits, env } = spec;
    if (name !== null && !names.keep(name, owner)) return { ok: false, reason: taken(name) };
    const walls = kind === 'cell' ? start.walls : undefined;
    const boundary = kind === 'cell' ? 'process' : 'thread';
    const thread = wall.start({ boundary, limits, walls, title: path, env });
    const guest = this.#guest(thread.link, kind, thread.site);
    const environment = this.#environment(path, spec, owner, guest, thread);
    thread.onEnd((end) => {
      // What it had said comes first: its last word is why it ended.
      guest.channel.drain();
      this.lifecycle.ended(environment, this.#evidence(environment, end));
    });
    const handle = guest.grant(environment);
    this.lifecycle.hangs.watch(environment);
    if (kind === 'cell') guest.notify({ notice: 'cell', path, start: start.start, extra });
    else guest.notify({ notice: 'boot', env: SLOT, handle, terms: spec.terms, boot: spec.boot, extra });
    return { ok: true, environment };
  }

  /** The application's endpoint: an environment that runs in a thread which the kernel does not own. */
  endpoint(link: Link, path: string, spec: EnvironmentSpec, owner: Owner): Environment {
    const guest = this.#guest(link, 'administrator');
    const environment = this.#environment(path, spec, owner, guest, undefined);
    environment.state = 'running';
    environment.wasReady = true;
    // The first handle of every guest is its own environment.
    guest.grant(environment);
    return environment;
  }

  /** One of a cell, which deals with the outside: a guest whose thread is the cell's business. */
  present(cell: Environment, { number, path, name, terms }: Extract<SystemCall, { call: 'present' }>): void {
    const { channel } = cell.guest;
    const guest = new Guest(channel, 'environment', undefined, { cell: cell.guest, number });
    const spec = { ...cell.spec, boot: NOTHING, name, terms };
    const owner: Owner = {
      started: nothing,
      ignored: nothing,
      ended: ({ kept }) => ({
        willRestart: kept,
        carryOut: () => {
          // A cell that is gone waits for the last of them: it counts them itself.
          if (cell.alive) cell.children.delete(environment);
        },
      }),
    };
    const environment = this.#environment(path, spec, owner, guest, undefined, cell.keeper);
    environment.state = 'running';
    environment.wasReady = true;
    cell.guest.presented.set(number, guest);
    cell.guest.own(number);
    cell.children.add(environment);
  }

  #environment(
    path: string,
    spec: EnvironmentSpec,
    owner: Owner,
    guest: Guest,
    thread: Environment['thread'],
    keeper: object = owner,
  ): Environment {
    const serial = ++this.#lastSerial;
    const startedAt = this.#parts.clock.now();
    const given = { serial, path, spec, owner, guest, slot: SLOT, thread, startedAt, keeper };
    const environment = new Environment(given);
    guest.environments.set(SLOT, environment);
    return environment;
  }

  #guest(link: Link, role: Role, site?: LinkSite): Guest {
    const channel = new Channel({
      link,
      afterTurn: this.#parts.afterTurn,
      codec: plainCodec(this.#parts.text),
      receiver: {
        value: (kind, _to, _from, number, value) => {
          if (kind === FRAME.control) {
            guest.callRead();
            // One of a cell that has ended may have had more to say.
            const caller = number === 0 ? guest : guest.presented.get(number);
            if (caller !== undefined) this.#listener.call(caller, value);
          } else this.#listener.violation(guest, 'a frame of this kind has no place on a control link');
        },
        plain: () => this.#listener.violation(guest, 'a frame of this kind has no place on a control link'),
        ticket: () => undefined,
        violation: (problem) => this.#listener.violation(guest, problem),
        // The wall says how a thread ended. What has said that it ends, or was ended, needs no more than this:
        // links close before a thread's heap is taken down, which takes another millisecond or two.
        ended: () => {
          for (const environment of [...guest.environments.values()]) {
            const why = environment.announced ?? environment.forced;
            if (role === 'administrator' || why !== undefined) this.lifecycle.ended(environment);
          }
        },
      },
    });
    const guest: Guest = new Guest(channel, role, site);
    return guest;
  }

  #evidence(environment: Environment, end: WallEnd): WireReason | undefined {
    const { forced, guest } = environment;
    // A process that the kernel has killed ends as one that was: that is evidence of nothing else.
    if (end.kind === 'reason' && (forced === undefined || end.reason.tag !== 'cell')) {
      const { tag, detail } = end.reason;
      return { tag, detail };
    }
    if (forced !== undefined || end.kind === 'reason') return forced;
    const detail = `it ended by itself with exit code ${String(end.exitCode)}`;
    return { tag: guest.role === 'cell' ? 'cell' : 'error', detail };
  }
}

function nothing(): void {
  // Its cell's kernel has done it.
}
