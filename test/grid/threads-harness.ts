/**
 * The conformance grid over threads: the library as users start it, every guest in a thread of its own; with
 * the real time, or under a test clock.
 */
import { EnvironmentError } from '@espalier/core';
import type { TestClock } from '@espalier/core/testing';
import { start, type TreeEvent, type TreeSpec } from '@espalier/supervisor';
import type { Grid, GridChild, GridOptions, Harness } from '../../packages/core/test/conformance/harness.js';

const MODULES = new URL('../../packages/core/test/conformance/modules/', import.meta.url);

export function threadsHarness(makeClock?: () => TestClock): Harness {
  return {
    name: makeClock === undefined ? 'threads' : 'threads under a test clock',
    start: (children, options = {}) => startGrid(children, options, makeClock?.()),
  };
}

async function startGrid(
  children: readonly GridChild[],
  options: GridOptions,
  clock: TestClock | undefined,
): Promise<Grid> {
  const settle: Grid['settle'] = (promise) => (clock === undefined ? promise : clock.settle(promise));
  const events: TreeEvent[] = [];
  const waiting = new Set<() => void>();
  const onEvent = (event: TreeEvent): void => {
    events.push(event);
    for (const look of waiting) look();
  };
  const spec = {
    name: 'tree',
    intensity: options.intensity ?? 3,
    children: children.map(childSpec),
  } as TreeSpec;
  const readEvents = events as unknown as Grid['events'];
  let host;
  try {
    const given = { base: MODULES, onEvent, onOutput: () => undefined, ...(clock && { clock }) };
    host = await settle(start(spec, { embedded: true, ...given }));
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
      void host.kill(`tree/${id}`);
    },
    inspect: (id, query) => {
      void host[query](`tree/${id}`);
    },
    close: async () => {
      await host.stop();
    },
  };
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
