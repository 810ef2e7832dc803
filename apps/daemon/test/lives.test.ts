/** What outlives what: the daemon its drivers, the applied spec the daemon. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FIXTURES, freshFolder, removeFolder, RunningDaemon, specWith } from './running-daemon.js';

const base = FIXTURES.href;
// Which process is which driver stands in /proc.
const onLinux = process.platform === 'linux' ? test : test.skip;
const asRoot = process.getuid?.() === 0 ? test : test.skip;

/** Of a test that starts many processes, on a machine that does something else besides. */
const SLOWEST_MS = 90_000;

let folder = '';
let running: RunningDaemon[] = [];

beforeEach(() => {
  folder = freshFolder();
});

afterEach(async () => {
  for (const daemon of running) await daemon.kill('SIGKILL');
  running = [];
  removeFolder(folder);
});

async function started(...args: readonly string[]): Promise<RunningDaemon> {
  const daemon = await RunningDaemon.start(folder, args);
  running.push(daemon);
  return daemon;
}

function specFile(text: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(dirname(folder), 'shop.espalier.json');
  const module = JSON.stringify(new URL('counter.ts', FIXTURES).href);
  writeFileSync(file, text.replace('"./counter.ts"', module));
  return file;
}

test('after kill -9 the same tree runs again, and its history goes on', async () => {
  const before = await started();
  await before.client.apply({ text: specWith('first'), base });
  await before.client.apply({ text: specWith('second'), base });
  await before.kill('SIGKILL');
  const { client } = await started();
  expect(await client.status()).toMatchObject({ state: 'running', tree: 'shop', revision: 2 });
  expect(await client.call('shop/counter', { operation: 'args' })).toBe('second');
  expect((await client.apply({ text: specWith('second'), base })).outcome).toBe('unchanged');
  expect((await client.rollback()).revision).toBe(3);
});

test('limits that were changed hold after kill -9, until an apply changes those of that node', async () => {
  const other = [{ id: 'other', module: './counter.ts', args: 'other' }];
  const before = await started();
  await before.client.apply({ text: specWith('first', other), base });
  await before.client.setLimits('shop/counter', { memoryMb: 300, stackMb: 3 });
  await before.client.setLimits('shop/other', { memoryMb: 301 });
  await before.kill('SIGKILL');
  const { client } = await started();
  expect(await client.status()).toMatchObject({ state: 'running', revision: 3 });
  // It was started with them: what V8 takes at a start holds as well.
  expect(await client.show('shop/counter')).toMatchObject({
    incarnation: 1,
    limits: { memoryMb: 300, stackMb: 3 },
    spec: { limits: { memoryMb: 300, stackMb: 3 } },
  });
  expect(await client.apply({ text: specWith('first', other), base })).toMatchObject({
    outcome: 'unchanged',
    revision: 3,
  });
  const limited = [{ ...other[0], limits: { memoryMb: 250 } }];
  const { changes } = await client.apply({ text: specWith('first', limited), base });
  expect(changes).toMatchObject([{ path: 'shop/other' }]);
  expect(await client.show('shop/counter')).toMatchObject({ incarnation: 1, limits: { memoryMb: 300 } });
  expect(await client.show('shop/other')).toMatchObject({
    limits: null,
    spec: { limits: { memoryMb: 250 } },
  });
});

test('a driver that is killed costs its restart and nothing else', async () => {
  const daemon = await started();
  const { client } = daemon;
  await client.apply({ text: specWith('kept'), base });
  await client.call('shop/counter', { operation: 'add', parameters: [7] });
  process.kill(daemon.driverPid, 'SIGKILL');
  await daemon.says('listens at', 2);
  expect(await client.status()).toMatchObject({ state: 'running', revision: 1 });
  expect(await client.call('shop/counter', { operation: 'add', parameters: [0] })).toBe(7);
  expect((await client.history()).revisions).toHaveLength(1);
});

onLinux(
  'under load each driver that is killed costs its restart and nothing else',
  async () => {
    const daemon = await started();
    const { client } = daemon;
    await client.apply({ text: specWith('kept'), base });
    const pid = await client.call('shop/counter', { operation: 'pid' });
    let loaded = true;
    const load = Array.from({ length: 8 }, async () => {
      while (loaded) {
        // Who is asked for while there is nobody to answer is refused; nobody waits for ever.
        await client
          .call('shop/counter', { operation: 'print', parameters: ['busy', 20] })
          .catch((error: { readonly code: string }) => {
            expect(error.code).toMatch(/^(daemon_unreachable|timeout|full)$/);
            return new Promise((resolve) => setImmediate(resolve));
          });
      }
    });
    for (const times of [1, 2]) {
      process.kill(await daemon.driver('logs'), 'SIGKILL');
      await daemon.says('espalierd/logs failed and is started again', times);
      process.kill(await daemon.driver('admin'), 'SIGKILL');
      await daemon.says('listens at', times + 1);
    }
    loaded = false;
    await Promise.all(load);
    expect(await client.call('shop/counter', { operation: 'pid' })).toBe(pid);
    await client.call('shop/counter', { operation: 'print', parameters: ['after', 1] });
    for await (const read of client.logs({ follow: true })) {
      if (read.kind === 'entry' && read.entry.text === 'after 0') break;
    }
    expect(await client.show('shop/counter')).toMatchObject({ incarnation: 1, state: 'running' });
    expect((await client.history()).revisions).toHaveLength(1);
  },
  SLOWEST_MS,
);

