/** However the parent ends, so does the cell; and what the parent had open does not reach it. */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { probeMachine } from '../../src/cells/probe.js';
import type { WallName } from '../../src/cells/walls.js';
import { CELL_FILE, gone, testOf } from './cell-fixture.js';

const PARENT = fileURLToPath(new URL('./parent-fixture.mjs', import.meta.url));
const machine = await probeMachine({ files: [CELL_FILE, PARENT] });
const offered = (...walls: WallName[]): ReturnType<typeof testOf> => testOf(machine, ...walls);

interface Order {
  readonly walls: readonly WallName[];
  /** The source of a function that the cell runs; it says something once it is under way. */
  readonly busy: string;
  readonly inWorker?: boolean;
}

interface Told {
  readonly pid: number;
  readonly nodePid: number;
  readonly inUserNamespace: boolean;
  readonly value: unknown;
}

const parents: ChildProcess[] = [];

afterEach(() => {
  for (const parent of parents.splice(0)) parent.kill('SIGKILL');
});

async function parentOf(
  order: Order,
  wrap: readonly string[] = [],
  more: StdioOptions = [],
): Promise<{ parent: ChildProcess; told: Told }> {
  const [command = '', ...words] = [...wrap, process.execPath, PARENT, JSON.stringify(order)];
  const stdio = ['pipe', 'pipe', 'inherit', ...(more as string[])] as StdioOptions;
  const parent = spawn(command, words, { stdio });
  parents.push(parent);
  const lines = createInterface({ input: parent.stdout as NodeJS.ReadableStream });
  const told = await new Promise<Told>((resolve, reject) => {
    lines.once('line', (line) => resolve(JSON.parse(line) as Told));
    parent.once('exit', (code) => reject(new Error(`the parent ended with ${code}`)));
  });
  expect(told.value).toBeDefined();
  return { parent, told };
}

const IDLE = `() => 'idle'`;
const BLOCKED = `() => { say({ value: 'blocked' }); pipe.flush(); for (;;); }`;
/** A call that no termination reaches: it runs for centuries without looking. */
const STUCK = `() => {
  const { Worker } = require('worker_threads');
  const worker = new Worker('Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1)', { eval: true });
  return new Promise((resolve) => worker.once('online', () => resolve('stuck')));
}`;

describe('orphans', () => {
  test.each([
    ['an idle cell', IDLE],
    ['a cell with a thread that cannot be stopped', STUCK],
  ])('orphan: %s ends when its parent is killed', async (_, busy) => {
    const { parent, told } = await parentOf({ walls: [], busy });
    parent.kill('SIGKILL');
    expect(await gone(told.pid)).toBe(true);
  });

  offered('deathSignal')(
    'orphan: a cell whose main thread is blocked ends when its parent is killed',
    async () => {
      const { parent, told } = await parentOf({ walls: ['deathSignal'], busy: BLOCKED });
      parent.kill('SIGKILL');
      expect(await gone(told.pid)).toBe(true);
    },
  );

  offered('pid')('orphan: a cell in a process namespace ends when its parent is killed', async () => {
    const { parent, told } = await parentOf({ walls: ['pid'], busy: STUCK });
    expect(told.nodePid).not.toBe(told.pid);
    parent.kill('SIGKILL');
    expect(await gone(told.nodePid)).toBe(true);
    expect(await gone(told.pid)).toBe(true);
  });

  offered('pid', 'deathSignal')(
    'orphan: a blocked cell in a process namespace ends when its parent is killed',
    async () => {
      const { parent, told } = await parentOf({
        walls: ['pid', 'proc', 'deathSignal', 'user'],
        busy: BLOCKED,
      });
      parent.kill('SIGKILL');
      expect(await gone(told.nodePid)).toBe(true);
      expect(await gone(told.pid)).toBe(true);
    },
  );

  offered('deathSignal')(
    'orphan: the end of the thread that started it ends a cell, though the process goes on',
    async () => {
      const { parent, told } = await parentOf({ walls: ['deathSignal'], busy: BLOCKED, inWorker: true });
      parent.stdin?.write('end\n');
      expect(await gone(told.pid)).toBe(true);
      expect(parent.exitCode).toBeNull();
    },
  );

  test('descriptors: what the parent was itself started with does not reach the cell', async () => {
    const busy = `() => require('fs').readdirSync('/proc/self/fd').map(Number).filter((fd) => fd > 30)`;
    const many = Array.from({ length: 38 }, () => 'ignore');
    const { told } = await parentOf({ walls: [], busy }, [], [...many, 'pipe'] as StdioOptions);
    expect(told.value).toEqual([]);
  });

  offered('otherUser')(
    'a host without rights of its own raises the same walls inside a user namespace',
    async () => {
      const { setpriv = '' } = machine.tools;
      const user = [setpriv, '--reuid', '65534', '--regid', '65534', '--clear-groups'];
      const busy = `() => require('fs').readFileSync('/proc/self/status', 'utf8')`;
      const walls: WallName[] = ['pid', 'proc', 'net', 'mount', 'ipc', 'uts', 'deathSignal', 'rlimits'];
      const { parent, told } = await parentOf({ walls, busy }, user);
      expect(told.inUserNamespace).toBe(true);
      expect(String(told.value)).toMatch(/^PPid:\s+1$/m);
      expect(String(told.value)).toMatch(/^CapEff:\s+0+$/m);
      parent.kill('SIGKILL');
      expect(await gone(told.pid)).toBe(true);
      expect(await gone(told.nodePid)).toBe(true);
    },
  );
});
