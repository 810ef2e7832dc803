/**
 * A tree of a random shape in the real kernel, in the simulation. With `slow`, some starts take time or
 * more time than they may, and some leaves do not end when they are asked to.
 */
import { IGNORE, server, type Context, type ExitReason, type ExitTag } from '@espalier/core';
import type {
  ChildSpec,
  SupervisorOperation,
  SupervisorResult,
  SupervisorSpec,
} from '@espalier/core/internal/supervisor-logic.js';
import { Simulation, SimulationStuck } from '@espalier/core/testing';
import { readEvent } from '../../../../packages/supervisor/src/host/events.js';
import { supervisorLogic } from '../../../../packages/supervisor/src/strategies/index.js';
import { BACKOFF, PERIOD_MS, type LeafShape, type NodeShape, type SupervisorShape } from './shapes.js';

const SLOW_MS = 20;
/** Limits that nobody reaches: what is left of their timers shows. A start takes no time, a life more than this. */
const START_LIMIT_MS = 1500;
const STOP_LIMIT_MS = 1e9;

export interface WorldOptions {
  readonly seed: number;
  readonly slow: boolean;
}

export class World {
  readonly simulation: Simulation;
  readonly #root: SupervisorSpec;
  /** Leaves that have a name, which is their path; those of a template have none. */
  readonly named = new Set<string>();
  readonly #starts = new Map<string, number>();
  readonly #slow: boolean;
  #read = 0;

  constructor(shape: SupervisorShape, { seed, slow }: WorldOptions) {
    this.#slow = slow;
    this.simulation = new Simulation({ seed, logic: supervisorLogic });
    this.#root = this.#supervisor('tree', shape);
  }

  /** Lets the kernel start it, and runs nothing yet. */
  start(done: (failure: ExitReason | undefined) => void): void {
    this.simulation.kernel.start('tree', this.#root, done);
  }

  /** The lines of the tree's history since the last call. */
  news() {
    const { events } = this.simulation;
    const news = events.slice(this.#read).map(readEvent);
    this.#read = events.length;
    return news;
  }

  /** A leaf ends with this reason: by its own will, where it can, or by what its wall sees. */
  end(path: string, tag: ExitTag, asked: boolean): void {
    const own = tag === 'normal' || tag === 'shutdown' || tag === 'error';
    if (asked && own && this.named.has(path)) {
      void this.simulation.context.cast(path, 'end', [tag]);
      return;
    }
    try {
      this.simulation.crash(path, { tag });
    } catch (error) {
      // Its thread has ended, and the kernel has not heard of it yet.
      if (!(error instanceof SimulationStuck)) throw error;
    }
  }

  leaf(path: string, id: string, shape: LeafShape): ChildSpec {
    return this.#child(path, id, shape);
  }

  /** False if there is no such supervisor. */
  ask(path: string, operation: SupervisorOperation, reply: (result: SupervisorResult) => void): boolean {
    return this.simulation.kernel.tree.request(path, operation, reply);
  }

  #supervisor(path: string, shape: SupervisorShape): SupervisorSpec {
    const { strategy, intensity, autoShutdown, backoff, children } = shape;
    return {
      strategy,
      intensity,
      periodMs: PERIOD_MS,
      autoShutdown,
      maxChildren: 'infinity',
      backoff: backoff ? BACKOFF : null,
      children: children.map((child, n) =>
        this.#child(`${path}/n${n}`, `n${n}`, child, strategy === 'simple_one_for_one'),
      ),
    };
  }

  #child(path: string, id: string, shape: NodeShape, unnamed = false): ChildSpec {
    const { restart, significant } = shape;
    if (shape.kind === 'supervisor') {
      const start = { kind: 'supervisor', spec: this.#supervisor(path, shape) };
      return this.simulation.child(
        id,
        { behaviour: server({}) },
        {
          kind: 'supervisor',
          name: null,
          restart,
          significant,
          shutdown: this.#slow && shape.intensity === 1 ? SLOW_MS : STOP_LIMIT_MS,
          startTimeoutMs: this.#slow && shape.intensity === 2 ? 2 * SLOW_MS : START_LIMIT_MS,
          start,
        },
      );
    }
    const behaviour = server({
      init: async () => {
        const start = this.#starts.get(path) ?? 0;
        this.#starts.set(path, start + 1);
        const outcome = shape.outcomes[start % shape.outcomes.length];
        if (this.#slow && start % 3 > 0) await this.#wait(SLOW_MS * (start % 3));
        if (outcome === 'fail') throw new Error('as planned');
        return outcome === 'ignore' ? IGNORE : undefined;
      },
      casts: {
        end(context: Context, tag: 'normal' | 'shutdown' | 'error') {
          context.exit({ tag });
        },
      },
      terminate: () => (this.#slow && shape.outcomes.length > 3 ? new Promise(() => undefined) : undefined),
    });
    if (!unnamed) this.named.add(path);
    const spec = this.simulation.spec(unnamed ? { behaviour } : { behaviour, name: path });
    return this.simulation.child(
      id,
      { behaviour },
      {
        restart,
        significant,
        shutdown: shape.brutal ? 'brutal_kill' : this.#slow ? 2 * SLOW_MS : STOP_LIMIT_MS,
        name: unnamed ? null : path,
        startTimeoutMs: this.#slow && shape.brutal ? SLOW_MS + 1 : START_LIMIT_MS,
        start: { kind: 'environment', spec },
      },
    );
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.simulation.clock.after(ms, resolve);
    });
  }
}
