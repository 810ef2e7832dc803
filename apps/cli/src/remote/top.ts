/** `espalier top`: what the nodes use, again and again on a terminal, else once. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Usage } from '@espalier/supervisor/client';
import type { Remote } from './command.js';
import { LiveView } from './live-view.js';
import { inOrder, ratesBetween, usageLines, type Order } from './usage-table.js';

export interface TopOptions {
  /** Seconds between two readings. */
  readonly interval: number;
  readonly sort: Order;
}

/** Between the two readings of a single table, at most. Milliseconds. */
const ONCE_MS = 500;

export async function top(
  { client, terminal }: Remote,
  path: string | undefined,
  { interval, sort }: TopOptions,
): Promise<undefined> {
  const everyMs = interval * 1000;
  const stop = new AbortController();
  let before = await client.usage(path);
  const read = async (): Promise<{ now: Usage; lines: readonly string[] }> => {
    const now = await client.usage(path, { signal: stop.signal });
    const lines = usageLines(inOrder(ratesBetween(before, now), sort), sort, terminal.paint);
    return { now, lines };
  };
  if (terminal.json || !process.stdout.isTTY) {
    await pause(Math.min(everyMs, ONCE_MS));
    const now = await client.usage(path);
    const nodes = inOrder(ratesBetween(before, now), sort);
    terminal.tell({ at: now.at, nodes }, () => usageLines(nodes, sort, terminal.paint));
    return;
  }
  const asked = (): void => {
    stop.abort();
  };
  process.once('SIGINT', asked).once('SIGTERM', asked);
  const view = new LiveView(process.stdout);
  const redrawn = (): void => {
    view.redraw();
  };
  // Ctrl-Z: the shell gets its own screen, with a cursor.
  const suspended = (): void => {
    view.leave();
    process.kill(process.pid, 'SIGSTOP');
  };
  process.stdout.on('resize', redrawn);
  process.on('SIGTSTP', suspended).on('SIGCONT', redrawn);
  try {
    for (let waitMs = Math.min(everyMs, ONCE_MS); !stop.signal.aborted; waitMs = everyMs) {
      await pause(waitMs, undefined, { signal: stop.signal }).catch(() => undefined);
      if (stop.signal.aborted) break;
      const { now, lines } = await read();
      before = now;
      view.show([`${now.at.slice(11, 19)}  every ${interval} s, Ctrl-C ends`, '', ...lines]);
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    process.off('SIGINT', asked).off('SIGTERM', asked);
    process.off('SIGTSTP', suspended).off('SIGCONT', redrawn);
    process.stdout.off('resize', redrawn);
    view.close();
  }
}
