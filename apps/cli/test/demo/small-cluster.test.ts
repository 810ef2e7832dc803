import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { runCli, type Ended } from '../run-cli.js';

let folder: string;
let server: Server;
let socket: Socket | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'esp-'));
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => {
  socket?.destroy();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** In place of the broker's first process is one that never listens; its connection to us tells how long it lives. */
function environment(): NodeJS.ProcessEnv {
  const { port } = server.address() as AddressInfo;
  const text = `#!${process.execPath}\nrequire('node:net').connect(${port}, '127.0.0.1').resume();\n`;
  writeFileSync(join(folder, 'epmd'), text, { mode: 0o755 });
  const PATH = `${folder}${delimiter}${process.env['PATH']}`;
  return { TMPDIR: folder, PATH, RABBITMQ_SERVER: process.execPath };
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s while the broker starts ends what has been started of it, and leaves no folder',
  async (signal) => {
    const connection = once(server, 'connection') as Promise<[Socket]>;
    let ended: Promise<Ended> | undefined;
    const demo = await new Promise<ChildProcess>((resolve) => {
      ended = runCli(['demo', 'cluster'], { env: environment(), onLine: (_line, child) => resolve(child) });
    });
    [socket] = await connection;
    const closed = new Promise((resolve) => socket?.on('error', () => undefined).on('close', resolve));
    socket.resume();
    demo.kill(signal);
    expect(await ended).toMatchObject({ code: 1, stdout: 'Starting a broker …\n', stderr: '' });
    await closed;
    // What Espalier has compiled for this user is kept for the next time.
    expect(readdirSync(folder).filter((name) => name.startsWith('esp-'))).toEqual([]);
  },
);
