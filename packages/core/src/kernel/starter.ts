/** Starts environments: a thread from the wall, a guest at the other end of its control link, a record in the kernel. */
import { Channel } from '../channel/channel.js';
import { FRAME } from '../channel/frames.js';
import type { Link } from '../channel/link.js';
import type { WireReason } from '../protocol/notices.js';
import { plainCodec } from '../protocol/plain-codec.js';
import type { OpaqueValue } from '../protocol/system-calls.js';
import { Environment, type EnvironmentSpec, type Owner } from './environment.js';
import { Guest, type Role } from './guest.js';
import type { Lifecycle } from './lifecycle.js';
import type { KernelParts } from './parts.js';
import type { Shutdown } from './supervisor-logic.js';
import type { CellStart } from './supervisor-node.js';
import type { WallEnd } from './wall.js';

export type StartResult =
  | { readonly ok: true; readonly environment: Environment }
  | { readonly ok: false; readonly reason: WireReason };

/** What arrives from a guest; answered by the kernel. */
export interface GuestListener {
  call(guest: Guest, value: unknown): void;
  violation(guest: Guest, problem: string): void;
}

/** One environment in a thread for now; the protocol and the runtime carry more. */
const SLOT = 0;

export class Starter {
  readonly #parts: KernelParts;
  readonly #lifecycle: Lifecycle;
  readonly #listener: GuestListener;
  readonly #names = new WeakMap<Owner, string>();
  #lastSerial = 0;

  constructor(parts: KernelParts, lifecycle: Lifecycle, listener: GuestListener) {
    this.#parts = parts;
    this.#lifecycle = lifecycle;
    this.#listener = listener;
  }

  /** `cell`: what one is to run; then `spec` is the cell's own. */
  start(
    path: string,
    spec: EnvironmentSpec,
    owner: Owner,
    extra?: OpaqueValue,
    cell?: CellStart,
  ): StartResult {
    const { names, wall } = this.#parts;
    if (spec.name !== null) {
      if (!names.keep(spec.name, owner)) {
        return { ok: false, reason: { tag: 'error', detail: `the name '${spec.name}' is taken` } };
      }
      this.#names.set(owner, spec.name);
    }
    const boundary = cell === undefined ? 'thread' : 'process';
    const { limits, env } = spec;
    const thread = wall.start({ boundary, limits, walls: cell?.walls, title: path, env });
    const guest = this.#guest(thread.link, cell === undefined ? 'environment' : 'cell');
    const environment = this.#environment(path, spec, owner, guest, thread);
    thread.onEnd((end) => {
      // What it had said comes first: its last word is why it ended.
      guest.channel.drain();
      this.#lifecycle.ended(environment, this.#evidence(environment, end));
    });
    const handle = guest.grant(environment);
    this.#lifecycle.hangs.watch(environment);
    if (cell !== undefined) guest.notify({ notice: 'cell', path, start: cell.start, extra });
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

  stop(environment: Environment, shutdown: Shutdown): void {
    this.#lifecycle.stop(environment, shutdown);
  }

  kill(environment: Environment): void {
    this.#lifecycle.kill(environment);
  }

  /** The owner's child will not run again: its name is free. */
  giveUpName(owner: Owner): void {
    const name = this.#names.get(owner);
    if (name === undefined) return;
    this.#names.delete(owner);
    this.#parts.names.giveUp(name, owner);
  }

  #environment(
    path: string,
    spec: EnvironmentSpec,
    owner: Owner,
    guest: Guest,
    thread: Environment['thread'],
  ): Environment {
    const startedAt = this.#parts.clock.now();
    const environment = new Environment({
      serial: ++this.#lastSerial,
      path,
      spec,
      owner,
      guest,
      slot: SLOT,
      thread,
      startedAt,
    });
    guest.environments.set(SLOT, environment);
    return environment;
  }

  #guest(link: Link, role: Role): Guest {
    const channel = new Channel({
      link,
      afterTurn: this.#parts.afterTurn,
      codec: plainCodec(this.#parts.text),
      receiver: {
        value: (kind, _to, _from, _correlation, value) => {
          if (kind === FRAME.control) {
            guest.callRead();
            this.#listener.call(guest, value);
          } else this.#listener.violation(guest, 'a frame of this kind has no place on a control link');
        },
        plain: () => {
          this.#listener.violation(guest, 'a frame of this kind has no place on a control link');
        },
        ticket: () => undefined,
        violation: (problem) => {
          this.#listener.violation(guest, problem);
        },
        // The wall says how a thread ended. What has said that it ends, or was ended, needs no more than this:
        // links close before a thread's heap is taken down, which takes another millisecond or two.
        ended: () => {
          for (const environment of [...guest.environments.values()]) {
            const why = environment.announced ?? environment.forced;
            if (role === 'administrator' || why !== undefined) this.#lifecycle.ended(environment);
          }
        },
      },
    });
    const guest: Guest = new Guest(channel, role);
    return guest;
  }

  #evidence(environment: Environment, end: WallEnd): WireReason | undefined {
    const { forced } = environment;
    // A process that the kernel has killed ends as one that was: that is evidence of nothing else.
    if (end.kind === 'reason' && (forced === undefined || end.reason.tag !== 'cell'))
      return { tag: end.reason.tag, detail: end.reason.detail };
    if (forced !== undefined) return forced;
    if (end.kind === 'reason') return undefined;
    const what =
      environment.guest.role === 'cell' ? (['cell', 'process'] as const) : (['error', 'thread'] as const);
    return { tag: what[0], detail: `the ${what[1]} ended by itself with exit code ${String(end.exitCode)}` };
  }
}
