/** The grid over loopback links: kernels and runtimes in one thread, under a seeded scheduler. */
import type { Behaviour } from '../../src/index.js';
import type { ChildSpec, KernelEvent } from '../../src/kernel/index.js';
import { nameIn } from '../../src/kernel/names.js';
import { Simulation } from '../../src/testing/index.js';
import type { Grid, GridChild, Host } from './harness.js';
import { restarting } from './restarting.js';
import { ALL, around, THREADS, withoutCells, type Walls } from './walls.js';

async function behaviourOf(module: string): Promise<Behaviour> {
  return ((await import(`./modules/${module}.ts`)) as { default: Behaviour }).default;
}

export function simulationHarness(seed: number, walls: Walls = THREADS): Host {
  return {
    name: `loopback, ${walls.name}, seed ${String(seed)}`,
    isolated: walls.siblings === 'isolate',
    async start(children: readonly GridChild[], options = {}): Promise<Grid> {
      const simulation = new Simulation({ seed, logic: restarting });
      const intensity = options.intensity ?? 3;
      for (const module of ['puppet', 'adder', 'twice', 'failing', 'nester']) {
        simulation.module(`./${module}.ts`, { behaviour: await behaviourOf(module) });
      }
      const paths = new Map<string, string>();
      const spaces = new Map<string, Place>();
      const specs: ChildSpec[] = [];
      for (const [n, child] of children.entries()) {
        const { id, name = id, module, args, terms = {}, restart = 'temporary', shutdown = 5000 } = child;
        const behaviour = await behaviourOf(module);
        let spec = simulation.child(id, { behaviour, args, terms, name }, { restart, shutdown });
        let path = id;
        const above = walls.together === true ? `tree/${ALL}` : 'tree';
        const { siblings } = walls;
        // The innermost wall is around the environment alone, each other around a supervisor.
        for (let depth = 1; depth <= walls.depth(n); depth++) {
          if (depth > 1) {
            spec = simulation.group(around(id), [spec], { intensity, siblings });
            path = `${around(id)}/${path}`;
          }
          if (walls.wall === 'process') spec = simulation.inCell(spec);
        }
        specs.push(spec);
        paths.set(id, `${above}/${path}`);
        spaces.set(name, { space: `${above}/${path}`, path: `${above}/${path}` });
      }
      const { siblings } = walls;
      if (siblings === 'isolate') await grantAll(simulation, spaces);
      const all = simulation.inCell(simulation.group(ALL, specs, { intensity, siblings }));
      const failure =
        walls.together === true
          ? await simulation.start([{ ...all, restart: 'temporary' }], { intensity })
          : await simulation.start(specs, { intensity, siblings });
      let stopped = false;
      const told: KernelEvent[] = [];
      /** Asked at every step, so each event is looked at once. */
      const events = (): readonly KernelEvent[] => {
        for (const event of simulation.events.slice(told.length)) told.push(withoutCells(event));
        return told;
      };
      return {
        context: simulation.context,
        failure,
        near: () => simulation.context,
        get events() {
          return events();
        },
        settle: (promise) => simulation.settle(promise),
        reported: (condition) => simulation.until(() => condition(events())),
        crash: (id) => {
          simulation.crash(paths.get(id) as string);
        },
        inspect: (id, query) => {
          simulation.inspect(paths.get(id) as string, query);
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

/** The path of its endpoint, and here its name, too. */
const APPLICATION = 'application';

interface Place {
  /** The path of the isolated node that it is, or is in. */
  readonly space: string;
  readonly path: string;
}

/** Each, and the application, reaches all others by their names. */
async function grantAll(simulation: Simulation, children: ReadonlyMap<string, Place>): Promise<void> {
  await simulation.settle(simulation.context.register(APPLICATION));
  const places = new Map(children).set(APPLICATION, { space: '', path: APPLICATION });
  for (const [name, { space, path }] of places) {
    const target = nameIn(space, name);
    for (const other of new Set([...places.values()].map((place) => place.space))) {
      const grant = { op: 'grant', name: nameIn(other, name), target, path } as const;
      if (other !== space) await simulation.settle(simulation.supervise(grant));
    }
  }
}