test('the process of the tree that is killed is started again, with what was applied last', async () => {
  const { client } = await started();
  await client.apply({ text: specWith('first'), base });
  await client.apply({ text: specWith('second'), base });
  const pid = (await client.call('shop/counter', { operation: 'pid' })) as number;
  process.kill(pid, 'SIGKILL');
  const lives = new Set<unknown>();
  for await (const read of client.events({ follow: true })) {
    if (read.kind === 'entry' && read.entry.path === 'shop') lives.add(read.entry.event);
    if (lives.has('restarted')) break;
  }
  expect(await client.call('shop/counter', { operation: 'args' })).toBe('second');
  expect(await client.status()).toMatchObject({ state: 'running', revision: 2 });
});

test('a tree that gave up is told of, and an apply starts it again', async () => {
  const { client } = await started();
  const text = specWith('x').replace('"intensity":100', '"intensity":0');
  await client.apply({ text, base });
  const crash = client.call('shop/counter', { operation: 'crash' });
  await expect(crash).rejects.toMatchObject({ code: 'down' });
  for await (const read of client.events({ follow: true })) {
    if (read.kind === 'entry' && read.entry.event === 'tree-ended') break;
  }
  await expect(client.ready()).rejects.toMatchObject({ code: 'not_ready' });
  expect((await client.apply({ text, base })).outcome).toBe('applied');
  expect(await client.status()).toMatchObject({ state: 'running', revision: 1 });
});

test('with a file, its spec runs; the same file again is no new revision', async () => {
  const file = specFile(specWith('from a file'));
  const before = await started(file);
  expect(await before.client.call('shop/counter', { operation: 'args' })).toBe('from a file');
  expect((await before.kill('SIGTERM')).code).toBe(0);
  const { client } = await started(file);
  expect(await client.status()).toMatchObject({ state: 'running', revision: 1 });
});

test('a file that is refused ends the daemon with code 1 and one line that says why', async () => {
  const daemon = new RunningDaemon(folder, [specFile(specWith('refuse'))]);
  const { code, said } = await daemon.ended;
  expect(code).toBe(1);
  expect(said).toMatch(/^espalierd: 'shop\/counter' could not be started \(start_failed\)\. .*\n$/);
});

test('what was applied last and does not start any more is told of; the API is there to mend it', async () => {
  const file = specFile(specWith('fine'));
  const before = await started(file);
  await before.kill('SIGKILL');
  const revision = join(folder, 'revisions', '000000001.json');
  writeFileSync(revision, readFileSync(revision, 'utf8').replace('fine', 'refuse'));
  const { client } = await started();
  expect(await client.status()).toMatchObject({ state: 'failed', tree: 'shop', revision: 1 });
  await expect(client.ready()).rejects.toMatchObject({ code: 'not_ready' });
  await client.apply({ text: specWith('mended'), base });
  expect(await client.ready()).toMatchObject({ state: 'running', revision: 2 });
});

test(
  'a second daemon in the same folder is refused, and the first goes on',
  async () => {
    const { client } = await started();
    const { code, said } = await new RunningDaemon(folder).ended;
    expect(code).toBe(1);
    expect(said).toMatch(/^espalierd: process \d+ runs a daemon in .*\(daemon_running\)\. .*\n$/);
    expect(await client.health()).toEqual({ status: 'ok' });
  },
  SLOWEST_MS,
);

test('a folder that others may open is refused', async () => {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  const { code, said } = await new RunningDaemon(folder).ended;
  expect(code).toBe(1);
  expect(said).toMatch(/^espalierd: .* its mode is 0755 \(folder_unsafe\)\. .*\n$/);
});

asRoot(
  'a user whom the system does not know, as in many containers, runs a tree of his own',
  async () => {
    const other = 54_321;
    mkdirSync(folder, { mode: 0o700 });
    for (const path of [dirname(folder), folder]) chownSync(path, other, other);
    const daemon = new RunningDaemon(folder, [], { HOME: '/nowhere' }, { uid: other, gid: other, cwd: '/' });
    running.push(daemon);
    await Promise.race([
      daemon.says('listens at'),
      daemon.ended.then(({ said }) => Promise.reject(new Error(said))),
    ]);
    await daemon.client.apply({ text: specWith('unknown'), base });
    expect(await daemon.client.call('shop/counter', { operation: 'args' })).toBe('unknown');
  },
  SLOWEST_MS,
);

asRoot(
  'another user of the machine reaches nothing of it, and cannot start a daemon in its folder',
  async () => {
    chmodSync(dirname(folder), 0o755);
    const { client } = await started();
    const other = 54_321;
    const script = `
    import { AdminClient } from ${JSON.stringify(import.meta.resolve('@espalier/supervisor/client'))};
    const client = new AdminClient({ folder: ${JSON.stringify(folder)} });
    console.log(await client.status().then(() => 'told', ({ code }) => code));`;
    const asked = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      uid: other,
      gid: other,
      encoding: 'utf8',
    });
    expect(asked.stdout).toBe('daemon_unreachable\n');
    const { code, said } = await new RunningDaemon(folder, [], {}, { uid: other, gid: other }).ended;
    expect(code).toBe(1);
    expect(said).toMatch(/\(folder_unsafe\)/);
    expect(await client.health()).toEqual({ status: 'ok' });
  },
  SLOWEST_MS,
);
