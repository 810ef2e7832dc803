/** What the daemon does when the system speaks to it: SIGHUP, and the socket of a service manager. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FIXTURES, freshFolder, removeFolder, RunningDaemon, specWith } from './running-daemon.js';

let folder: string;
let daemon: RunningDaemon | undefined;

beforeEach(() => {
  folder = freshFolder();
});

afterEach(async () => {
  await daemon?.kill('SIGKILL');
  daemon = undefined;
  removeFolder(folder);
});

/** Beside the folder, with modules by absolute paths. */
function written(text: string): string {
  const file = join(folder, '..', 'shop.espalier.json');
  writeFileSync(file, text.replaceAll('./counter.ts', fileURLToPath(new URL('counter.ts', FIXTURES))));
  return file;
}

test('SIGHUP applies the file of the start again, and says how that went', async () => {
  const file = written(specWith('first'));
  daemon = await RunningDaemon.start(folder, [file]);
  written(specWith('second'));
  daemon.signal('SIGHUP');
  await daemon.says('applied, 1 restarted');
  expect(await daemon.client.call('shop/counter', { operation: 'args' })).toBe('second');
  expect((await daemon.client.history()).revisions).toHaveLength(2);
  written('children: [');
  daemon.signal('SIGHUP');
  await daemon.says('was not applied: ');
  expect(await daemon.client.status()).toMatchObject({ state: 'running', revision: 2 });
  expect((await daemon.kill('SIGTERM')).code).toBe(0);
});

test('SIGHUP to one that was started without a file changes nothing, and says so', async () => {
  daemon = await RunningDaemon.start(folder);
  daemon.signal('SIGHUP');
  await daemon.says('SIGHUP applies the file of the start again, and there was none');
  expect(await daemon.client.status()).toMatchObject({ state: 'empty' });
});

test('a service manager is told when it is ready, and when it stops', async () => {
  const told = join(folder, '..', 'told');
  const stand = join(folder, '..', 'systemd-notify');
  writeFileSync(stand, `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> ${told}\n`);
  chmodSync(stand, 0o755);
  const path = `${join(folder, '..')}${delimiter}${process.env['PATH'] ?? ''}`;
  daemon = await RunningDaemon.start(folder, [], { NOTIFY_SOCKET: '/run/it', PATH: path });
  while (!existsSync(told)) await daemon.client.health();
  expect((await daemon.kill('SIGTERM')).code).toBe(0);
  expect(readFileSync(told, 'utf8')).toBe('/run/it --ready\n/run/it --stopping\n');
});

test('if it cannot be told, that is said, and the daemon runs all the same', async () => {
  daemon = await RunningDaemon.start(folder, [], { NOTIFY_SOCKET: '/run/it', PATH: join(folder, 'nothing') });
  await daemon.says('systemd cannot be told that we are ready');
  expect(await daemon.client.health()).toEqual({ status: 'ok' });
});
