import { afterEach, describe, expect, test } from '@jest/globals';
import { Pipe } from '../../src/cells/pipe.js';
import { connectStreams, offerStreams, type FarStreams } from '../../src/cells/stream-offer.js';
import { nodeAfterTurn } from '../../src/threads/node-after-turn.js';
import { beginCell, endCells, gone, lives, startCell, thisMachine, type TestCell } from './cell-fixture.js';

afterEach(endCells);

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a cell starts', () => {
  test('start: what is sent from the first moment arrives, and answers come back', async () => {
    const cell = await beginCell();
    cell.post('() => 6 * 7');
    expect([await cell.next(), await cell.next()]).toEqual([{ value: 'ready' }, { value: 42 }]);
  });

  test('start: it sees nothing of the host’s environment and flags', async () => {
    process.env['ESPALIER_SECRET'] = 'x';
    const cell = await startCell({ execArgv: ['--no-warnings'], title: 'a title' });
    delete process.env['ESPALIER_SECRET'];
    const { value } = await cell.run(
      '() => [Object.keys(process.env), process.execArgv, process.title, process.argv.length]',
    );
    expect(value).toEqual([[], ['--title=a title', '--no-warnings'], 'a title', 3]);
  });

  test('start: the only open descriptors are the standard streams, the pipe, and what Node has opened itself', async () => {
    const cell = await startCell();
    const { value } = await cell.run(`() => {
      const fs = require('fs');
      const names = fs.readdirSync('/proc/self/fd').flatMap((fd) => {
        try { return [[Number(fd), fs.readlinkSync('/proc/self/fd/' + fd)]]; } catch { return []; }
      });
      return names.filter(([, name]) => !/^anon_inode:/.test(name));
    }`);
    const open = value as [number, string][];
    const sockets = open.filter(([, name]) => name.startsWith('socket:')).map(([fd]) => fd);
    expect(sockets).toEqual([1, 2, 3, 4]);
    // Node's own pipes come in pairs: one that was inherited has no other end here.
    const pipes = open.filter(([, name]) => name.startsWith('pipe:')).map(([, name]) => name);
    expect(pipes.filter((name) => pipes.indexOf(name) === pipes.lastIndexOf(name))).toEqual([]);
    // Node has one more of these.
    expect(new Set(open.map(([, name]) => name).filter((name) => name.startsWith('/')))).toEqual(
      new Set(['/dev/null']),
    );
  });

  test('start: what the cell starts in turn gets nothing of the pipe', async () => {
    const cell = await startCell();
    const { value } = await cell.run(
      `() => require('child_process').spawnSync('ls', ['/proc/self/fd'], { stdio: ['ignore', 'pipe', 'inherit'] }).stdout.toString()`,
    );
    // The fourth is the folder that \`ls\` reads.
    expect(String(value).trim().split('\n')).toEqual(['0', '1', '2', '3']);
  });

  test('start: a process that says nothing in time is ended, and so reported', async () => {
    const cell = await beginCell({ execArgv: ['-e', 'setInterval(() => {}, 1000)'], startTimeoutMs: 300 });
    expect(await cell.ended).toMatchObject({ cause: 'start-timeout', ran: false, signal: 'SIGKILL' });
    expect(lives(cell.cell.pid as number)).toBe(false);
  });

  test('start: a process that ends before it has said anything is reported with what it printed', async () => {
    const cell = await beginCell({ file: '/nonexistent/cell.js' });
    expect(await cell.ended).toMatchObject({ cause: 'itself', ran: false, exitCode: 1 });
    expect(cell.text).toContain('/nonexistent/cell.js');
  });

  test('start: where there is no process to be had that is an end, too', async () => {
    const machine = await thisMachine();
    const cell = await beginCell({
      machine: { ...machine, tools: { ...machine.tools, prlimit: '/nonexistent/prlimit' } },
      walls: ['rlimits'],
    });
    const end = await cell.ended;
    expect(end).toMatchObject({ cause: 'not-started', ran: false, exitCode: null, signal: null });
    expect(end.problem).toContain('/nonexistent/prlimit');
    expect(cell.cell.pid).toBeUndefined();
  });

  test('start: a folder that is not there is an end, too', async () => {
    const cell = await beginCell({ cwd: '/nonexistent' });
    expect(await cell.ended).toMatchObject({ cause: 'not-started' });
  });

  test('start: killed before there was a process, there never is one', async () => {
    const cell = await beginCell();
    cell.cell.kill();
    expect(await cell.ended).toMatchObject({ cause: 'killed', ran: false, exitCode: null, signal: null });
    expect([cell.cell.pid, cell.linkEnds]).toEqual([undefined, 1]);
  });
});

