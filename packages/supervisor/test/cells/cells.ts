/** Trees with cells for tests: over real processes, watched by their events, what they print, and the system. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterEach } from '@jest/globals';
import {
  childPath,
  start,
  type ChildSpecInput,
  type EnvironmentSpec,
  type Host,
  type StartOptions,
  type SupervisorNodeSpec,
  type TreeEvent,
  type TreeSpec,
} from '../../src/index.js';
import type { Act } from '../fixtures/cells/actor.js';

export const FOLDER = new URL('../fixtures/cells/', import.meta.url);

export function actor(id: string, args: Act = {}, fields: Partial<EnvironmentSpec> = {}): EnvironmentSpec {
  return { id, module: './actor.ts', args, ...fields };
}

export function group(
  id: string,
  children: readonly ChildSpecInput[],
  fields: Partial<SupervisorNodeSpec> = {},
): SupervisorNodeSpec {
  return { id, intensity: 10, ...fields, children: [...children] };
}

export const cell = (...given: Parameters<typeof group>): SupervisorNodeSpec => ({
  ...group(...given),
  wall: 'process',
});

/** For a child of an isolating node: its process is known to itself by the number that it has outside. */
export const SAME_NUMBERS: Pick<EnvironmentSpec, 'walls'> = {
  walls: { preferred: ['deathSignal', 'rlimits', 'oomScore'] },
};

type Supervision = TreeEvent & { readonly kind: 'supervision' };

export interface Printed {
  readonly path: string;
  readonly stream: string;
  readonly text: string;
}

export class Running {
  readonly events: TreeEvent[] = [];
  readonly printed: Printed[] = [];
  readonly warnings: string[] = [];
  readonly #looks = new Set<() => void>();
  host!: Host;

  readonly options = {
    base: FOLDER,
    spares: { total: 0 },
    onEvent: (event) => {
      this.events.push(event);
      this.#look();
    },
    onOutput: (path, stream, text) => {
      this.printed.push({ path, stream, text });
      this.#look();
    },
    onWarning: (problem) => {
      this.warnings.push(problem);
      this.#look();
    },
  } satisfies StartOptions;

  /** Resolves with what `find` gives, as soon as that is something. */
  async seen<T>(find: () => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        this.#looks.delete(look);
        resolve(found);
      };
      this.#looks.add(look);
      look();
    });
  }

  /** The supervision event of such a kind about the child at that path, by its number among its like. */
  happened(path: string, kind: Supervision['event']['kind'], nth = 1): Promise<Supervision['event']> {
    return this.seen(() => this.history(path).filter((event) => event.kind === kind)[nth - 1]);
  }

  history(path: string): readonly Supervision['event'][] {
    return this.events.flatMap((event) =>
      event.kind === 'supervision' && childPath(event.path, event.event.id) === path ? [event.event] : [],
    );
  }

  /** In which process its life of that number runs, as it has said itself. */
  pid(path: string, life = 1): Promise<number> {
    return this.seen(() => this.pids(path)[life - 1]);
  }

  pids(path: string): readonly number[] {
    return this.printed.flatMap((one) => {
      const said = one.path === path ? /^pid (\d+)$/m.exec(one.text) : null;
      return said === null ? [] : [Number(said[1])];
    });
  }

  #look(): void {
    for (const look of this.#looks) look();
  }
}

/** To be called once in a file of tests, outside of them. */
export function cellStarter(
  options: StartOptions = { embedded: true },
): (children: readonly ChildSpecInput[], fields?: Partial<TreeSpec>) => Promise<Running> {
  const hosts: Host[] = [];
  afterEach(async () => {
    await Promise.all(hosts.splice(0).map((host) => host.stop()));
  });
  return async (children, fields = {}) => {
    const running = new Running();
    const spec: TreeSpec = { name: 'tree', intensity: 10, ...fields, children: [...children] };
    running.host = await start(spec, { ...running.options, ...options });
    hosts.push(running.host);
    return running;
  };
}

/** Whether there is such a process that has not ended. */
export function lives(pid: number): boolean {
  return stateOf(pid) !== undefined;
}

/** The cells that a process has started and that have not ended. */
export function cellsOf(parent: number): readonly number[] {
  return childrenOf(parent).filter(isCell);
}

/** The one cell in a process namespace, below the two processes that wait for it. */
export function onlyCellBelow(pid: number): number {
  const [only, ...others] = childrenOf(pid).flatMap(childrenOf).flatMap(cellsOf);
  if (only === undefined || others.length > 0) throw new Error('not one cell');
  return only;
}

function childrenOf(parent: number): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && stateOf(pid)?.parent === parent);
}

export function descendantsOf(parent: number): readonly number[] {
  return childrenOf(parent).flatMap((child) => [child, ...descendantsOf(child)]);
}

export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) !== '';
    } catch {
      return false;
    }
  }).length;
}

/** Nobody tells when a process ends that is not one's own child. */
export async function gone(pid: number): Promise<boolean> {
  const began = performance.now();
  while (lives(pid)) {
    if (performance.now() - began > 20_000) return false;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return true;
}

/** Its title is its path. */
export function isCell(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('tree');
  } catch {
    return false;
  }
}

/** A zombie that nobody has waited for is no process any more. */
function stateOf(pid: number): { readonly parent: number } | undefined {
  try {
    const [, state, parent] = /\) (\S) (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return state === undefined || state === 'Z' ? undefined : { parent: Number(parent) };
  } catch {
    return undefined;
  }
}
