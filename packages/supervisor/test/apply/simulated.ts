/** Shapes as trees of a simulation: the real strategies and the real kernel, over loopback links. */
import { server } from '@espalier/core';
import type {
  ChildSpec,
  SupervisorResult,
  SupervisorSpec,
} from '@espalier/core/internal/supervisor-logic.js';
import { Simulation, SimulationStuck } from '@espalier/core/testing';
import { supervisorLogic } from '../../src/strategies/index.js';
import type { NodeShape, SupervisorShape } from './shapes.js';

export class Simulated {
  readonly simulation: Simulation;
  /** Answers of applies, in order. */
  readonly results: SupervisorResult[] = [];
  /** What leaves were sent by cast `note`, as they handle it. */
  readonly notes: string[] = [];
  #seen = 0;

  constructor(seed: number) {
    this.simulation = new Simulation({ seed, logic: supervisorLogic });
  }

  async start(root: SupervisorShape): Promise<void> {
    const { children, ...fields } = this.spec(root);
    const failure = await this.simulation.start(children, fields);
    if (failure !== undefined) throw new Error('the first tree has to come up');
  }

  ask(target: SupervisorShape): void {
    const operation = { op: 'apply', spec: this.spec(target), stepwise: false };
    this.simulation.kernel.tree.request('tree', operation, (result) => {
      this.results.push(result);
    });
  }

  async apply(target: SupervisorShape): Promise<SupervisorResult> {
    const count = this.results.length;
    this.ask(target);
    await this.simulation.until(() => this.results.length > count);
    return this.results.at(-1) as SupervisorResult;
  }

  /** What has happened since the last call. */
  news(): string[] {
    const { events } = this.simulation;
    const lines = events.slice(this.#seen).flatMap((event) => {
      if (event.kind !== 'supervision') return event.kind.startsWith('appl') ? [event.kind] : [];
      return [`${event.event.kind} ${event.path}/${event.event.id}`];
    });
    this.#seen = events.length;
    return lines;
  }

  /** Sends a leaf a note. */
  note(name: string, note: number): Promise<void> {
    return this.simulation.context.cast(name, 'note', [note]);
  }

  /** A native crash of its thread. False if that has ended, and the kernel has not heard of it yet. */
  crash(path: string): boolean {
    try {
      this.simulation.crash(path);
      return true;
    } catch (error) {
      if (error instanceof SimulationStuck) return false;
      throw error;
    }
  }

  /** Whether a thread of that path lives. */
  runs(path: string): boolean {
    return this.simulation.kernel.tree.environment(path) !== undefined;
  }

  /** Paths of all that run. */
  async running(): Promise<string[]> {
    const { kernel } = this.simulation;
    const list = (node: Awaited<ReturnType<typeof kernel.tree.snapshot>>): string[] =>
      node === undefined ? [] : [node.path, ...node.children.flatMap(list)];
    return list(await kernel.tree.snapshot()).slice(1);
  }

  spec({ strategy, children }: SupervisorShape): SupervisorSpec {
    return {
      strategy,
      intensity: 1000,
      periodMs: 5000,
      autoShutdown: 'never',
      maxChildren: 'infinity',
      backoff: null,
      children: children.map((child) => this.#child(child)),
    };
  }

  #child(node: NodeShape): ChildSpec {
    if (node.kind === 'supervisor') {
      const start = { kind: 'supervisor', spec: this.spec(node) };
      const fields = { kind: 'supervisor', name: null, shutdown: 'infinity', start } as const;
      return this.simulation.child(
        node.id,
        { behaviour: server({}) },
        { ...fields, version: JSON.stringify(node) },
      );
    }
    const { id, name, version, shutdown, temporary } = node;
    const behaviour = server({
      init: (): string => {
        if (version === 'bad') throw new Error('as planned');
        return version;
      },
      calls: { version: (context: { readonly state: string }) => context.state },
      casts: {
        note: (context: { readonly state: string }, note: number) => {
          this.notes.push(`${id}, version ${context.state}: ${note}`);
        },
      },
    });
    const restart = temporary ? 'temporary' : 'permanent';
    return this.simulation.child(
      id,
      { behaviour, name },
      { restart, shutdown, version: `${version} ${name}` },
    );
  }
}