describe('a cell with a second pipe', () => {
  const direct = async (): Promise<{ cell: TestCell; pipe: Pipe; heard: Promise<number[]> }> => {
    const offer = offerStreams();
    const streams = connectStreams(offer.address);
    const cell = await startCell({ direct: (await offer.far) as FarStreams });
    streams.output.uncork();
    const pipe = new Pipe({ streams, side: 'parent', afterTurn: nodeAfterTurn });
    const heard = new Promise<number[]>((resolve) => {
      pipe.control.receive({ batch: (bytes) => resolve([...bytes]), end: () => resolve([]) });
    });
    return { cell, pipe, heard };
  };

  test('direct: another pipe carries beside the parent’s, and ends with the cell', async () => {
    const { cell, pipe, heard } = await direct();
    pipe.control.send(new Uint8Array([1, 2]));
    expect(await heard).toEqual([1, 2]);
    const over = new Promise((resolve) =>
      pipe.control.receive({ batch: () => undefined, end: () => resolve('end') }),
    );
    cell.cell.kill();
    await cell.ended;
    expect(await over).toBe('end');
  });

  test('direct: its end is not the cell’s', async () => {
    const { cell, pipe } = await direct();
    pipe.close();
    for (let n = 0; n < 20; n += 1) await turn();
    expect(await cell.run('() => 5')).toEqual({ value: 5 });
  });

  test('direct: a cell that never came to be leaves nothing of it open', async () => {
    const offer = offerStreams();
    const streams = connectStreams(offer.address);
    const far = (await offer.far) as FarStreams;
    const cell = await beginCell({ direct: far });
    cell.cell.kill();
    await cell.ended;
    expect(far.map(({ destroyed }) => destroyed)).toEqual([true, true]);
    streams.input.destroy();
    streams.output.destroy();
  });
});

describe('a cell ends', () => {
  test('end: it is told once, after everything that the cell had sent, with its exit code', async () => {
    const cell = await startCell();
    cell.post(`() => {
      for (let n = 0; n < 200; n += 1) say({ value: n, filler: 'x'.repeat(500) });
      pipe.flush();
      process.reallyExit(7);
    }`);
    const end = await cell.ended;
    expect(end).toEqual({
      exitCode: 7,
      signal: null,
      ran: true,
      cause: 'itself',
      problem: undefined,
      oomKills: 0,
    });
    expect(cell.unread.map(({ value }) => value)).toEqual(Array.from({ length: 200 }, (_, n) => n));
    for (let n = 0; n < 20; n += 1) await turn();
    expect([cell.ends.length, cell.linkEnds]).toEqual([1, 1]);
  });

  test.each(['SIGKILL', 'SIGSEGV', 'SIGABRT'] as const)('end: %s is seen as what it was', async (signal) => {
    const cell = await startCell();
    cell.post(`() => process.kill(process.pid, '${signal}')`);
    expect(await cell.ended).toMatchObject({ cause: 'itself', exitCode: null, signal, ran: true });
  });

  test('end: an observer that is set afterwards is told, too', async () => {
    const cell = await startCell();
    cell.cell.kill();
    const end = await cell.ended;
    const later = await new Promise((resolve) => cell.cell.onEnd(resolve));
    expect(later).toBe(end);
  });

  test('end: writes to a cell that is gone are no event, and what is sent later is dropped', async () => {
    const cell = await startCell();
    cell.post('() => process.reallyExit(0)');
    const more = (): void => {
      cell.cell.pipe.control.send(new Uint8Array(100_000));
      if (cell.linkEnds === 0) setImmediate(more);
    };
    more();
    expect(await cell.ended).toMatchObject({ exitCode: 0, cause: 'itself' });
    cell.cell.pipe.control.send(new Uint8Array(10));
    expect(cell.cell.pipe.undrainedBytes).toBe(0);
  });

  test('kill: a blocked cell ends, and what it has started with it', async () => {
    const cell = await startCell();
    const { value: child } = await cell.run(
      `() => require('child_process').spawn('sleep', ['1000'], { stdio: 'ignore' }).pid`,
    );
    cell.post('() => { for (;;); }');
    cell.cell.kill();
    expect(await cell.ended).toMatchObject({ cause: 'killed', signal: 'SIGKILL' });
    expect(await gone(child as number)).toBe(true);
  });

  test('end: what a cell has started ends with it, also when the cell ended by itself', async () => {
    const cell = await startCell();
    const { value: child } = await cell.run(
      `() => require('child_process').spawn('sleep', ['1000'], { stdio: 'inherit' }).pid`,
    );
    expect(lives(child as number)).toBe(true);
    cell.post('() => process.reallyExit(0)');
    expect(await cell.ended).toMatchObject({ exitCode: 0, cause: 'itself' });
    expect(await gone(child as number)).toBe(true);
  });

  test('end: a process that left the group and holds the pipe does not keep the end from being told', async () => {
    const cell = await startCell();
    const { value: child } = await cell.run(
      `() => require('child_process').spawn('sleep', ['1000'], { stdio: ['ignore', 1, 2, 3, 4], detached: true }).pid`,
    );
    cell.post('() => process.reallyExit(3)');
    expect(await cell.ended).toMatchObject({ exitCode: 3, cause: 'itself' });
    expect(cell.linkEnds).toBe(1);
    process.kill(child as number, 'SIGKILL');
  });
});

