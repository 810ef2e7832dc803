/** The wall `process` against cells that are none: what it believes, and how it tells their ends. */
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { CellWall } from '../../src/cells/cell-wall.js';
import type { Clock } from '../../src/clock.js';
import type { WallEnd, WallLimits, WallRequest, WallThread } from '../../src/kernel/wall.js';
import { nodeAfterTurn } from '../../src/threads/node-after-turn.js';
import { nodeClock } from '../../src/threads/node-clock.js';
import { CELL_FILE, testOf, thisMachine } from './cell-fixture.js';

const machine = await thisMachine();
const walls: CellWall[] = [];
const REQUEST: WallRequest = {
  boundary: 'process',
  limits: { heapMb: 64, youngMb: 8, stackMb: 4 },
  title: 'tree/c',
  env: {},
};

afterEach(async () => {
  await Promise.all(walls.splice(0).map((wall) => wall.close()));
});

interface Started {
  readonly thread: WallThread;
  readonly wall: CellWall;
  readonly end: Promise<WallEnd>;
  readonly output: string[];
  readonly warnings: string[];
  readonly run: (source: string) => void;
}

async function startCell(request = REQUEST, clock = nodeClock()): Promise<Started> {
  const output: string[] = [];
  const warnings: string[] = [];
  const wall = new CellWall({
    file: CELL_FILE,
    reads: [],
    settings: () => undefined,
    machine,
    clock,
    afterTurn: nodeAfterTurn,
    output: (path, stream, text) => output.push(`${path} ${stream} ${text}`),
    warning: (problem) => warnings.push(problem),
  });
  walls.push(wall);
  const thread = wall.start(request);
  const end = new Promise<WallEnd>((resolve) => {
    thread.onEnd(resolve);
  });
  return {
    thread,
    wall,
    end,
    output,
    warnings,
    run: (source) => thread.link.send(new TextEncoder().encode(source)),
  };
}

const saying = (...messages: unknown[]): string => `() => {
  for (const message of ${JSON.stringify(messages)}) pipe.wall.send(new TextEncoder().encode(JSON.stringify(message)));
  pipe.close(() => process.exit(0));
}`;
const limited = (limits: Partial<WallLimits>): WallRequest => ({
  ...REQUEST,
  limits: { ...REQUEST.limits, ...limits },
});
const keep = (mb: number): string => `() => {
  globalThis.kept = [];
  for (let n = 0; n < ${mb}; n += 1) kept.push(Buffer.alloc(1024 * 1024, 1));
}`;
const output = (path: string) => ({ tag: 'output', path, stream: 'stdout', text: 'x', dropped: 0 });

describe('what a cell says', () => {
  test('wall: its own output and that of those in it are passed on, its warnings with its path', async () => {
    const cell = await startCell();
    cell.run(saying(output('tree/c'), output('tree/c/x'), { tag: 'warning', problem: 'no guard' }));
    expect(await cell.end).toMatchObject({ kind: 'reason', reason: { tag: 'cell' } });
    expect(cell.output).toEqual(['tree/c stdout x', 'tree/c/x stdout x']);
    expect(cell.warnings).toEqual(['tree/c: no guard']);
  });

  test.each([
    ['output of a sibling', output('tree/cc')],
    ['output of its supervisor', output('tree')],
    [
      'use of a sibling',
      { tag: 'use', id: 1, use: { threads: [{ path: 'tree/cc', printed: 0 }], cells: [] } },
    ],
    ['a message of no kind', { tag: 'nothing' }],
  ])('wall: %s ends it, and is not passed on', async (_, message) => {
    const cell = await startCell();
    cell.run(saying(message, output('tree/c/late')));
    expect(await cell.end).toMatchObject({ kind: 'reason', reason: { tag: 'protocol' } });
    expect(cell.output).toEqual([]);
  });

  test('wall: one with a thread that cannot be ended is killed, and its end says for whose sake', async () => {
    const cell = await startCell();
    cell.run(
      `() => pipe.wall.send(new TextEncoder().encode(JSON.stringify({ tag: 'stuck', path: 'tree/c/x' })))`,
    );
    expect(await cell.end).toMatchObject({
      kind: 'reason',
      reason: {
        tag: 'cell',
        detail: { signal: 'SIGKILL', problem: "the thread of 'tree/c/x' could not be ended" },
      },
    });
  });

  test('wall: one that says this of a thread outside of it ends as who breaks the protocol', async () => {
    const cell = await startCell();
    cell.run(saying({ tag: 'stuck', path: 'tree/b' }));
    expect(await cell.end).toMatchObject({ kind: 'reason', reason: { tag: 'protocol' } });
  });

  test('wall: more output than its quota is counted, whatever it says it has counted itself', async () => {
    const cell = await startCell();
    const flood = { ...output('tree/c/x'), text: 'y'.repeat(1_500_000) };
    cell.run(saying(flood));
    await cell.end;
    expect(cell.output.join('').length).toBeLessThan(1_100_000);
  });
});

