/** A process that is started before there is a kernel to want it: taken over, or gone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { assumedMachine, isAssumed } from '../../src/cells/assumed-machine.js';
import { CellWall } from '../../src/cells/cell-wall.js';
import { EarlyCell, type EarlyOffer } from '../../src/cells/early-cell.js';
import { connectStreams } from '../../src/cells/stream-offer.js';
import type { WallName } from '../../src/cells/walls.js';
import type { WallEnd, WallThread } from '../../src/kernel/wall.js';
import { nodeAfterTurn } from '../../src/threads/node-after-turn.js';
import { nodeClock } from '../../src/threads/node-clock.js';
import { CELL_FILE, gone, lives, testOf } from './cell-fixture.js';

const machine = assumedMachine();
const ASSUMED: readonly WallName[] = ['deathSignal', 'rlimits', 'oomScore'];
const offered = testOf(machine, ...ASSUMED);
const LIMITS = { heapMb: 64, youngMb: 8, stackMb: 4 };

const walls: CellWall[] = [];
const cells: EarlyCell[] = [];

afterEach(async () => {
  for (const cell of cells.splice(0)) cell.end();
  await Promise.all(walls.splice(0).map((wall) => wall.close()));
});

function begin(names: readonly WallName[] = [], file = CELL_FILE, startTimeoutMs = 20_000): EarlyCell {
  const setting = { title: 'tree', walls: new Set(names), machine, settings: undefined };
  const cell = new EarlyCell({ ...setting, file, early: undefined, clock: nodeClock(), startTimeoutMs });
  cells.push(cell);
  return cell;
}

async function offerOf(cell: EarlyCell): Promise<EarlyOffer> {
  const offer = await cell.offer;
  if (offer === undefined) throw new Error('it did not come up');
  return offer;
}

interface Taken {
  readonly thread: WallThread;
  readonly wall: CellWall;
  readonly end: Promise<WallEnd>;
  readonly output: string[];
  run(source: string): Promise<unknown>;
}

/** Started as the kernel starts its first cell. */
function take(offer: EarlyOffer, title = 'tree', preferred: readonly WallName[] = []): Taken {
  const output: string[] = [];
  const wall = new CellWall({
    file: CELL_FILE,
    reads: [],
    settings: () => undefined,
    clock: nodeClock(),
    afterTurn: nodeAfterTurn,
    output: (path, stream, text) => output.push(`${path} ${stream} ${text}`),
    warning: () => undefined,
  });
  walls.push(wall);
  wall.adopt(offer);
  connectStreams(offer.addresses.direct);
  const thread = wall.start({ title, limits: LIMITS, env: {}, walls: { required: [], preferred } });
  const answers: unknown[] = [];
  let heard = (): void => undefined;
  thread.link.receive({
    batch: (bytes) => {
      answers.push((JSON.parse(new TextDecoder().decode(bytes)) as { value: unknown }).value);
      heard();
    },
    end: () => undefined,
  });
  const next = async (): Promise<unknown> => {
    while (answers.length === 0) await new Promise<void>((resolve) => (heard = resolve));
    return answers.shift();
  };
  const ready = next();
  return {
    thread,
    wall,
    end: new Promise((resolve) => thread.onEnd(resolve)),
    output,
    run: async (source) => {
      expect(await ready).toBe('ready');
      thread.link.send(new TextEncoder().encode(source));
      return next();
    },
  };
}

