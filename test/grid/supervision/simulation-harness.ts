/** The suites of supervision over loopback links: kernel and runtimes in one thread, under a seeded scheduler. */
import { fileURLToPath } from 'node:url';
import type { Behaviour, ExitReason } from '@espalier/core';
import { decodeReason, nameIn, opaqueValue, type NodeStart } from '@espalier/core/internal/host.js';
import type {
  ChildInfo,
  SupervisorOperation,
  SupervisorResult,
  SupervisorValue,
} from '@espalier/core/internal/supervisor-logic.js';
import { Simulation } from '@espalier/core/testing';
import {
  normaliseSpec,
  type ChildSpecInput,
  type NormalisedNode,
  type TreeEvent,
  type TreeSpec,
} from '@espalier/supervisor';
import { readEvent } from '../../../packages/supervisor/src/host/events.js';
import {
  childSpecOf,
  normaliseChild,
  supervisorSpecOf,
} from '../../../packages/supervisor/src/spec/index.js';
import { supervisorLogic } from '../../../packages/supervisor/src/strategies/index.js';
import type { Cause, Supervised, SupervisionHarness } from './harness.js';

const MODULES = new URL('./modules/', import.meta.url);

/** What only the wall can see, as it reports it. */
const WALL_ENDS: Partial<Record<Cause, ExitReason | undefined>> = {
  'its heap limit': { tag: 'limit', detail: { limit: 'heapMb', usedMb: 40, limitMb: 32 } },
  'the exit of its thread': undefined,
};

async function behavioursOf(nodes: readonly NormalisedNode[]): Promise<Map<string, Behaviour>> {
  const found = new Map<string, Behaviour>();
  for (const node of nodes) {
    if (node.kind === 'supervisor') {
      for (const known of await behavioursOf(node.children)) found.set(...known);
    } else if (node.kind === 'environment') {
      const { specifier } = node.module;
      found.set(specifier, ((await import(fileURLToPath(specifier))) as { default: Behaviour }).default);
    }
  }
  return found;
}

/** Which nodes have a process of their own. */
export interface Walls {
  readonly name: string;
  readonly supervisors: 'thread' | 'process';
  inCell(node: NormalisedNode): boolean;
  /** Every supervisor isolates its children; each is granted all the others, and the application is, too. */
  readonly isolated?: boolean;
}

export const THREADS: Walls = { name: 'threads', supervisors: 'thread', inCell: () => false };

const NO_BEHAVIOUR = { behaviour: 'environment' } as const;

