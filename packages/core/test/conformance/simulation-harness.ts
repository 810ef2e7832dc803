/** The grid over loopback links: kernels and runtimes in one thread, under a seeded scheduler. */
import type { Behaviour } from '../../src/index.js';
import type { ChildSpec } from '../../src/kernel/index.js';
import { Simulation } from '../../src/testing/index.js';
import type { Grid, GridChild, Harness } from './harness.js';
import { restarting } from './restarting.js';
import { around, THREADS, withoutCells, type Walls } from './walls.js';

async function behaviourOf(module: string): Promise<Behaviour> {
  return ((await import(`./modules/${module}.ts`)) as { default: Behaviour }).default;
}

export function simulationHarness(seed: number, walls: Walls = THREADS): Harness {
  return {
    name: `loopback, ${walls.name}, seed ${String(seed)}`,
    async start(children: readonly GridChild[], options = {}): Promise<Grid> {
      const simulation = new Simulation({ seed, logic: restarting });
      const intensity = options.intensity ?? 3;
      for (const module of ['puppet', 'adder', 'twice', 'failing', 'nester']) {
        simulation.module(`./${module}.ts`, { behaviour: await behaviourOf(module) });
      }
      const paths = new Map<string, string>();
      const specs: ChildSpec[] = [];
      for (const [n, child] of children.entries()) {
        const { id, name = id, module, args, terms = {}, restart = 'temporary', shutdown = 5000 } = child;
        const behaviour = await behaviourOf(module);
        let spec = simulation.child(id, { behaviour, args, terms, name }, { restart, shutdown });
        let path = id;
        const depth = walls.depth(n);
        // The innermost process holds the environment alone, each around it a supervisor.
        for (let wall = 0; wall < depth; wall++) {
          if (wall === 0) spec = simulation.inCell(spec);
          else {
            spec = simulation.inCell(simulation.group(around(id), [spec], { intensity }));
            path = `${around(id)}/${path}`;
          }
        }
        specs.push(spec);
        paths.set(id, walls.together ? `tree/${around('one')}/${path}` : `tree/${path}`);
      }
      const tree = walls.together
        ? [simulation.inCell(simulation.group(around('one'), specs, { intensity }))]
        : specs;
      const failure = await simulation.start(tree, { intensity });
      let stopped = false;
      return {
        context: simulation.context,
        failure,
        get events() {
          return simulation.events.map(withoutCells);
        },
        settle: (promise) => simulation.settle(promise),
        reported: (condition) => simulation.until(() => condition(simulation.events.map(withoutCells))),
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
