/** Temporary children that come and go leave nothing behind, and the last costs what the first did. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';

type Counts = Readonly<Record<string, number>>;

/** In a process of its own: Jest's modules live in a context that V8 does not count. */
async function run(script: string): Promise<unknown> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', file]);
  return JSON.parse(stdout) as unknown;
}

/** By how much each count has grown for one child. */
function growth(before: Counts, after: Counts, children: number): Counts {
  return Object.fromEntries(
    Object.entries(after).map(([name, count]) => [name, (count - (before[name] ?? 0)) / children]),
  );
}

function expectNoGrowth(before: Counts, after: Counts, children: number): void {
  for (const [name, each] of Object.entries(growth(before, after, children))) {
    // What is compiled or cached on the way is not a child's.
    expect([name, each < 0.05]).toEqual([name, true]);
  }
}

describe('temporary dynamic children', () => {
  test('over links, 10,000 of them: nothing more is held after the last than after the first thousand, and no more is done', async () => {
    const windows = (await run('over-links.mjs')) as readonly {
      readonly steps: number;
      readonly threads: number;
      readonly held: Counts;
    }[];
    const [first, last] = [windows[0], windows.at(-1)];
    if (first === undefined || last === undefined) throw new Error('there is nothing to compare');
    expectNoGrowth(first.held, last.held, 9000);
    expect(windows.map(({ threads }) => threads)).toEqual(windows.map(() => 0));
    for (const { steps } of windows) expect(Math.abs(steps / first.steps - 1)).toBeLessThan(0.05);
  }, 300_000);

  test('over threads, 300 of them: neither the application nor the kernel holds more', async () => {
    const { before, after, threads } = (await run('over-threads.mjs')) as {
      readonly before: { readonly application: Counts; readonly kernel: Counts };
      readonly after: { readonly application: Counts; readonly kernel: Counts };
      readonly threads: number;
    };
    expectNoGrowth(before.kernel, after.kernel, 300);
    expectNoGrowth(before.application, after.application, 300);
    expect(threads).toBe(0);
  }, 300_000);
});
