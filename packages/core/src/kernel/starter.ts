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
import { nameIn } from './names.js';
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

  constructor(parts: KernelParts, lifecycle: Lifecycle, listener: GuestListener) {
    this.#parts = parts;
    this.lifecycle = lifecycle;
    this.#listener = listener;
  }

  /** `space`: the namespace that it lives in. */
  start(path: string, start: ThreadStart, space: string, owner: Owner, extra?: OpaqueValue): StartResult {
    const { names, wall } = this.#parts;
    const { kind, spec } = start;
    const { name, limits, env } = spec;
    const { keeper = owner } = owner;
    if (name !== null && !names.keep(nameIn(space, name), keeper)) return { ok: false, reason: taken(name) };
    const walls = kind === 'cell' ? start.walls : undefined;
    const boundary = kind === 'cell' ? 'process' : 'thread';
    const inhabited = kind === 'cell' ? undefined : start.thread;
    const thread = inhabited ?? wall.start({ boundary, limits, walls, title: path, env });
    const guest = this.#guest(thread.link, kind, space, thread.site);
    const environment = this.#environment({ path, spec, owner, guest, thread });
    thread.onEnd((end) => {
      // What it had said comes first: its last word is why it ended.
      guest.channel.drain();
      this.lifecycle.ended(environment, this.#evidence(environment, end));
    });
    const handle = guest.pass(environment.identity);
    this.lifecycle.hangs.watch(environment);
    if (kind === 'cell') guest.notify({ notice: 'cell', path, start: start.start, extra });
    else guest.notify({ notice: 'boot', env: SLOT, handle, terms: spec.terms, boot: spec.boot, extra });
    return { ok: true, environment };
  }

  /** The application's endpoint: an environment that runs in a thread which the kernel does not own. */
  endpoint(link: Link, path: string, spec: EnvironmentSpec): Environment {
    const guest = this.#guest(link, 'administrator', '');
    // The application owns itself.
    const owner = unowned(() => ({ willRestart: false, carryOut: () => undefined }));
    const environment = this.#environment({ path, spec, owner, guest, thread: undefined });
    environment.state = 'running';
    environment.wasReady = true;
    // The first handle of every guest is its own environment.
    guest.pass(environment.identity);
    return environment;
  }

  /** One of a cell, which deals with the outside: a guest whose thread is the cell's business. */
  present(cell: Environment, call: Extract<SystemCall, { call: 'present' }>): void {
    const { number, path, name, terms, space } = call;
    const home = { cell: cell.guest, number };
    const guest = new Guest(cell.guest.channel, 'environment', spaceIn(cell.guest, space), undefined, home);
    const spec = { ...cell.spec, boot: NOTHING, name, terms };
    // Its cell's kernel has started it, and will again.
    const lives = unowned(({ kept }) => ({
      willRestart: kept,
      carryOut: () => {
        // A cell that is gone waits for the last of them: it counts them itself.
        if (cell.alive) cell.children.delete(environment);
      },
    }));
    const owner = { ...lives, keeper: cell.keeper };
    const environment = this.#environment({ path, spec, owner, guest, thread: undefined });
    environment.state = 'running';
    environment.wasReady = true;
    cell.guest.presented.set(number, guest);
    cell.guest.own(number);
    cell.children.add(environment);
  }

  #environment(given: Omit<ConstructorParameters<typeof Environment>[0], 'slot'>): Environment {
    const environment = new Environment({ ...given, slot: SLOT });
    given.guest.environments.set(SLOT, environment);
    return environment;
  }

  #guest(link: Link, role: Role, space: string, site?: LinkSite): Guest {
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
    const guest: Guest = new Guest(channel, role, space, site);
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

/** The namespace that a cell means: it knows its own as the nameless one, as a kernel at the top does. */
export function spaceIn(cell: Guest, space = ''): string {
  return space === '' ? cell.space : space;
}

/** Of what this kernel has not started. */
function unowned(ended: Owner['ended']): Owner {
  return { started: () => undefined, ignored: () => undefined, ended };
}
