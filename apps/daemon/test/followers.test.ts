/** Readers of streams who do not read: they cost the daemon a bounded piece of memory each, and nobody else anything. */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { socketPath } from '@espalier/supervisor/client';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FIXTURES, freshFolder, removeFolder, RunningDaemon, specWith } from './running-daemon.js';

const onLinux = process.platform === 'linux' ? test : test.skip;

const FOLLOWERS = 50;
const LINES = 20_000;
const TEXT = 'x'.repeat(1000);
/** As if nobody read, each of them would hold all that is printed: 50 times 20 MB. */
const MOST_MB = 200;

let folder = '';
let daemon: RunningDaemon | undefined;
const stalled: Socket[] = [];

beforeEach(() => {
  folder = freshFolder();
});

afterEach(async () => {
  for (const socket of stalled.splice(0)) socket.destroy();
  await daemon?.kill('SIGKILL');
  daemon = undefined;
  removeFolder(folder);
});

/** Resolves when it is answered; from then on it reads no more. */
function follow(path: string): Promise<void> {
  const socket = connect(socketPath(folder));
  stalled.push(socket);
  socket.write(`GET ${path} HTTP/1.1\r\nhost: espalier\r\n\r\n`);
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('data', () => {
      socket.pause();
      resolve();
    });
  });
}

function memoryMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

onLinux(
  `${FOLLOWERS} followers who do not read: memory stays bounded, and one who reads misses nothing`,
  async () => {
    daemon = await RunningDaemon.start(folder);
    const { client } = daemon;
    const fast = JSON.parse(specWith('x')) as { children: { limits?: object }[] };
    for (const child of fast.children) child.limits = { stdioBytesPerSecond: 1_000_000_000 };
    await client.apply({ text: JSON.stringify(fast), base: FIXTURES.href });
    const admin = await daemon.driver('admin');
    for (let n = 0; n < FOLLOWERS; n++) {
      await follow(n % 2 === 0 ? '/v1/logs?follow=true' : '/v1/logs?follow=true&path=shop%2Fcounter');
    }
    const before = memoryMb(admin);
    const stop = new AbortController();
    let [seen, most] = [0, 0];
    const reading = (async () => {
      for await (const read of client.logs({ follow: true, signal: stop.signal })) {
        if (read.kind === 'missed') throw new Error('something is missing');
        if (!read.entry.text.startsWith(TEXT)) continue;
        seen += 1;
        if (seen % 500 === 0) most = Math.max(most, memoryMb(admin) - before);
        if (seen === LINES) return;
      }
    })();
    // A piece at a time: what is printed faster than the driver of logs can write is lost, and counted.
    for (let printed = 0; printed < LINES; printed += 1000) {
      await client.call('shop/counter', { operation: 'print', parameters: [TEXT, 1000] });
      while (seen < printed + 500) await new Promise((resolve) => setImmediate(resolve));
    }
    await reading;
    stop.abort();
    expect(most).toBeLessThan(MOST_MB);
    // It is the same process, and it answers.
    expect(await daemon.driver('admin')).toBe(admin);
    expect(await client.health()).toEqual({ status: 'ok' });
    expect(stalled.filter(({ destroyed }) => destroyed)).toEqual([]);
  },
  120_000,
);
