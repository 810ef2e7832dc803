import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { chooseWalls } from '../../src/cells/choose-walls.js';
import { probeMachine, realSystem, type ProbedSystem } from '../../src/cells/probe.js';
import { runCommand } from '../../src/cells/run-command.js';
import { NAMESPACES, WALLS, type Machine, type WallName } from '../../src/cells/walls.js';

const HERE = fileURLToPath(import.meta.url);

interface Setting {
  /** Whether a command is let through. */
  readonly allows?: (argv: readonly string[]) => boolean;
  readonly missing?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  /** Folders that can be written to. */
  readonly writable?: readonly string[];
  readonly uid?: number;
  readonly flags?: readonly string[];
}

interface Fake {
  readonly system: ProbedSystem;
  readonly ran: string[][];
  /** Folders that were made and not removed. */
  readonly left: Set<string>;
}

function fake(setting: Setting): Fake {
  const ran: string[][] = [];
  const left = new Set<string>();
  const text = (path: string): string => {
    const found = setting.files?.[path] ?? setting.files?.[path.replace(/espalier-probe-\w+/, 'probe')];
    if (found === undefined) throw new Error(`ENOENT ${path}`);
    return found;
  };
  const system: ProbedSystem = {
    run: async (argv) => {
      ran.push([...argv]);
      if (argv[0] === '/bin/node') return { ok: true, said: '51200' };
      return (setting.allows?.(argv) ?? true) ? { ok: true, said: '' } : { ok: false, said: 'not permitted' };
    },
    files: {
      readFile: async (path) => text(path),
      writeFile: async (path) => void text(path),
      mkdir: async (path) => {
        if (!(setting.writable ?? []).includes(path.replace(/\/[^/]*$/, '')))
          throw new Error(`EACCES ${path}`);
        left.add(path);
      },
      rmdir: async (path) => void left.delete(path),
    },
    find: (tool) => (setting.missing?.includes(tool) === true ? undefined : `/bin/${tool}`),
    uid: setting.uid ?? 1000,
    node: '/bin/node',
    nodeFlags: new Set(setting.flags ?? ['--permission']),
  };
  return { system, ran, left };
}

async function probe(setting: Setting): Promise<Machine & Fake> {
  const made = fake(setting);
  return { ...(await probeMachine({ files: ['/cell.js'], system: made.system })), ...made };
}

const offers = (machine: Machine): WallName[] =>
  (Object.keys(WALLS) as WallName[]).filter((name) => machine.walls[name].available);

