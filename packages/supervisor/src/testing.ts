/** A tree of one's own in a simulation: `const tree = await simulate(spec, { seed })`. See docs/testing.md. */
import {
  EnvironmentError,
  SpecError,
  type Behaviour,
  type Context,
  type Destination,
  type Ref,
} from '@espalier/core';
import { decodeReason, isBehaviour, type NodeStart } from '@espalier/core/internal/host.js';
import { Simulation, type SimulatedSpec } from '@espalier/core/testing';
import { readEvent, type TreeEvent } from './host/events.js';
import { folderUrl } from './host/folder-url.js';
import {
  behindItsWall,
  normaliseSpec,
  supervisorSpecOf,
  type NormalisedEnvironment,
  type NormalisedNode,
  type TreeSpec,
} from './spec/index.js';
import { supervisorLogic } from './strategies/index.js';

export interface SimulateOptions {
  /** Folder that relative modules of the spec are taken from; the working directory by default. */
  readonly base?: string | URL;
  /** Which of the possible orders of events takes place. 1 by default. */
  readonly seed?: number;
  /**
   * Imports the module at a `file:` URL or of a package. By default by `import()` of Node itself; a test
   * runner that compiles TypeScript wants its own: `(module) => import(module)`.
   */
  readonly load?: (module: string) => Promise<unknown>;
}

export interface SimulatedTree {
  /** Moves it on: `step`, `settle`, `advance`; `crash` and `hang` are accidents; `clock` and `random` are its own. */
  readonly simulation: Simulation;
  /** The application's endpoint. What it waits for comes when the simulation is moved on. */
  readonly context: Context;
  /** Everything that has happened in the tree so far, in order. */
  readonly events: readonly TreeEvent[];
  ref<M = unknown>(target: Destination): Ref<M>;
  /** Stops the tree, however much virtual time that takes. */
  stop(): Promise<void>;
}

/**
 * Starts a tree in a simulation: kernel, strategies and environments in this one thread, under a scheduler
 * whose seed decides what happens next. Every environment gets the module's behaviour as it is imported
 * here, so variables outside of it are shared by all; heap limits are not held. Resolves when the tree runs.
 *
 * @throws SpecError `spec_invalid`, `spec_not_built`; the latter also for pools, which are threads.
 * @throws EnvironmentError `module_unfit`, `start_failed`; and what importing a module throws.
 */
export async function simulate(spec: TreeSpec, options: SimulateOptions = {}): Promise<SimulatedTree> {
  const { seed = 1, load = (module: string) => import(module) as Promise<unknown> } = options;
  const { root } = normaliseSpec(spec, { base: folderUrl(options.base) });
  const behaviours = new Map<string, Behaviour>();
  for (const node of environmentsOf(root.children, 'children')) {
    const { specifier } = node.module;
    if (!behaviours.has(specifier)) behaviours.set(specifier, behaviourOf(specifier, await load(specifier)));
  }
  const simulation = new Simulation({ seed, logic: supervisorLogic });
  const startOf = (node: NormalisedNode): NodeStart => {
    if (node.kind === 'supervisor') {
      return behindItsWall(node, { kind: 'supervisor', spec: supervisorSpecOf(node, startOf) });
    }
    const environment = node as NormalisedEnvironment;
    const behaviour = behaviours.get(environment.module.specifier) as Behaviour;
    const spec = simulation.spec(simulatedSpec(environment, behaviour));
    return behindItsWall(node, { kind: 'environment', spec });
  };
  const { children, ...fields } = supervisorSpecOf(root, startOf);
  const failure = await simulation.start(children, { name: root.id, ...fields });
  if (failure !== undefined) {
    const reason = decodeReason(failure);
    throw new EnvironmentError('start_failed', `the tree '${root.id}' could not be started`, { reason });
  }
  return {
    simulation,
    context: simulation.context,
    get events() {
      return simulation.events.map(readEvent);
    },
    ref: (target) => simulation.context.ref(target),
    stop: async () => {
      let stopped = false;
      simulation.kernel.tree.stop(() => {
        stopped = true;
      });
      await simulation.until(() => stopped);
    },
  };
}

function* environmentsOf(nodes: readonly NormalisedNode[], path: string): Iterable<NormalisedEnvironment> {
  for (const [index, node] of nodes.entries()) {
    const here = `${path}[${String(index)}]`;
    if (node.kind === 'supervisor') yield* environmentsOf(node.children, `${here}.children`);
    else if (node.kind === 'environment') yield node;
    else {
      const problem = 'is made of threads, and a simulation has none';
      const remedy = 'Leave the pool out, or test it under a test clock.';
      throw new SpecError('spec_not_built', `${here}.pool ${problem}`, [
        { path: `${here}.pool`, value: node.id, problem, remedy },
      ]);
    }
  }
}

function behaviourOf(module: string, exports: unknown): Behaviour {
  const behaviour = (exports as { default?: unknown } | undefined)?.default;
  if (isBehaviour(behaviour)) return behaviour;
  const remedy = 'Write `export default server({...})`, `environment(...)` or `task(...)`.';
  throw new EnvironmentError('module_unfit', `${module} has no behaviour as its default export`, {
    path: module,
    remedy,
  });
}

function simulatedSpec(node: NormalisedEnvironment, behaviour: Behaviour): SimulatedSpec {
  const { name, args, bindings, overflow, sendTimeoutMs, limits } = node;
  return {
    behaviour,
    args,
    bindings,
    terms: {
      overflow,
      sendTimeoutMs,
      capacity: limits.mailbox,
      capacityBytes: limits.mailboxBytes,
      messageBytes: limits.messageBytes,
    },
    ...(name === null ? {} : { name }),
    ...(limits.unresponsiveMs === 'infinity' ? {} : { unresponsiveMs: limits.unresponsiveMs }),
  };
}
