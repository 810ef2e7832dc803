import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Callers } from '../../src/access/caller.js';
import { Tokens } from '../../src/access/tokens.js';
import type { AccessParts } from '../../src/api/access-operations.js';
import type { ApiParts } from '../../src/api/api.js';
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
  server = await apiServer({ parts, access, callers, version: '0', slowestRequestMs: 500 }, { socket: path });
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