describe('the machine that this runs on', () => {
  test('probe: says something of every wall, the same each time, and leaves nothing behind', async () => {
    const system = realSystem();
    const made: string[] = [];
    const mkdir = (path: string): Promise<void> => {
      made.push(path);
      return system.files.mkdir(path);
    };
    const options = { files: [HERE], system: { ...system, files: { ...system.files, mkdir } } };
    const machine = await probeMachine(options);
    expect(await probeMachine(options)).toEqual(machine);
    // Others may be at it beside this test: only what this one has made.
    expect(made.filter((path) => existsSync(path))).toEqual([]);
    expect(made.length).toBeGreaterThanOrEqual(2 * Object.keys(machine.cgroups).length);
    expect(Object.keys(machine.walls).sort()).toEqual(Object.keys(WALLS).sort());
    for (const wall of Object.values(machine.walls)) {
      expect(wall.why).not.toBe('');
      if (!wall.available) expect(wall.remedy).toMatch(/\.$/);
    }
    // Plain data: it goes to other threads, and into messages.
    expect(structuredClone(machine)).toEqual(machine);
  });

  test('run: a command that does not end is ended, and its children with it', async () => {
    const began = performance.now();
    const result = await runCommand(['/bin/sh', '-c', 'sleep 1000 & sleep 1000']);
    expect(result).toEqual({ ok: false, said: 'no answer within 3000 ms' });
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  test('run: a command that is not there, one that fails, and one that says why', async () => {
    expect(await runCommand(['/nonexistent'])).toMatchObject({ ok: false });
    expect(await runCommand(['/bin/sh', '-c', 'exit 3'])).toEqual({
      ok: false,
      said: 'it ended with exit code 3',
    });
    expect(await runCommand(['/bin/sh', '-c', 'echo why >&2; exit 1'])).toEqual({ ok: false, said: 'why' });
    expect(await runCommand(['/bin/true'])).toEqual({ ok: true, said: '' });
  });
});

describe('namespaces', () => {
  test('namespaces: one command tells of all where nothing is refused', async () => {
    const machine = await probe({});
    expect(machine.inUserNamespace).toBe(false);
    expect(machine.ran.filter(([command]) => command === '/bin/unshare')).toHaveLength(3);
    expect(offers(machine)).toEqual(expect.arrayContaining(['user', 'proc', ...NAMESPACES]));
  });

  test('namespaces: where only a user namespace gives the right to them they are made inside one', async () => {
    const machine = await probe({ allows: (argv) => argv[0] !== '/bin/unshare' || argv.includes('--user') });
    expect(machine.inUserNamespace).toBe(true);
    expect(offers(machine)).toEqual(expect.arrayContaining(['user', 'proc', ...NAMESPACES]));
  });

  test('namespaces: where one of them is refused each is tried alone', async () => {
    const machine = await probe({
      allows: (argv) => !argv.includes('--net') && !argv.includes('--mount-proc'),
    });
    expect(offers(machine)).toEqual(expect.arrayContaining(['user', 'pid', 'mount', 'ipc', 'uts']));
    for (const wall of ['net', 'proc'] as const) {
      expect(machine.walls[wall]).toMatchObject({ available: false, why: 'not permitted' });
    }
  });

  test('namespaces: where all of them are refused, and where the command is missing, there is none', async () => {
    for (const setting of [
      { allows: (argv: readonly string[]) => argv[0] !== '/bin/unshare' },
      { missing: ['unshare'] },
    ]) {
      const machine = await probe(setting);
      expect(offers(machine).filter((wall) => [...NAMESPACES, 'user', 'proc'].includes(wall))).toEqual([]);
      expect(machine.inUserNamespace).toBe(false);
    }
  });
});

const V1 = {
  '/proc/self/mountinfo':
    '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n' +
    '39 31 0:36 /docker/x /cg/pids rw shared:9 - cgroup cgroup rw,pids\n' +
    '32 31 0:29 / /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct\n',
  '/proc/self/cgroup': '4:memory:/job\n8:pids:/docker/x/sub\n2:cpu,cpuacct:/\n0::/\n',
};
const V2 = {
  '/proc/self/mountinfo': '30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n',
  '/proc/self/cgroup': '0::/user.slice/a:b\n',
};

describe('cgroups', () => {
  test('cgroups: of version 1 each controller has its own folder, below that of this process', async () => {
    const machine = await probe({
      files: V1,
      writable: ['/sys/fs/cgroup/memory/job', '/cg/pids/sub', '/cg/cpu'],
    });
    expect(machine.cgroups).toEqual({
      memory: { version: 1, folder: '/sys/fs/cgroup/memory/job' },
      pids: { version: 1, folder: '/cg/pids/sub' },
      cpu: { version: 1, folder: '/cg/cpu/' },
    });
    expect(machine.left.size).toBe(0);
  });

  test('cgroups: of version 2 only what is handed on to children is offered', async () => {
    const folder = '/sys/fs/cgroup/user.slice/a:b';
    const machine = await probe({
      files: { ...V2, [`${folder}/probe/cgroup.controllers`]: 'memory pids\n' },
      writable: [folder],
    });
    expect(machine.cgroups).toEqual({
      memory: { version: 2, folder },
      pids: { version: 2, folder },
    });
    expect(machine.walls.cpu.why).toContain('cpu');
    expect(machine.left.size).toBe(0);
  });

  test.each([
    ['cannot be written to', { files: V1 }],
    ['are not there', { files: {} }],
    ['hold none of the controllers', { files: { ...V2, '/proc/self/mountinfo': '' } }],
    [
      'cannot be joined without a shell',
      { files: V1, writable: ['/sys/fs/cgroup/memory/job'], missing: ['sh'] },
    ],
  ])('cgroups: where they %s there is a reason and a remedy', async (_, setting) => {
    const machine = await probe(setting);
    expect(machine.cgroups).toEqual({});
    expect(machine.walls.memory).toMatchObject({ available: false, remedy: expect.stringMatching(/\.$/) });
    expect(machine.left.size).toBe(0);
  });
});

describe('commands, users and flags', () => {
  test.each([
    ['prlimit', 'rlimits'],
    ['setpriv', 'deathSignal'],
  ] as const)('tools: without %s there is no %s', async (tool, wall) => {
    expect((await probe({ missing: [tool] })).walls[wall].available).toBe(false);
    expect((await probe({ allows: ([command]) => command !== `/bin/${tool}` })).walls[wall]).toMatchObject({
      available: false,
      why: 'not permitted',
    });
    expect((await probe({})).walls[wall].available).toBe(true);
  });

  test('other user: only root can start one, and only if it can run Node and read what it needs', async () => {
    expect((await probe({ uid: 1000 })).walls.otherUser.available).toBe(false);
    const root = await probe({ uid: 0 });
    expect(root.walls.otherUser.available).toBe(true);
    const command = root.ran.find((argv) => argv.indexOf('/bin/node') > 0);
    expect(command?.slice(-2)[1]).toBe('/cell.js');
    const refused = await probe({ uid: 0, allows: (argv) => !argv.includes('/bin/node') });
    expect(refused.walls.otherUser.remedy).toContain('/cell.js');
  });

  test.each([
    [['--permission', '--experimental-permission'], '--permission'],
    [['--experimental-permission'], '--experimental-permission'],
    [[], undefined],
  ])('permission flag: of %j it is %s', async (flags, expected) => {
    const machine = await probe({ flags });
    expect([machine.permissionFlag, machine.walls.permission.available]).toEqual([
      expected,
      expected !== undefined,
    ]);
  });
});

describe('choosing', () => {
  test('choose: what is required and missing is refused, all of it at once, with what to do', async () => {
    const machine = await probe({ missing: ['unshare', 'prlimit'] });
    expect(() =>
      chooseWalls({ required: ['pid', 'rlimits', 'deathSignal'], preferred: [] }, machine),
    ).toThrow(
      expect.objectContaining({
        name: 'HostError',
        code: 'host_unfit',
        value: ['pid', 'rlimits'],
        remedy: expect.stringContaining('util-linux'),
      }),
    );
  });

  test('choose: what is only preferred and missing is reported', async () => {
    const machine = await probe({ missing: ['unshare'] });
    const chosen = chooseWalls({ required: ['rlimits'], preferred: ['pid', 'deathSignal'] }, machine);
    expect([...chosen.use].sort()).toEqual(['deathSignal', 'rlimits']);
    expect(chosen.missing).toEqual([{ wall: 'pid', ...machine.walls.pid }]);
  });
});