describe('how a cell ends', () => {
  const reason = (tag: string, detail: unknown) => ({ kind: 'reason', reason: { tag, detail } });

  test('wall: an exit code and a signal are the detail of the reason', async () => {
    const exiting = await startCell();
    exiting.run('() => process.exit(7)');
    expect(await exiting.end).toEqual(reason('cell', { exitCode: 7, signal: null }));
    const aborting = await startCell();
    aborting.run('() => process.abort()');
    expect(await aborting.end).toEqual(reason('cell', { exitCode: null, signal: 'SIGABRT' }));
    const killed = await startCell();
    killed.thread.terminate();
    expect(await killed.end).toMatchObject({ reason: { tag: 'cell' } });
  });

  test('wall: one that breaks the protocol of the pipe ends with that', async () => {
    const cell = await startCell();
    cell.run(`() => require('fs').writeSync(4, 'no frame at all, but long enough')`);
    expect(await cell.end).toMatchObject({ kind: 'reason', reason: { tag: 'protocol' } });
  });

  test('wall: too much memory is asked to be collected; a cell that lies about that is ended at once', async () => {
    const cell = await startCell(limited({ memoryMb: 64 }));
    cell.run(`() => pipe.wall.receive({
      batch: () => pipe.wall.send(new TextEncoder().encode('{"tag":"collected"}')),
      end() {},
    })`);
    cell.run(keep(100));
    const detail = { limit: 'memoryMb', usedMb: expect.any(Number), limitMb: 64 };
    expect(await cell.end).toEqual(reason('limit', detail));
  });

  test('wall: one that does not answer when it is asked to collect is ended, too', async () => {
    const cell = await startCell(limited({ memoryMb: 64 }));
    cell.run(keep(100));
    expect(await cell.end).toMatchObject({ reason: { tag: 'limit', detail: { limitMb: 64 } } });
  });

  test('wall: one that gives back what it has too much goes on', async () => {
    const cell = await startCell(limited({ memoryMb: 64 }));
    const asked = new Promise<void>((resolve) => {
      cell.thread.link.receive({
        batch: (bytes) => {
          if (new TextDecoder().decode(bytes) === '{"value":"asked"}') resolve();
        },
        end: () => undefined,
      });
    });
    cell.run(`() => {
      const words = new TextEncoder();
      pipe.wall.receive({
        batch: () => {
          kept.length = 0;
          require('v8').setFlagsFromString('--expose-gc');
          const gc = require('vm').runInNewContext('gc');
          gc();
          gc({ type: 'minor' });
          setTimeout(() => say({ value: 'asked' }), 700);
          pipe.wall.send(words.encode('{"tag":"collected"}'));
        },
        end() {},
      });
    }`);
    cell.run(keep(100));
    await Promise.race([asked, cell.end]);
    cell.run('() => process.exit(3)');
    expect(await cell.end).toEqual(reason('cell', { exitCode: 3, signal: null }));
  });

  testOf(machine, 'memory')('wall: what the system kills for want of memory ends with `limit`', async () => {
    const never: Clock = { ...nodeClock(), after: () => () => undefined };
    const walled = { ...limited({ memoryMb: 16 }), walls: { required: ['memory'], preferred: [] } };
    const cell = await startCell(walled, never);
    cell.run(keep(400));
    expect(await cell.end).toEqual(reason('limit', { limit: 'memoryMb', oomKills: expect.any(Number) }));
  });

  test('wall: where a wall is missing that is required there is no process, but an end', async () => {
    const net = { available: false, why: 'none', remedy: 'Get one.' };
    const wall = new CellWall({
      file: fileURLToPath(import.meta.url),
      reads: [],
      settings: () => undefined,
      machine: { ...machine, walls: { ...machine.walls, net } },
      clock: nodeClock(),
      afterTurn: nodeAfterTurn,
      output: () => undefined,
      warning: () => undefined,
    });
    const thread = wall.start({ ...REQUEST, walls: { required: ['net'], preferred: [] } });
    const end = await new Promise<WallEnd>((resolve) => {
      thread.onEnd(resolve);
    });
    expect(end).toMatchObject({ kind: 'reason', reason: { tag: 'error' } });
    await wall.close();
  });

  test('wall: when it has closed, no cell is left', async () => {
    const cell = await startCell();
    let ended = false;
    void cell.end.then(() => (ended = true));
    await cell.wall.close();
    expect(ended).toBe(true);
    expect(cell.wall.stuck).toEqual([]);
  });
});
