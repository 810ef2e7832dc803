/** What a build costs, it costs the driver of images: not the tree, not the daemon. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AdminClient } from '@espalier/supervisor/client';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startDaemon, type BuildBounds, type Daemon } from '../src/index.js';
import { FIXTURES, freshFolder, removeFolder, RunningDaemon, specWith } from './running-daemon.js';

// Named pipes, and memory that is held from outside.
const onLinux = process.platform === 'linux' ? test : test.skip;

let folder = '';
let daemon: Daemon | undefined;
let running: RunningDaemon | undefined;
let said: string[] = [];

beforeEach(() => {
  folder = freshFolder();
});

afterEach(async () => {
  await daemon?.stop();
  await running?.kill('SIGKILL');
  daemon = undefined;
  running = undefined;
  said = [];
  removeFolder(folder);
});

async function started(build: BuildBounds): Promise<AdminClient> {
  daemon = await startDaemon({
    folder,
    version: '1',
    build,
    nowMs: () => Date.now(),
    say: (line) => said.push(line),
  });
  await daemon.ready;
  return new AdminClient({ folder });
}

/** In a folder without a cache of images. */
function sources(): string {
  const source = join(dirname(folder), 'source');
  mkdirSync(source);
  writeFileSync(
    join(source, 'counter.ts'),
    `export { default } from ${JSON.stringify(new URL('counter.ts', FIXTURES).pathname)};`,
  );
  return source;
}

async function expectGoesOn(client: AdminClient, base: string, pid: unknown): Promise<void> {
  expect(await client.call('shop/counter', { operation: 'pid' })).toBe(pid);
  expect(await client.status()).toMatchObject({ state: 'running', revision: 1 });
  const good = [{ id: 'second', module: './counter.ts' }];
  expect(await client.apply({ text: specWith('x', good), base })).toMatchObject({ revision: 2 });
}

onLinux(
  'a build that hangs costs the apply an error, and the driver a restart',
  async () => {
    const client = await started({ silenceMs: 2000 });
    const source = sources();
    const base = pathToFileURL(`${source}/`).href;
    await client.apply({ text: specWith('x'), base });
    const pid = await client.call('shop/counter', { operation: 'pid' });
    // Nobody writes into it: who reads it waits for ever.
    mkdirSync(join(source, 'endless'));
    writeFileSync(join(source, 'endless/entry.ts'), 'export {};');
    execFileSync('mkfifo', [join(source, 'endless/package.json')]);
    const hanging = specWith('x', [{ id: 'endless', module: './endless/entry.ts' }]);
    await expect(client.apply({ text: hanging, base })).rejects.toMatchObject({
      code: 'module_unfit',
      message: expect.stringMatching(/endless\/entry\.ts.* took more than 2 s/) as unknown,
    });
    expect(said.join('\n')).toContain('espalierd/images failed and is started again');
    await expectGoesOn(client, base, pid);
  },
  90_000,
);

onLinux(
  'a build that eats memory costs the apply an error, and the driver a restart',
  async () => {
    const client = await started({ memoryMb: 128 });
    const source = sources();
    const base = pathToFileURL(`${source}/`).href;
    await client.apply({ text: specWith('x'), base });
    const pid = await client.call('shop/counter', { operation: 'pid' });
    const file = join(source, 'large.ts');
    writeFileSync(file, 'export {};');
    truncateSync(file, 480 * 1024 * 1024);
    const large = specWith('x', [{ id: 'large', module: './large.ts' }]);
    await expect(client.apply({ text: large, base })).rejects.toMatchObject({
      code: 'module_unfit',
      message: expect.stringContaining('memory') as unknown,
    });
    await expectGoesOn(client, base, pid);
  },
  90_000,
);

onLinux(
  'a driver of images that is killed in the midst of an apply costs its restart alone',
  async () => {
    running = await RunningDaemon.start(folder);
    const { client } = running;
    const base = pathToFileURL(`${sources()}/`).href;
    await client.apply({ text: specWith('x'), base });
    const source = join(dirname(folder), 'source');
    const more = Array.from({ length: 20 }, (_, n) => {
      writeFileSync(
        join(source, `m${n}.ts`),
        `export { default } from './counter.ts'; export const n = ${n};`,
      );
      return { id: `m${n}`, module: `./m${n}.ts` };
    });
    const victim = await running.driver('images');
    const applied = client.apply({ text: specWith('x', more), base });
    process.kill(victim, 'SIGKILL');
    expect(await applied).toMatchObject({ outcome: 'applied', revision: 2 });
    expect(await running.driver('images')).not.toBe(victim);
  },
  90_000,
);
