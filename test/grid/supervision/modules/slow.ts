/** Takes its time to come up and to end, and fails the starts that it is told to: `clerk` counts them. */
import { server, type Context, type ServerContext } from '@espalier/core';

export interface SlowArgs {
  readonly readyAfterMs: number;
  readonly endAfterMs?: number;
  /** Which of its starts fail, the first being 0. */
  readonly failing?: readonly number[];
}

function wait(context: Context, timeoutMs: number): Promise<unknown> {
  return context.receive({ match: () => false, timeoutMs });
}

export default server({
  async init({ readyAfterMs, endAfterMs = 0, failing = [] }: SlowArgs, context: Context) {
    const start = failing.length === 0 ? undefined : ((await context.call('clerk', 'count', [])) as number);
    await wait(context, readyAfterMs);
    if (start !== undefined && failing.includes(start)) throw new Error('as planned');
    return { endAfterMs };
  },
  async terminate(context: ServerContext<{ endAfterMs: number }>) {
    await wait(context, context.state.endAfterMs);
  },
});
