/**
 * The conformance grid over threads: the library as users start it, every guest in a thread of its own; with
 * the real time, or under a test clock.
 */
import { EnvironmentError } from '@espalier/core';
import type { TestClock } from '@espalier/core/testing';
import { start, type TreeEvent, type TreeSpec } from '@espalier/supervisor';
import { around, THREADS, withoutCells, type Walls } from '../../packages/core/test/conformance/walls.js';
import type { Grid, GridChild, GridOptions, Host } from '../../packages/core/test/conformance/harness.js';

export const MODULES = new URL('../../packages/core/test/conformance/modules/', import.meta.url);

export function threadsHarness(makeClock?: () => TestClock): Host {
  return {
    name: makeClock === undefined ? 'threads' : 'threads under a test clock',
    start: (children, options = {}) => startGrid(children, options, THREADS, makeClock?.()),
  };
}

/** The same with real processes around the guests. */
export function processesHarness(walls: Walls): Host {
  return {
    name: `processes: ${walls.name}`,
    isolated: walls.siblings === 'isolate',
    start: (children, options = {}) => startGrid(children, options, walls),
  };
}

async function startGrid(
  children: readonly GridChild[],
  options: GridOptions,
  walls: Walls,
  clock?: TestClock,
): Promise<Grid> {
  const settle: Grid['settle'] = (promise) => (clock === undefined ? promise : clock.settle(promise));
  const history = new History();
  const onEvent = (event: TreeEvent): void => history.add(withoutCells(event));
  const { intensity = 3 } = options;
  const places = children.map((child, n) => ({ child, path: pathOf(walls.depth(n), child.id) }));
  const paths = new Map(places.map(({ child, path }) => [child.id, path]));
  const { siblings } = walls;
  // Each of them, and the application, has the names of all others.
  const grants = (to?: GridChild): object => grantsOf(places.filter(({ child }) => child !== to));
  const spec = {
    name: 'tree',
    intensity,
    siblings,
    ...(siblings === 'isolate' ? { grants: grants() } : {}),
    children: children.map((child, n) => {
      const granted = siblings === 'isolate' ? { grants: grants(child) } : {};
      return behind(walls, walls.depth(n), { ...childSpec(child), ...granted }, intensity);
    }),
  } as TreeSpec;
  let host;
  try {
    const given = { base: MODULES, onEvent, onOutput: () => undefined, ...(clock && { clock }) };
    host = await settle(start(spec, { embedded: walls.together !== true, ...given }));
  } catch (error) {
    if (!(error instanceof EnvironmentError) || error.reason === undefined) throw error;
    return failed(error.reason, history.events);
  }
  if (siblings === 'isolate')
    for (const path of paths.values()) await host.grant(path, 'application', host.context.self).catch(gone);
  return {
    context: host.context,
    failure: undefined,
    near: () => host.context,
    events: history.events,
    settle,
    reported: (condition) => settle(history.reported(condition)),
    crash: (id) => {
      // That it is the thread which ends, and not the process around it.
      if (walls.wall === 'thread') void host.kill(paths.get(id) as string);
      else host.context.kill(id);
    },
    inspect: (id, query) => {
      void host[query](paths.get(id) as string);
    },
    close: async () => {
      await host.stop();
    },
  };
}

/** What kernels have reported. */
export class History {
  readonly #events: TreeEvent[] = [];
  readonly #waiting = new Set<() => void>();

  get events(): Grid['events'] {
    return this.#events as unknown as Grid['events'];
  }

  add(event: TreeEvent): void {
    this.#events.push(event);
    for (const look of this.#waiting) look();
  }

  reported(condition: (events: Grid['events']) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition(this.events)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}

function grantsOf(others: readonly { readonly child: GridChild; readonly path: string }[]): object {
  return Object.fromEntries(
    others.map(({ child: { id, name = id }, path }) => [name, { send: path.slice('tree'.length) }]),
  );
}

/** The innermost wall is around the environment alone, each other around a supervisor. */
function behind(
  { wall, siblings }: Walls,
  depth: number,
  child: { readonly id: string },
  intensity: number,
): object {
  const { id } = child;
  let spec: object = { ...child, wall: 'thread' };
  for (let level = 1; level <= depth; level++) {
    if (level > 1) spec = { id: around(id), intensity, siblings, children: [spec] };
    spec = { ...spec, wall };
  }
  return spec;
}

function pathOf(depth: number, id: string): string {
  return ['tree', ...new Array<string>(Math.max(0, depth - 1)).fill(around(id)), id].join('/');
}

export function childSpec({
  id,
  name,
  module,
  args,
  terms = {},
  restart = 'temporary',
  shutdown = 5000,
}: GridChild): { readonly id: string } {
  const { capacity, capacityBytes, messageBytes, overflow, sendTimeoutMs } = terms;
  const limits = { mailbox: capacity, mailboxBytes: capacityBytes, messageBytes };
  return {
    id,
    ...defined({
      name,
      module: `./${module}.ts`,
      args,
      restart,
      shutdown,
      overflow,
      sendTimeoutMs,
      limits: defined(limits),
    }),
  };
}

/** One that said `ignore`. */
function gone(error: { readonly code?: unknown }): void {
  if (error.code !== 'noproc') throw error as Error;
}

/** Without the fields that are undefined: a spec has no such values. */
function defined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** The tree did not come up: there is nothing but the reason and what was reported. */
export function failed(failure: NonNullable<Grid['failure']>, events: Grid['events']): Grid {
  const refuse = (): never => {
    throw new TypeError('the tree did not come up');
  };
  return {
    get context(): never {
      return refuse();
    },
    failure,
    near: refuse,
    events,
    settle: (promise) => promise,
    reported: refuse,
    crash: refuse,
    inspect: refuse,
    close: () => Promise.resolve(),
  };
}