describe('an early cell that is taken over', () => {
  test('is the process that was started, and both sides hear each other, large and small', async () => {
    const offer = await offerOf(begin());
    const { run } = take(offer);
    expect(await run('() => process.pid')).toBe(offer.pid);
    const large = 'x'.repeat(3_000_000);
    expect(await run(`() => '${large}'.length`)).toBe(3_000_000);
    expect(await run(`() => 'y'.repeat(3_000_000).length`)).toBe(3_000_000);
  });

  offered('stands behind the walls that it was asked to be started behind', async () => {
    const { run } = take(await offerOf(begin(ASSUMED)), 'tree', ASSUMED);
    const status = `() => [require('fs').readFileSync('/proc/self/oom_score_adj', 'utf8').trim(), /Max core file size +0 /.test(require('fs').readFileSync('/proc/self/limits', 'utf8'))]`;
    expect(await run(status)).toEqual(['500', true]);
  });

  test.each([
    ['its own exit', '() => process.exit(7)', { exitCode: 7, signal: null }],
    ['a signal', `() => process.kill(process.pid, 'SIGABRT')`, { exitCode: null, signal: 'SIGABRT' }],
  ])('its end is told with the evidence of %s', async (_, source, detail) => {
    const taken = take(await offerOf(begin()));
    void taken.run(source);
    expect(await taken.end).toEqual({ kind: 'reason', reason: { tag: 'cell', detail } });
  });

  test('what it prints past its threads has its path, and a flood of it waits for who reads', async () => {
    const taken = take(await offerOf(begin()));
    await taken.run(`() => require('fs').writeSync(2, 'told')`);
    void taken.run(
      `() => { const text = 'z'.repeat(65536); for (let n = 0; n < 100; n++) require('fs').writeSync(1, text); process.exit(0); }`,
    );
    await taken.end;
    expect(taken.output.join('')).toContain('tree stderr told');
    // The quota of a second, and the rest counted.
    expect(taken.output.join('').length).toBeLessThan(3_000_000);
  });

  test('is killed like any other', async () => {
    const offer = await offerOf(begin());
    const taken = take(offer);
    await taken.run('() => 1');
    taken.thread.terminate();
    expect(await taken.end).toMatchObject({ reason: { tag: 'cell', detail: { signal: 'SIGKILL' } } });
    expect(await gone(offer.pid)).toBe(true);
  });
});

describe('an early cell that is not wanted', () => {
  test.each([
    ['a cell of another path', 'tree/other', []],
    ['other walls', 'tree', ['rlimits']],
  ] as const)('ends, and another process is started, for %s', async (_, title, names) => {
    const offer = await offerOf(begin());
    const { run } = take(offer, title, names);
    expect(await run('() => process.pid')).not.toBe(offer.pid);
    expect(await gone(offer.pid)).toBe(true);
  });

  test('ends with the wall that has not used it', async () => {
    const offer = await offerOf(begin());
    const wall = new CellWall({
      file: CELL_FILE,
      reads: [],
      settings: () => undefined,
      clock: nodeClock(),
      afterTurn: nodeAfterTurn,
      output: () => undefined,
      warning: () => undefined,
    });
    wall.adopt(offer);
    await wall.close();
    expect(await gone(offer.pid)).toBe(true);
  });

  test('ends when it is told to', async () => {
    const cell = begin();
    const { pid } = await offerOf(cell);
    cell.end();
    expect(await gone(pid)).toBe(true);
  });

  test('ends with the process that started it, however that ends', async () => {
    const parent = spawn(
      process.execPath,
      [fileURLToPath(new URL('./early-parent-fixture.mjs', import.meta.url))],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    expect(lives(Number(line))).toBe(true);
    parent.kill('SIGKILL');
    expect(await gone(Number(line))).toBe(true);
  });
});

describe('an early cell that does not come up', () => {
  test('is not offered', async () => {
    expect(await begin([], '/no/such/file.cjs').offer).toBeUndefined();
  });

  test('is not waited for for ever, and ends', async () => {
    const silent = fileURLToPath(new URL('./silent-fixture.mjs', import.meta.url));
    const cell = begin([], silent, 500);
    expect(await cell.offer).toBeUndefined();
  });

  test('takes nobody who does not know its secrets for its parent', async () => {
    const offer = await offerOf(begin());
    const strangers = [Buffer.alloc(16), Buffer.alloc(64, 1), Buffer.from('x')].map((said) => {
      const socket = connect({ path: offer.addresses.parent.path });
      socket.on('error', () => undefined);
      socket.write(said);
      return socket;
    });
    await Promise.all(strangers.map((socket) => once(socket, 'connect')));
    expect(await take(offer).run('() => process.pid')).toBe(offer.pid);
    for (const socket of strangers) socket.destroy();
  });
});

test('what has to be tried out before is not taken for granted', () => {
  expect(isAssumed(ASSUMED)).toBe(true);
  for (const wall of ['net', 'pid', 'otherUser', 'memory', 'cpu', 'user'] as const) {
    expect(isAssumed([...ASSUMED, wall])).toBe(false);
    expect(machine.walls[wall].available).toBe(false);
  }
});
