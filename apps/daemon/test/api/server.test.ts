import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Callers } from '../../src/access/caller.js';
import { Tokens } from '../../src/access/tokens.js';
import type { AccessParts } from '../../src/api/access-operations.js';
import type { ApiParts } from '../../src/api/api.js';
import type { ClusterOperations } from '../../src/api/cluster-operations.js';
import { apiServer, type ListeningApi } from '../../src/api/server.js';
import { ask } from './ask.js';

const folder = mkdtempSync(join(tmpdir(), 'esp-'));
const path = join(folder, 'api.sock');
let server: ListeningApi;

beforeAll(async () => {
  const broken = { root: { ask: () => Promise.reject(new RangeError('a secret of ours')) } };
  const callers = new Callers(await Tokens.open(join(folder, 'tokens')), 0);
  const parts = broken as unknown as ApiParts;
  const access = {} as unknown as AccessParts;
  const cluster = {} as unknown as ClusterOperations;
  const served = { parts, access, cluster, callers, version: '0', slowestRequestMs: 500 };
  server = await apiServer(served, { socket: path });
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  [
    'a body',
    'POST /v1/apply HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
  ],
  ['a head', 'GET /v1/health HTTP/1.1\r\nhost: '],
])('%s that does not come to its end is given up, with a problem', async (_title, begun) => {
  const answer = await new Promise<string>((resolve, reject) => {
    let text = '';
    const socket = connect(path, () => socket.write(begun));
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.on('error', reject).on('close', () => resolve(text));
  });
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  expect(answer).toContain('urn:espalier:problem:request_malformed');
});

/** All that comes until the other side ends. */
function said(bytes: string, ends = false): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ path, allowHalfOpen: true }, () => {
      socket.write(bytes);
      if (ends) socket.end();
    });
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.on('error', reject).on('end', () => {
      socket.destroy();
      resolve(text);
    });
  });
}

const GET = 'GET /v1/health HTTP/1.1\r\nhost: x\r\n';

test('who connects and says nothing is sent away', async () => {
  expect(await said('')).toMatch(/^(HTTP\/1\.1 408 |$)/);
});

test('many requests at once on one connection are answered one after the other', async () => {
  const text = await said(`${`${GET}\r\n`.repeat(499)}${GET}connection: close\r\n\r\n`);
  expect(text.match(/HTTP\/1\.1 200 /g)).toHaveLength(500);
});

test('who has closed his side is answered', async () => {
  expect(await said(`${GET}\r\n`, true)).toMatch(/^HTTP\/1\.1 200 [^]*"ok"/);
});

test.each([
  ['many headers', `${GET}${Array.from({ length: 5000 }, (_, n) => `x-${n}: y\r\n`).join('')}\r\n`, 431],
  [
    'two lengths',
    'POST /v1/send HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx',
    400,
  ],
  [
    'a length and pieces',
    'POST /v1/apply HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  ['a line break in a header', `${GET}x: y\rz\r\n\r\n`, 400],
  ['no such version', 'GET /v1/health HTTP/9.9\r\n\r\n', 400],
  ['no host', 'GET /v1/health HTTP/1.1\r\nconnection: close\r\n\r\n', 400],
  ['an expectation', `${GET}expect: miracles\r\n\r\n`, 417],
  ['a tunnel', 'CONNECT elsewhere:80 HTTP/1.1\r\nhost: x\r\n\r\n', 405],
  ['another protocol', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
])('%s are refused with a problem, and the connection ends', async (_title, bytes, status) => {
  const answer = await said(bytes);
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(answer).toContain('urn:espalier:problem:request_malformed');
  expect(answer).not.toMatch(/ at .*:\d+:\d+/);
});

test('a defect of ours is a problem that tells nothing of it', async () => {
  const said: unknown[] = [];
  const print = console.error;
  console.error = (line) => said.push(line);
  try {
    const { status, text, document } = await ask(folder, 'GET', '/v1/tree');
    expect([status, document['code']]).toEqual([500, 'daemon_fault']);
    expect(text).not.toContain('secret');
    expect(said).toEqual([expect.stringContaining('a secret of ours')]);
  } finally {
    console.error = print;
  }
  expect((await ask(folder, 'GET', '/v1/health')).status).toBe(200);
});