describe('a cell that breaks the rules', () => {
  const garbage = `() => { require('fs').writeSync(4, 'GET / HTTP/1.1\\r\\n\\r\\n'); setInterval(() => {}, 1000); }`;

  test('violation: garbage on the pipe ends the cell, reported as that', async () => {
    const cell = await startCell();
    cell.post(garbage);
    const end = await cell.ended;
    expect(end).toMatchObject({ cause: 'protocol', signal: 'SIGKILL', ran: true });
    expect(end.problem).toBeDefined();
    expect(cell.linkEnds).toBe(1);
  });

  test('violation: a cell opens no links', async () => {
    const cell = await startCell();
    cell.post('() => { pipe.pair(); setInterval(() => {}, 1000); }');
    expect(await cell.ended).toMatchObject({ cause: 'protocol' });
  });

  test('violation: a frame larger than the parent takes ends the cell', async () => {
    const cell = await startCell({ maxFrameBytes: 10_000 });
    cell.post(`() => {
      require('fs').writeSync(4, new Uint8Array([17, 39, 0, 0, 3, 0, 0, 0, 0]));
      setInterval(() => {}, 1000);
    }`);
    expect(await cell.ended).toMatchObject({ cause: 'protocol', problem: expect.stringContaining('10001') });
  });

  test('frames: the parent may send what is far too large for a cell to send', async () => {
    const cell = await startCell({ maxFrameBytes: 10_000 });
    cell.post(`() => 1 /* ${'x'.repeat(3_000_000)} */`);
    expect(await cell.next()).toEqual({ value: 1 });
    cell.post('() => pipe.control.send(new Uint8Array(10_001))');
    // It does not leave, and the control link cannot go on without it: the cell ends itself.
    expect(await cell.ended).toMatchObject({ cause: 'itself', signal: 'SIGKILL' });
  });

  test('end: killed in the middle of a frame is killed, no violation', async () => {
    const cell = await startCell();
    cell.post(`() => {
      require('fs').writeSync(4, new Uint8Array([100, 0, 0, 0, 3, 0, 0, 0, 0, 1, 2]));
      process.kill(process.pid, 'SIGKILL');
    }`);
    expect(await cell.ended).toMatchObject({ cause: 'itself', signal: 'SIGKILL', problem: undefined });
  });

  test('detached: a cell that closes its pipe and goes on is ended', async () => {
    const cell = await startCell();
    cell.post(`() => { for (const fd of [3, 4]) require('fs').closeSync(fd); setInterval(() => {}, 1000); }`);
    expect(await cell.ended).toMatchObject({ cause: 'detached', signal: 'SIGKILL' });
  });

  test('output: what is printed comes with its stream, and a flood of it holds up nobody’s end', async () => {
    const cell = await startCell({ outputBytesPerSecond: 10_000 });
    await cell.run(`() => { console.log('out'); console.error('err'); }`);
    while (cell.printed.length < 2) await turn();
    expect(cell.printed).toEqual(
      expect.arrayContaining([
        { stream: 'stdout', text: 'out\n', dropped: 0 },
        { stream: 'stderr', text: 'err\n', dropped: 0 },
      ]),
    );
    cell.post(`() => {
      const { writeSync } = require('fs');
      const flood = Buffer.alloc(65536, 'x');
      for (;;) try { writeSync(1, flood); } catch {} // Full for the moment.
    }`);
    const dropped = (): number => cell.printed.reduce((sum, printed) => sum + printed.dropped, 0);
    while (dropped() < 500_000) await turn();
    cell.cell.kill();
    expect(await cell.ended).toMatchObject({ cause: 'killed' });
  });

  test('output: what a cell printed last before it ended is told before its end', async () => {
    const cell = await startCell();
    cell.post(`() => { require('fs').writeSync(2, 'last words'); process.reallyExit(1); }`);
    await cell.ended;
    expect(cell.text).toBe('last words');
  });
});
