/** The grid over loopback links: kernel and runtimes in one thread, under a seeded scheduler. */
import type { Behaviour } from '../../src/index.js';
import { Simulation } from '../../src/testing/index.js';
import type { Grid, GridChild, Harness } from './harness.js';
import { restarting } from './restarting.js';

async function behaviourOf(module: string): Promise<Behaviour> {
  return ((await import(`./modules/${module}.ts`)) as { default: Behaviour }).default;
}

export function simulationHarness(seed: number): Harness {
  return {
    name: `loopback, seed ${String(seed)}`,
    async start(children: readonly GridChild[], options = {}): Promise<Grid> {
      const simulation = new Simulation({ seed, logic: restarting });
      for (const module of ['puppet', 'adder', 'twice', 'failing', 'nester']) {
        simulation.module(`./${module}.ts`, { behaviour: await behaviourOf(module) });
      }
      const specs = [];
      for (const {
        id,
        name = id,
        module,
        args,
        terms = {},
        restart = 'temporary',
        shutdown = 5000,
      } of children) {
        const behaviour = await behaviourOf(module);
        specs.push(simulation.child(id, { behaviour, args, terms, name }, { restart, shutdown }));
      }
      const failure = await simulation.start(specs, { intensity: options.intensity ?? 3 });
      let stopped = false;
      return {
        context: simulation.context,
        failure,
        events: simulation.events,
        settle: (promise) => simulation.settle(promise),
        reported: (condition) => simulation.until(() => condition(simulation.events)),
        crash: (id) => {
          simulation.crash(`tree/${id}`);
        },
        inspect: (id, query) => {
          const environment = simulation.kernel.tree.environment(`tree/${id}`);
          environment?.guest.inspect(environment.slot, query, () => undefined);
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
