/** A daemon whose folder is on a disk that is full: a small one of the system's memory, which takes root. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { FIXTURES, freshFolder, removeFolder, RunningDaemon, specWith } from './running-daemon.js';

const base = FIXTURES.href;
const SLOWEST_MS = 90_000;

function mounted(): string | undefined {
  const folder = freshFolder();
  mkdirSync(folder);
  const args = ['-t', 'tmpfs', '-o', 'size=2m,mode=0700', 'tmpfs', folder];
  if (process.platform === 'linux' && spawnSync('mount', args).status === 0) return folder;
  removeFolder(folder);
  return undefined;
}

const folder = mounted();
const withSmallDisk = folder === undefined ? test.skip : test;

withSmallDisk(
  'on a full disk nothing is done that could not be kept, all that runs goes on, and with room it is as ever',
  async () => {
    const disk = folder as string;
    const daemon = await RunningDaemon.start(disk);
    try {
      const { client } = daemon;
      await client.apply({ text: specWith('first'), base });
      const fill = join(disk, 'fill');
      expect(() => writeFileSync(fill, Buffer.alloc(4 * 1024 * 1024))).toThrow(/ENOSPC/);

      const refused = { code: 'state_unwritable' };
      await expect(client.apply({ text: specWith('second'), base })).rejects.toMatchObject(refused);
      await expect(client.setLimits('shop/counter', { memoryMb: 300 })).rejects.toMatchObject(refused);
      await expect(client.makeToken({ right: 'view' })).rejects.toMatchObject(refused);
      expect(await client.call('shop/counter', { operation: 'args' })).toBe('first');
      expect(await client.show('shop/counter')).toMatchObject({ incarnation: 1, limits: null });
      expect(await client.apply({ text: specWith('first'), base })).toMatchObject({ outcome: 'unchanged' });

      // A page of its file may have room left: what is more is not written, but can be followed.
      await client.call('shop/counter', { operation: 'print', parameters: ['unkept', 200] });
      await daemon.says('logs are kept in memory alone');
      for await (const read of client.logs({ follow: true, after: 1 })) {
        if (read.kind === 'entry' && read.entry.text === 'unkept 199') break;
      }

      rmSync(fill);
      expect(await client.apply({ text: specWith('second'), base })).toMatchObject({ revision: 2 });
      await client.call('shop/counter', { operation: 'print', parameters: ['kept', 1] });
      await daemon.says('logs are written again');
    } finally {
      await daemon.kill('SIGKILL');
      spawnSync('umount', [disk]);
      removeFolder(disk);
    }
  },
  SLOWEST_MS,
);
