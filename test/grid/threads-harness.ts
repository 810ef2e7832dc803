/**
 * The conformance grid over threads: the library as users start it, every guest in a thread of its own; with
 * the real time, or under a test clock.
 */
import { EnvironmentError } from '@espalier/core';
import type { TestClock } from '@espalier/core/testing';
import { start, type TreeEvent, type TreeSpec } from '@espalier/supervisor';
import { around, THREADS, withoutCells, type Walls } from '../../packages/core/test/conformance/walls.js';
import type { Grid, GridChild, GridOptions, Harness } from '../../packages/core/test/conformance/harness.js';

const MODULES = new URL('../../packages/core/test/conformance/modules/', import.meta.url);

export function threadsHarness(makeClock?: () => TestClock): Harness {
  return {
    name: makeClock === undefined ? 'threads' : 'threads under a test clock',
    start: (children, options = {}) => startGrid(children, options, THREADS, makeClock?.()),
  };
}

/** The same with real processes around the guests. */
export function processesHarness(walls: Walls): Harness {
  return {
    name: `processes: ${walls.name}`,
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
  const events: TreeEvent[] = [];
  const waiting = new Set<() => void>();
  const onEvent = (event: TreeEvent): void => {
    events.push(withoutCells(event));
    for (const look of waiting) look();
  };
  const { intensity = 3 } = options;
  const paths = new Map(children.map(({ id }, n) => [id, pathOf(walls.depth(n), id)]));
  const spec = {
    name: 'tree',
    intensity,
    children: children.map((child, n) => behind(walls.depth(n), child, intensity)),
  } as TreeSpec;
  const readEvents = events as unknown as Grid['events'];
  let host;
  try {
    const given = { base: MODULES, onEvent, onOutput: () => undefined, ...(clock && { clock }) };
    host = await settle(start(spec, { embedded: walls.together !== true, ...given }));
  } catch (error) {
    if (!(error instanceof EnvironmentError) || error.reason === undefined) throw error;
    return failed(error.reason, readEvents);
  }
  return {
    context: host.context,
    failure: undefined,
    events: readEvents,
    settle,
    reported: (condition) => {
      const reported = new Promise<void>((resolve) => {
        const look = (): void => {
          if (!condition(readEvents)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      });
      return settle(reported);
    },
    crash: (id) => {
      // That it is the thread which ends, and not the process around it.
      if (walls === THREADS || walls.together === true) void host.kill(`tree/${id}`);
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

/** The innermost process holds the environment alone, each around it a supervisor. */
function behind(depth: number, child: GridChild, intensity: number): object {
  let spec = childSpec(child);
  for (let wall = 0; wall < depth; wall++) {
    if (wall > 0) spec = { id: around(child.id), intensity, children: [spec] };
    spec = { ...spec, wall: 'process' };
  }
  return spec;
}

function pathOf(depth: number, id: string): string {
  return ['tree', ...new Array<string>(Math.max(0, depth - 1)).fill(around(id)), id].join('/');
}

function childSpec({
  id,
  name,
  module,
  args,
  terms = {},
  restart = 'temporary',
  shutdown = 5000,
}: GridChild): object {
  const { capacity, capacityBytes, messageBytes, overflow, sendTimeoutMs } = terms;
  const limits = { mailbox: capacity, mailboxBytes: capacityBytes, messageBytes };
  return defined({
    id,
    name,
    module: `./${module}.ts`,
    args,
    restart,
    shutdown,
    overflow,
    sendTimeoutMs,
    limits: defined(limits),
  });
}

/** Without the fields that are undefined: a spec has no such values. */
function defined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** The tree did not come up: there is nothing but the reason and what was reported. */
function failed(failure: NonNullable<Grid['failure']>, events: Grid['events']): Grid {
  const refuse = (): never => {
    throw new TypeError('the tree did not come up');
  };
  return {
    get context(): never {
      return refuse();
    },
    failure,
    events,
    settle: (promise) => promise,
    reported: refuse,
    crash: refuse,
    inspect: refuse,
    close: () => Promise.resolve(),
  };
}
