/** The suites of supervision over real threads: the library as users start it. */
import { EnvironmentError } from '@espalier/core';
import { start, type ChildSpecInput, type Host, type TreeEvent, type TreeSpec } from '@espalier/supervisor';
import type { Supervised, SupervisionHarness } from './harness.js';
import { isolating } from './isolating.js';

const MODULES = new URL('./modules/', import.meta.url);

export const threadsHarness: SupervisionHarness = {
  name: 'threads',
  ownsTime: false,
  killsSilently: false,
  start: (spec) => startTree(spec, (child) => child),
};

/** The same with a process of its own for every node of a kind. */
export function processesHarness(around: 'supervisors' | 'environments'): SupervisionHarness {
  const behind: Behind = (child) => {
    const isSupervisor = 'children' in child;
    const below = isSupervisor ? { ...child, children: child.children.map(behind) } : child;
    return isSupervisor === (around === 'supervisors') ? { ...below, wall: 'process' } : below;
  };
  return {
    name: `processes around ${around}`,
    ownsTime: false,
    killsSilently: around === 'supervisors',
    start: (spec) => startTree({ ...spec, children: spec.children.map(behind) }, behind),
  };
}

/** The library's default: the whole tree in one process, the application in another. */
export const oneCellHarness: SupervisionHarness = {
  name: 'processes: all in one cell',
  ownsTime: false,
  killsSilently: false,
  start: (spec) => startTree(spec, (child) => child, false),
};

/**
 * Every supervisor isolates its children, a process each, but those of templates; each of them, and the application,
 * has the names of all others.
 */
export const isolatedHarness: SupervisionHarness = {
  name: 'processes: isolated',
  ownsTime: false,
  killsSilently: true,
  isolated: true,
  start: (spec) => startTree(isolating(spec), (child) => child),
};

/** Puts the walls around a child. */
type Behind = (child: ChildSpecInput) => ChildSpecInput;

async function startTree(spec: TreeSpec, behind: Behind, embedded = true): Promise<Supervised> {
  const events: TreeEvent[] = [];
  const waiting = new Set<() => void>();
  const onEvent = (event: TreeEvent): void => {
    events.push(event);
    for (const look of waiting) look();
  };
  let host: Host;
  try {
    host = await start(spec, { embedded, base: MODULES, onEvent, onOutput: () => undefined });
  } catch (error) {
    if (!(error instanceof EnvironmentError) || error.reason === undefined) throw error;
    return neverStarted(error.reason, events);
  }
  return {
    context: host.context,
    failure: undefined,
    events,
    settle: (promise) => promise,
    reported: (condition) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!condition(events)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    caughtUp: async () => {
      await host.tree();
    },
    startChild: async (path, child) => {
      await host.startChild(path, 'module' in child ? behind(child) : child);
    },
    terminateChild: (path) => host.terminateChild(path),
    states: async (path) =>
      Object.fromEntries((await host.whichChildren(path)).map(({ id, state }) => [id, state])),
    end: async (path, name, cause) => {
      // A name that a child has given itself is its own namespace's.
      const whom = spec.grants === undefined ? name : await host.address(path);
      if (cause === 'being killed') host.context.kill(whom);
      else await host.context.cast(whom, 'end', [cause]);
    },
    close: async () => {
      await host.stop();
    },
  };
}

/** The tree did not come up: there is nothing but the reason and what was reported. */
function neverStarted(failure: NonNullable<Supervised['failure']>, events: Supervised['events']): Supervised {
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
    caughtUp: refuse,
    startChild: refuse,
    terminateChild: refuse,
    states: refuse,
    end: refuse,
    close: () => Promise.resolve(),
  };
}
