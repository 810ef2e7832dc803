/**
 * The conformance grid over a broker: two trees, each with a bridge. The application and the first child are on one host,
 * the other children on the other; a child that is alone is where the application is not. Each host
 * imports what it does not have.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EnvironmentError, type Context } from '@espalier/core';
import type { BridgeSettings } from '@espalier/mq-bridge';
import { start as startTree, type Host as Tree, type TreeEvent, type TreeSpec } from '@espalier/supervisor';
import type {
  Exception,
  Grid,
  GridChild,
  GridOptions,
  Host,
} from '../../packages/core/test/conformance/harness.js';
import { childSpec, failed, History, MODULES } from '../grid/threads-harness.js';
import { Cluster } from './cluster.js';

const DRIVER = fileURLToPath(new URL('../../packages/mq-bridge/dist/driver.js', import.meta.url));
const LOOK_AGAIN_MS = 5;

type Side = 'here' | 'there';

export function amqpHarness(url: () => string, exceptions: Readonly<Record<string, Exception>>): Host {
  return {
    name: 'AMQP',
    exceptions,
    start: (children, options = {}) => startGrid(url(), children, options),
  };
}

/** Two trees of one name with a bridge each; `names`: what the one exports and the other imports. */
class Pair {
  readonly #cluster = new Cluster();
  readonly #trees: Tree[] = [];
  #closed: Promise<void> | undefined;
  readonly history = new History();
  /** Why one of them did not come up. */
  failure: unknown;

  async start(
    url: string,
    sides: Readonly<
      Record<Side, { readonly children: readonly object[]; readonly names: readonly string[] }>
    >,
    intensity = 3,
  ): Promise<void> {
    const start = async (side: Side, { names }: { readonly names: readonly string[] }): Promise<Tree> => {
      const bridge: BridgeSettings = {
        url,
        ...this.#cluster.host(side),
        heartbeatMs: 500,
        downAfterMs: 4000,
        // As much as an environment takes by default.
        messageBytes: 16 * 1024 * 1024,
        exports: allOf(sides[side].names),
        imports: allOf(names),
      };
      const spec = {
        name: 'tree',
        intensity,
        // The first to start, so the last to end: what ends before it is told with its reason.
        children: [{ id: 'bridge', module: DRIVER, args: bridge }, ...sides[side].children],
      } as unknown as TreeSpec;
      return await startTree(spec, {
        embedded: true,
        base: MODULES,
        onEvent: (event) => this.#reported(event),
        onOutput: () => undefined,
      });
    };
    const started = await Promise.allSettled([start('here', sides.there), start('there', sides.here)]);
    for (const one of started) {
      if (one.status === 'fulfilled') this.#trees.push(one.value);
      else this.failure ??= one.reason;
    }
    if (this.failure !== undefined) return;
    await meet(sides.there.names, this.there.context, this.here.context);
    await meet(sides.here.names, this.here.context, this.there.context);
  }

  get here(): Tree {
    return this.#trees[0] as Tree;
  }

  get there(): Tree {
    return this.#trees[1] as Tree;
  }

  /** What ended on the one is heard of on the other before that ends, too. */
  close(names: readonly string[]): Promise<void> {
    return (this.#closed ??= this.#close(names));
  }

  async #close(names: readonly string[]): Promise<void> {
    const [first, second] = [...this.#trees].reverse();
    await first?.stop();
    if (second !== undefined)
      for (const name of names)
        while ((await second.context.whereis(name)) !== undefined) await sleep(LOOK_AGAIN_MS);
    await second?.stop();
    this.#cluster.remove();
  }

  #reported(event: TreeEvent): void {
    if (!('path' in event) || !String(event.path).startsWith('tree/bridge')) this.history.add(event);
  }
}

async function startGrid(
  url: string,
  children: readonly GridChild[],
  { intensity }: GridOptions,
): Promise<Grid> {
  const isThere = (child: GridChild): boolean => children.length === 1 || child !== children[0];
  const sides = {
    here: children.filter((child) => !isThere(child)),
    there: children.filter(isThere),
  };
  const sideOf = (side: readonly GridChild[]) => ({ children: side.map(childSpec), names: side.map(nameOf) });
  const pair = new Pair();
  const { history } = pair;
  await pair.start(url, { here: sideOf(sides.here), there: sideOf(sides.there) }, intensity);
  const { failure } = pair;
  if (failure !== undefined) {
    await pair.close([]);
    if (!(failure instanceof EnvironmentError) || failure.reason === undefined) throw failure as Error;
    return failed(failure.reason, history.events);
  }
  const { here, there } = pair;
  const home = (id: string): Tree => (sides.here.some((child) => child.id === id) ? here : there);
  const { context } = here;
  return {
    context,
    failure: undefined,
    near: (id) => home(id).context,
    addressOf: async (name) => {
      const address = await context.whereis(name);
      if (address === undefined) throw new Error(`nobody is called '${name}'`);
      return address;
    },
    events: history.events,
    settle: (promise) => promise,
    reported: (condition) => history.reported(condition),
    crash: (id) => void home(id).kill(`tree/${id}`),
    inspect: (id, query) => void home(id)[query](`tree/${id}`),
    close: () => pair.close(sides.there.map(nameOf)),
  };
}

const nameOf = ({ id, name = id }: GridChild): string => name;

const allOf = (names: readonly string[]): Record<string, object> =>
  Object.fromEntries(names.map((name) => [name, {}]));

/** Until who is there at home is there on the other host. */
async function meet(names: readonly string[], home: Context, other: Context): Promise<void> {
  for (const name of names) {
    // One that said `ignore` is nowhere.
    while ((await home.whereis(name)) !== undefined && (await other.whereis(name)) === undefined)
      await sleep(LOOK_AGAIN_MS);
  }
}
