/** Each wall around a cell, where this machine offers it: that it is there, and what it does not let through. */
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { CellCgroup } from '../../src/cells/cell-cgroup.js';
import { NAMESPACES, type WallName } from '../../src/cells/walls.js';
import { endCells, gone, lives, startCell, testOf, thisMachine, type TestCell } from './cell-fixture.js';

const machine = await thisMachine();
const offered = (...walls: WallName[]): ReturnType<typeof testOf> => testOf(machine, ...walls);

afterEach(endCells);

const STATUS = `() => require('fs').readFileSync('/proc/self/status', 'utf8')`;

describe('namespaces', () => {
  for (const namespace of NAMESPACES) {
    offered(namespace)(`namespace: ${namespace} is the cell’s own`, async () => {
      const cell = await startCell({ walls: [namespace] });
      const file = namespace === 'mount' ? 'mnt' : namespace;
      const { value } = await cell.run(`() => require('fs').readlinkSync('/proc/self/ns/${file}')`);
      expect(value).toMatch(new RegExp(`^${file}:`));
      expect(value).not.toBe(readlinkSync(`/proc/self/ns/${file}`));
    });
  }

  offered('net')('namespace: without a network there is no address', async () => {
    const cell = await startCell({ walls: ['net'] });
    expect(await cell.run(`() => Object.keys(require('os').networkInterfaces())`)).toEqual({ value: [] });
  });

  offered('proc')(
    'namespace: with a /proc of its own a cell sees only itself, and the shell that waits for it',
    async () => {
      const cell = await startCell({ walls: ['proc'] });
      const { value } = await cell.run(
        `() => require('fs').readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))`,
      );
      expect(value).toEqual(['1', '2']);
    },
  );

  offered('user')('namespace: in a user namespace no right is left', async () => {
    const cell = await startCell({ walls: ['user'] });
    const { value } = await cell.run(STATUS);
    expect(String(value)).toMatch(/^CapEff:\s+0+$/m);
    expect(String(value)).toMatch(/^CapBnd:\s+0+$/m);
    expect(String(value)).toMatch(/^NoNewPrivs:\s+1$/m);
  });

  offered('pid')(
    'process namespace: a shell is its first process, the cell is below it, and the parent knows which is which',
    async () => {
      const cell = await startCell({ walls: ['pid'] });
      const { value: inside } = await cell.run('() => process.pid');
      expect(await cell.run('() => process.ppid')).toEqual({ value: 1 });
      const { nodePid, familyPid, pid } = cell.cell;
      expect(new Set([nodePid, familyPid, pid]).size).toBe(3);
      const numbers = (of: number | undefined) =>
        /^NSpid:.*\t(\d+)$/m.exec(readFileSync(`/proc/${of}/status`, 'utf8'))?.[1];
      expect(numbers(familyPid)).toBe('1');
      expect(numbers(nodePid)).toBe(String(inside));
    },
  );

  offered('proc')('process namespace: of what is left behind in it nothing stays in the table', async () => {
    const cell = await startCell({ walls: ['proc'] });
    const leaving = `() => require('child_process').execFileSync('sh', ['-c', 'sleep 0 & exit 0']) && undefined`;
    for (let n = 0; n < 5; n += 1) await cell.run(leaving);
    const zombies = `() => require('fs').readdirSync('/proc').filter((pid) => {
      try { return /\\) Z /.test(require('fs').readFileSync('/proc/' + pid + '/stat', 'utf8')); } catch { return false; }
    }).length`;
    while ((await cell.run(zombies)).value !== 0);
  });

  offered('pid')('process namespace: no signal from inside ends what keeps it', async () => {
    const cell = await startCell({ walls: ['pid'] });
    expect(await cell.run(`() => process.kill(process.ppid, 'SIGKILL')`)).toEqual({ value: true });
    expect(await cell.run('() => 1')).toEqual({ value: 1 });
  });

  const survivors = `() => require('child_process').spawn('sleep', ['1000'], { stdio: 'ignore', detached: true }).pid`;

  /** Seen from here, while the cell counts its own. */
  const childOf = (cell: TestCell): number => {
    const pid = cell.cell.nodePid as number;
    return Number.parseInt(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'), 10);
  };

  offered('pid')('process namespace: what has left the group ends with the cell all the same', async () => {
    const cell = await startCell({ walls: ['pid'] });
    await cell.run(survivors);
    const child = childOf(cell);
    expect(child).toBeGreaterThan(1);
    cell.post('() => process.reallyExit(0)');
    await cell.ended;
    expect(await gone(child)).toBe(true);
  });

  offered('pid')('process namespace: exit codes and signals are seen through it', async () => {
    const first = await startCell({ walls: ['pid'] });
    first.post('() => process.reallyExit(9)');
    expect(await first.ended).toMatchObject({ cause: 'itself', exitCode: 9, signal: null });
    const second = await startCell({ walls: ['pid'] });
    second.post('() => process.abort()');
    expect(await second.ended).toMatchObject({ cause: 'itself', exitCode: null, signal: 'SIGABRT' });
    const third = await startCell({ walls: ['pid'] });
    third.post('() => { for (;;); }');
    third.cell.kill();
    expect(await third.ended).toMatchObject({ cause: 'killed', signal: 'SIGKILL' });
    const fourth = await startCell({ walls: ['pid'] });
    process.kill(fourth.cell.nodePid as number, 'SIGKILL');
    expect(await fourth.ended).toMatchObject({ cause: 'itself', exitCode: null, signal: 'SIGKILL' });
    // Nobody says in its name how it has ended.
    expect(fourth.text).toBe('');
  });

  offered('pids')('cgroup: what has left the group ends with the cell all the same', async () => {
    const cell = await startCell({ walls: ['pids'] });
    const { value: child } = await cell.run(survivors);
    cell.post('() => process.reallyExit(0)');
    await cell.ended;
    expect(await gone(child as number)).toBe(true);
  });
});

describe('limits that the system holds', () => {
  offered('rlimits')(
    'rlimits: memory outside the heap that is over the limit is an error in the cell, or its end',
    async () => {
      const { ownDataMb: nodeDataMb } = (await startCell()).cell;
      const limits = { dataMb: 300 };
      const cell = await startCell({ walls: ['rlimits'], limits, machine: { ...machine, nodeDataMb } });
      const refused = cell.run(`() => {
        const kept = [];
        for (let n = 0; n < 100; n += 1) kept.push(new ArrayBuffer(10e6));
      }`);
      try {
        expect((await refused).error).toContain('RangeError');
        expect(await cell.run('() => 1')).toEqual({ value: 1 });
      } catch (error) {
        // V8 was refused memory itself: from Node 24 on that is as likely.
        if (cell.ends.length === 0) throw error;
        expect(cell.ends).toMatchObject([{ cause: 'itself', signal: 'SIGABRT' }]);
      }
    },
  );

  offered('rlimits')(
    'rlimits: where it is not known yet what Node takes, a cell is limited as soon as it shows that',
    async () => {
      const cell = await startCell({ walls: ['rlimits'], limits: { dataMb: 300 } });
      const own = cell.cell.ownDataMb as number;
      expect(own).toBeGreaterThan(20);
      const limit = (): number => {
        const text = readFileSync(`/proc/${cell.cell.pid}/limits`, 'utf8');
        return Number(/^Max data size +(\S+)/m.exec(text)?.[1]) / 1024 / 1024;
      };
      while (Number.isNaN(limit())) await new Promise((resolve) => setImmediate(resolve));
      expect(limit()).toBeCloseTo(own + 300, 2);
      cell.cell.limit({ dataMb: 400 });
      while (limit() < own + 399) await new Promise((resolve) => setImmediate(resolve));
      expect(limit()).toBeCloseTo(own + 400, 2);
    },
  );

  offered('rlimits')('rlimits: descriptors and core files', async () => {
    const cell = await startCell({ walls: ['rlimits'], limits: { files: 100 } });
    const { value } = await cell.run(`() => require('fs').readFileSync('/proc/self/limits', 'utf8')`);
    expect(String(value)).toMatch(/^Max open files\s+100\s+100\s/m);
    expect(String(value)).toMatch(/^Max core file size\s+0\s+0\s/m);
  });

  offered('memory')(
    'cgroup memory: who exceeds it is killed by the system, which is seen, and nothing is left',
    async () => {
      const cell = await startCell({ walls: ['memory'], limits: { memoryMb: 150 } });
      const folder = cgroupFolder('memory', cell);
      expect(existsSync(folder)).toBe(true);
      cell.post(`() => { const kept = []; for (;;) kept.push(Buffer.alloc(10e6, 1)); }`);
      const end = await cell.ended;
      expect(end).toMatchObject({ cause: 'itself', signal: 'SIGKILL' });
      expect(end.oomKills).toBeGreaterThan(0);
      await cell.cell.cleared;
      expect(existsSync(folder)).toBe(false);
      expect(cell.warnings).toEqual([]);
    },
  );

  offered('pids')('cgroup pids: a fork bomb stays below the limit, and all of it ends', async () => {
    const cell = await startCell({ walls: ['pids'], limits: { pids: 40 } });
    const { value } = await cell.run(`() => new Promise((resolve) => {
      const { spawn } = require('child_process');
      const pids = [];
      let failed = 0;
      for (let n = 0; n < 60; n += 1) {
        const child = spawn('sleep', ['1000'], { stdio: 'ignore', detached: true });
        child.on('error', () => (failed += 1));
        if (child.pid !== undefined) pids.push(child.pid);
      }
      setTimeout(() => resolve({ pids, failed }), 100);
    })`);
    const folder = cgroupFolder('pids', cell);
    expect(existsSync(folder)).toBe(true);
    const { pids, failed } = value as { pids: number[]; failed: number };
    expect(failed).toBeGreaterThan(20);
    expect(pids.length).toBeGreaterThan(5);
    cell.cell.kill();
    await cell.ended;
    for (const pid of pids) expect(await gone(pid)).toBe(true);
    await cell.cell.cleared;
    expect(existsSync(folder)).toBe(false);
  });

  test('cgroups: what killed hosts have left is swept away, what living ones hold is not', () => {
    const bases = Object.values(machine.cgroups).map(({ folder }) => folder);
    const left = bases.map((folder) => join(folder, 'espalier-2147483647-x'));
    const held = bases.map((folder) => join(folder, `espalier-${process.pid}-swept`));
    for (const folder of [...left, ...held]) mkdirSync(folder, { recursive: true });
    CellCgroup.sweep(machine, lives);
    expect(left.filter((folder) => existsSync(folder))).toEqual([]);
    expect(held.filter((folder) => existsSync(folder))).toEqual(held);
    CellCgroup.sweep(machine, (pid) => pid !== process.pid);
    expect(held.filter((folder) => existsSync(folder))).toEqual([]);
  });

  offered('cpu')('cgroup cpu: the share is set, and can be changed while the cell runs', async () => {
    const cell = await startCell({ walls: ['cpu'], limits: { cpus: 0.5 } });
    const quota = (): string =>
      machine.cgroups.cpu?.version === 1
        ? readFileSync(join(cgroupFolder('cpu', cell), 'cpu.cfs_quota_us'), 'utf8').trim()
        : (readFileSync(join(cgroupFolder('cpu', cell), 'cpu.max'), 'utf8').split(' ')[0] ?? '');
    expect(quota()).toBe('50000');
    cell.cell.limit({ cpus: 1.5 });
    expect(quota()).toBe('150000');
    cell.cell.limit({ cpus: 0.1 });
    expect(quota()).toBe('10000');
  });

  offered('memory')('cgroup memory: the limit can be raised and lowered while the cell runs', async () => {
    const cell = await startCell({ walls: ['memory'], limits: { memoryMb: 200 } });
    const file = machine.cgroups.memory?.version === 1 ? 'memory.limit_in_bytes' : 'memory.max';
    const limit = (): number =>
      Number(readFileSync(join(cgroupFolder('memory', cell), file), 'utf8')) / 1024 / 1024;
    expect(limit()).toBe(200);
    cell.cell.limit({ memoryMb: 300 });
    expect(limit()).toBe(300);
    cell.cell.limit({ memoryMb: 150 });
    expect(limit()).toBe(150);
  });

  offered('oomScore')('oom score: the cell is chosen before others', async () => {
    const cell = await startCell({ walls: ['oomScore'] });
    expect(
      await cell.run(`() => require('fs').readFileSync('/proc/self/oom_score_adj', 'utf8').trim()`),
    ).toEqual({
      value: '500',
    });
  });
});

describe('users', () => {
  offered('otherUser')('other user: the cell is nobody, and has no right', async () => {
    const cell = await startCell({ walls: ['otherUser', 'deathSignal'] });
    const { value } = await cell.run(STATUS);
    expect(String(value)).toMatch(/^Uid:\s+65534\s+65534\s+65534\s+65534$/m);
    expect(String(value)).toMatch(/^Groups:\s*$/m);
    expect(String(value)).toMatch(/^CapEff:\s+0+$/m);
    expect(String(value)).toMatch(/^NoNewPrivs:\s+1$/m);
  });

  offered('permission')(
    'permission flag: where it is set, files that were not named cannot be read',
    async () => {
      const flag = machine.permissionFlag as string;
      const cell = await startCell({
        execArgv: [flag, `--allow-fs-read=${join(import.meta.dirname, '../..')}/*`, '--no-warnings'],
      });
      expect(await cell.run(`() => require('fs').readFileSync('/etc/hostname', 'utf8')`)).toMatchObject({
        code: 'ERR_ACCESS_DENIED',
      });
    },
  );
});

test('all the walls of this machine together: the cell runs, and ends', async () => {
  const walls = (Object.keys(machine.walls) as WallName[]).filter(
    // Another user cannot be had inside a user namespace.
    (wall) => machine.walls[wall].available && wall !== 'user' && wall !== 'permission',
  );
  const cell = await startCell({
    walls,
    limits: { dataMb: 1000, files: 256, memoryMb: 500, cpus: 1, pids: 100 },
  });
  expect(await cell.run('() => 6 * 7')).toEqual({ value: 42 });
  cell.post('() => process.reallyExit(4)');
  expect(await cell.ended).toMatchObject({ cause: 'itself', exitCode: 4 });
  expect(cell.warnings).toEqual([]);
});

function cgroupFolder(controller: 'memory' | 'cpu' | 'pids', { title }: TestCell): string {
  const folder = machine.cgroups[controller]?.folder ?? '';
  const own = new RegExp(`^espalier-${process.pid}-\\w+-${title}$`);
  return join(folder, readdirSync(folder).find((name) => own.test(name)) ?? 'none');
}