export function simulationHarness(seed: number, walls: Walls = THREADS): SupervisionHarness {
  return {
    name: `simulation, ${walls.name}, seed ${seed}`,
    ownsTime: true,
    killsSilently: walls.supervisors === 'process',
    isolated: walls.isolated === true,
    async start(spec: TreeSpec): Promise<Supervised> {
      const simulation = new Simulation({ seed, logic: supervisorLogic });
      const { name, root } = normaliseSpec(walls.isolated === true ? isolating(spec) : spec, {
        base: MODULES,
      });
      if (walls.isolated === true) await grantAll(simulation, name, root);
      const behaviours = await behavioursOf(root.children);
      const startOf = (node: NormalisedNode): NodeStart =>
        walls.inCell(node)
          ? { kind: 'cell', spec: simulation.spec({ behaviour: NO_BEHAVIOUR }), start: plainStartOf(node) }
          : plainStartOf(node);
      const plainStartOf = (node: NormalisedNode): NodeStart => {
        if (node.kind === 'supervisor') return { kind: 'supervisor', spec: supervisorSpecOf(node, startOf) };
        if (node.kind === 'pool') throw new TypeError('a simulation has no pools');
        const { name, args, bindings, overflow, sendTimeoutMs, limits } = node;
        const terms = {
          overflow,
          sendTimeoutMs,
          capacity: limits.mailbox,
          capacityBytes: limits.mailboxBytes,
        };
        const behaviour = behaviours.get(node.module.specifier) as Behaviour;
        const given = {
          ...(name === null ? {} : { name }),
          ...(limits.unresponsiveMs === 'infinity' ? {} : { unresponsiveMs: limits.unresponsiveMs }),
        };
        return { kind: 'environment', spec: simulation.spec({ behaviour, args, bindings, terms, ...given }) };
      };
      const { children, ...fields } = supervisorSpecOf(root, startOf);
      const failure = await simulation.start(children, fields);
      const events: TreeEvent[] = [];
      const read = (): readonly TreeEvent[] => {
        for (const event of simulation.events.slice(events.length)) events.push(readEvent(event));
        return events;
      };
      const request = async (path: string, operation: SupervisorOperation): Promise<SupervisorValue> => {
        let answer: SupervisorResult | undefined;
        simulation.request(path, operation, (result) => {
          answer = result;
        });
        await simulation.until(() => answer !== undefined);
        if (answer?.ok !== true) throw new Error(`${path}: ${JSON.stringify(answer)}`);
        return answer.value;
      };
      let stopped = false;
      return {
        context: simulation.context,
        failure: failure === undefined ? undefined : decodeReason(failure),
        get events() {
          return read();
        },
        settle: (promise) => simulation.settle(promise),
        reported: async (condition) => {
          await simulation.until(() => condition(read()));
          // Who is told by the kernel hears of it at the same time.
          await simulation.quiet();
        },
        caughtUp: () => simulation.quiet(),
        startChild: async (path, child) => {
          if (!('id' in child)) {
            await request(path, { op: 'startChild', extra: opaqueValue(child.args, 'args') });
            return;
          }
          const node = normaliseChild(child, { base: MODULES });
          for (const known of await behavioursOf([node])) behaviours.set(...known);
          await request(path, { op: 'startChild', child: childSpecOf(node, startOf) });
        },
        terminateChild: async (path) => {
          const at = path.lastIndexOf('/');
          await request(path.slice(0, at), { op: 'terminateChild', id: path.slice(at + 1) });
        },
        states: async (path) => {
          const children = (await request(path, { op: 'whichChildren' })) as readonly ChildInfo[];
          return Object.fromEntries(children.map(({ id, state }) => [id, state]));
        },
        end: async (path, name, cause) => {
          if (cause in WALL_ENDS) simulation.crash(path, WALL_ENDS[cause]);
          else if (cause === 'being unresponsive') simulation.hang(path);
          else {
            // A name that a child has given itself is its own namespace's.
            const whom = walls.isolated === true ? await simulation.settle(simulation.address(path)) : name;
            if (cause === 'being killed') simulation.context.kill(whom);
            else await simulation.settle(simulation.context.cast(whom, 'end', [cause]));
          }
        },
        close: async () => {
          simulation.kernel.tree.stop(() => {
            stopped = true;
          });
          await simulation.until(() => stopped);
        },
      };
    },
  };
}

/** The same with `siblings: isolate` on every supervisor but those of templates, whose children nobody can be granted. */
function isolating<S extends TreeSpec | ChildSpecInput>(spec: S): S {
  if (!('children' in spec)) return spec;
  const siblings = hasTemplate(spec) ? 'group' : 'isolate';
  return { ...spec, siblings, children: spec.children.map((child) => isolating(child)) };
}

function hasTemplate(spec: TreeSpec | ChildSpecInput): boolean {
  return 'children' in spec && (spec.strategy === 'simple_one_for_one' || spec.children.some(hasTemplate));
}

/** Everybody with a name is called by it in every namespace, the application's included. */
async function grantAll(simulation: Simulation, tree: string, root: NormalisedNode): Promise<void> {
  const places = new Map<string, { readonly space: string; readonly path: string }>();
  const note = (node: NormalisedNode, path: string, space: string): void => {
    if (node.kind !== 'supervisor') {
      if (node.name !== null) places.set(node.name, { space, path });
      return;
    }
    for (const child of node.children) {
      const at = `${path}/${child.id}`;
      note(child, at, node.siblings === 'isolate' ? at : space);
    }
  };
  note(root, tree, '');
  const spaces = new Set(['', ...[...places.values()].map(({ space }) => space)]);
  for (const [name, { space, path }] of places) {
    for (const other of spaces) {
      const grant = { name: nameIn(other, name), target: nameIn(space, name), path };
      if (other !== space) await simulation.settle(simulation.supervise({ op: 'grant', ...grant }));
    }
  }
}
