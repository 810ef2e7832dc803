/**
 * The kernel: the small trusted part. It runs no guest code, parses nothing but its own frames, and
 * knows memory, processor time, messages, names, clock and randomness only. Clock, randomness, links,
 * walls, strategies and the loader are handed in, so that the same modules run in a thread, in a cell
 * and in the simulation.
 */
import type { Link } from '../channel/link.js';
import type { ExitReason } from '../exit-reason.js';
import { Channels } from './channels.js';
import { readSystemCall } from './door.js';
import type { Environment } from './environment.js';
import type { EnvironmentSpec } from './node-start.js';
import type { Guest } from './guest.js';
import { Lifecycle } from './lifecycle.js';
import { Names } from './names.js';
import { Orphans } from './orphans.js';
import type { KernelOptions, KernelParts } from './parts.js';
import { Starter } from './starter.js';
import type { SystemCall } from '../protocol/system-calls.js';
import type { SupervisorSpec } from './supervisor-logic.js';
import { systemCallHandlers } from './system-call-handlers.js';
import { Tree } from './tree.js';
import { Uplink } from './uplink.js';

/** Environments that a cell has presented, others that it speaks of, and names that it keeps: no process holds so many threads. */
const MOST_IN_A_CELL = 50_000;

export class Kernel {
  readonly tree: Tree;
  readonly #parts: KernelParts;
  readonly #starter: Starter;
  readonly #handlers: ReturnType<typeof systemCallHandlers>;

  constructor(options: KernelOptions) {
    const violation = (guest: Guest, problem: string): void => this.#violation(guest, problem);
    const channels = new Channels(options.links, violation);
    const uplink = options.up === undefined ? undefined : new Uplink(options, options.up);
    const parts: KernelParts = {
      ...options,
      ...(uplink === undefined ? {} : { observe: uplink.report }),
      channels,
      uplink,
      names: new Names(channels, uplink),
      orphans: new Orphans(),
    };
    this.#parts = parts;
    const lifecycle = new Lifecycle(parts);
    this.#starter = new Starter(parts, lifecycle, {
      call: (guest, value) => this.#call(guest, value),
      violation,
    });
    this.tree = new Tree(parts, this.#starter);
    this.#handlers = systemCallHandlers({
      parts,
      lifecycle,
      starter: this.#starter,
      tree: this.tree,
      violation,
    });
    uplink?.serve({ channels, lifecycle, tree: this.tree });
  }

  /** Starts the tree; calls back when every node runs, or when the start has failed and been undone. */
  start(name: string, spec: SupervisorSpec, done: (failure: ExitReason | undefined) => void): void {
    let runs = false;
    this.tree.start(name, { kind: 'supervisor', spec }, undefined, {
      started: () => {
        runs = true;
        done(undefined);
      },
      over: ({ tag, detail }) => {
        this.#parts.observe({ kind: 'tree-ended', path: name, reason: { tag, detail } });
        if (!runs) done({ tag, detail });
      },
    });
  }

  /** Attaches the application's own endpoint, which holds the right to the whole tree. */
  attach(link: Link, name: string, spec: EnvironmentSpec): Environment {
    return this.#starter.endpoint(link, name, spec);
  }

  /** How long the environment at that path may stand still is another now: see `KernelOptions.unresponsiveMs`. */
  unresponsiveChanged(path: string): void {
    const environment = this.tree.environment(path);
    if (environment !== undefined) this.#starter.lifecycle.hangs.changed(environment);
  }

  #call(guest: Guest, value: unknown): void {
    const call = readSystemCall(value, guest.role === 'cell' || guest.home !== undefined);
    const cell = guest.home?.cell ?? guest;
    if (call === undefined) return this.#violation(cell, 'a system call of no known shape');
    if (cell.claims > MOST_IN_A_CELL) return this.#violation(cell, 'it speaks of more than can be in it');
    if (guest.role === 'environment' && 'id' in call && keepsMore(call) && guest.isFull) {
      guest.refuse(call.id, 'limit_refused', 'the limit `kernelEntries`: the kernel keeps no more for it');
      return;
    }
    if (this.#parts.uplink?.forward(guest, call) === true) return;
    const caller = guest.environments.get('env' in call ? call.env : 0);
    if (caller === undefined) {
      // It may have been ended while the call was under way; anything else is no slip of a runtime.
      if (guest.environments.size > 0) this.#violation(guest, 'the caller is not in this thread');
      return;
    }
    // Each handler takes the calls of its own name; the table's type says so, TypeScript cannot follow it here.
    const handler = this.#handlers[call.call] as (caller: Environment, call: unknown, guest: Guest) => void;
    handler(caller, call, guest);
  }

  #violation(guest: Guest, problem: string): void {
    for (const environment of [...guest.environments.values()]) {
      this.#parts.observe({ kind: 'violation', path: environment.path, problem });
      this.#starter.lifecycle.terminate(environment, { tag: 'protocol', detail: undefined });
      // A guest without a thread of ours cannot be ended: it is cut off. One of a cell is started again there.
      environment.kept = guest.home !== undefined;
      if (environment.thread === undefined) this.#starter.lifecycle.ended(environment);
    }
  }
}

/** Whether something is kept because of it until the guest gives it back. */
function keepsMore(call: SystemCall): boolean {
  // Names that are followed are somebody's, who has been counted for them.
  if (call.call === 'resolve') return !call.follow;
  return call.call === 'spawn' || call.call === 'register' || call.call === 'monitor';
}
