/** The test's side of modules/puppet.ts. */
import type { Address, Destination, ExitReason } from '../../src/index.js';
import type { KernelEvent } from '../../src/kernel/index.js';
import type { Grid } from './harness.js';
import type { Item, Outcome, Step } from './modules/puppet.js';

export class Puppet {
  readonly grid: Pick<Grid, 'context' | 'settle' | 'addressOf'>;
  readonly target: Destination;

  constructor(grid: Pick<Grid, 'context' | 'settle' | 'addressOf'>, target: Destination) {
    this.grid = grid;
    this.target = target;
  }

  /** All steps in one turn; one outcome for each. */
  do(...steps: readonly Step[]): Promise<readonly Outcome[]> {
    return this.grid.settle(this.start(...steps));
  }

  /** The same, not awaited. */
  start(...steps: readonly Step[]): Promise<readonly Outcome[]> {
    return this.grid.context.call(this.target, 'perform', [steps], { timeoutMs: 60_000 }) as Promise<
      readonly Outcome[]
    >;
  }

  /** One step, which has to succeed. */
  async get(...step: Step): Promise<unknown> {
    const [outcome] = await this.do(step);
    if (outcome === undefined || !('value' in outcome))
      throw new Error(`${step[0]}: ${JSON.stringify(outcome)}`);
    return outcome.value;
  }

  /** One step, which has to fail; gives the code of its error. */
  async code(...step: Step): Promise<string> {
    const [outcome] = await this.do(step);
    return outcome !== undefined && 'code' in outcome ? outcome.code : `no error: ${JSON.stringify(outcome)}`;
  }

  /** Steps whose end is not awaited: the puppet may end by them. */
  tell(...steps: readonly Step[]): Promise<void> {
    return this.grid.settle(this.grid.context.cast(this.target, 'perform', [steps]));
  }

  address(): Promise<Address> {
    const { grid, target } = this;
    if (grid.addressOf !== undefined && typeof target === 'string') return grid.addressOf(target);
    return this.get('self') as Promise<Address>;
  }

  /** What has arrived, as soon as it is so much. */
  items(count: number): Promise<readonly Item[]> {
    return this.grid.settle(
      this.grid.context.call(this.target, 'items', [count], { timeoutMs: 60_000 }),
    ) as Promise<readonly Item[]>;
  }

  async values(count: number): Promise<readonly unknown[]> {
    return (await this.items(count)).map((item) => (item.type === 'message' ? item.value : item));
  }
}

/** Watches from the application, until the environment ends; gives the reason. */
export async function endOf(
  grid: Pick<Grid, 'context' | 'settle'>,
  target: Destination,
  act: () => unknown,
): Promise<ExitReason> {
  const monitor = await grid.settle(grid.context.monitor(target));
  await act();
  const item = await grid.settle(
    grid.context.receive({ match: (one) => one.type === 'down' && one.monitor === monitor }),
  );
  if (item.type !== 'down') throw new Error('unreachable');
  return item.reason;
}

export function ofKind<K extends KernelEvent['kind']>(
  events: readonly KernelEvent[],
  kind: K,
): readonly Extract<KernelEvent, { readonly kind: K }>[] {
  return events.filter((event) => event.kind === kind) as Extract<KernelEvent, { readonly kind: K }>[];
}

/** The sum of the messages that were reported as lost, for one cause. */
export function lost(events: readonly KernelEvent[], cause: string): number {
  return ofKind(events, 'undelivered')
    .filter((event) => event.cause === cause)
    .reduce((sum, { count }) => sum + count, 0);
}

export function errorOf(promise: Promise<unknown>): Promise<Record<string, unknown>> {
  return promise.then(
    (value) => {
      throw new Error(`no error, but ${String(value)}`);
    },
    (error: unknown) => error as Record<string, unknown>,
  );
}
