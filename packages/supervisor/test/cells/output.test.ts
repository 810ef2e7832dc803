/** What is printed in cells comes out at the host, under the path of who printed. */
import { describe, expect, test } from '@jest/globals';
import { actor, cell, cellStarter } from './cells.js';

const startTree = cellStarter();

describe('output', () => {
  test('output: last words come out before the tree has ended, from any depth, each under its path and stream', async () => {
    const running = await startTree([
      cell('c', [actor('x', { do: 'print' }), cell('d', [actor('y', { do: 'print' })])]),
      actor('z', { do: 'print' }, { wall: 'process' }),
    ]);
    await running.host.stop();
    for (const path of ['tree/c/x', 'tree/c/d/y', 'tree/z']) {
      const of = (stream: string): string =>
        running.printed
          .filter((one) => one.path === path && one.stream === stream)
          .map(({ text }) => text)
          .join('');
      expect(of('stdout')).toMatch(/^pid \d+\nlast words\n$/);
      expect(of('stderr')).toBe('and an error\n');
    }
    expect(new Set(running.printed.map(({ path }) => path))).toEqual(
      new Set(['tree/c/x', 'tree/c/d/y', 'tree/z']),
    );
  }, 60_000);

  test('output: what the process itself prints at a fatal end comes out under the path of the cell', async () => {
    const running = await startTree([cell('c', [actor('x')])]);
    const leaky = actor('leaky', { do: 'leak' }, { restart: 'temporary', limits: { heapMb: 110 } });
    await expect(running.host.startChild('tree/c', leaky)).rejects.toMatchObject({ code: 'noproc' });
    await running.happened('tree/c', 'restarted');
    const fatal = running.printed.filter(({ path }) => path === 'tree/c');
    expect(fatal.map(({ text }) => text).join('')).toMatch(/fatal|FATAL/);
    expect(new Set(fatal.map(({ stream }) => stream))).toEqual(new Set(['stderr']));
  }, 60_000);
});
