import { connect } from 'node:net';
import { join } from 'node:path';
import { statSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createKeyPair, fingerprint, issueJoinTicket, revokeHosts } from '@espalier/core/identity';
import type { EventEntry, LogLine, Streamed } from '@espalier/supervisor/client';
import { FIXTURES, freshFolder, removeFolder, RunningDaemon, specWith } from '../running-daemon.js';
import { ask, Contract, type Answer, type Given } from './ask.js';

const folder = freshFolder();
const base = FIXTURES.href;
let daemon: RunningDaemon;
let contract: Contract;

beforeAll(async () => {
  daemon = await RunningDaemon.start(folder);
  contract = new Contract((await ask(folder, 'GET', '/v1/openapi.json')).document);
});

afterAll(async () => {
  const { code } = await daemon.kill('SIGTERM');
  removeFolder(folder);
  expect(code).toBe(0);
});

async function asked(method: string, path: string, given?: Given): Promise<Answer> {
  const answer = await ask(folder, method, path, given);
  contract.check(method, path, answer);
  if (answer.status >= 400) expect(answer.text).not.toMatch(/ at .*:\d+:\d+/);
  return answer;
}

async function refused(method: string, path: string, given?: Given): Promise<readonly [number, unknown]> {
  const { status, document } = await asked(method, path, given);
  return [status, document['code']];
}

async function entries<T>(stream: AsyncIterable<Streamed<T>>): Promise<T[]> {
  const all: T[] = [];
  for await (const read of stream) if (read.kind === 'entry') all.push(read.entry);
  return all;
}

/** Reads a stream that goes on until it has what is wanted. */
async function firstOf<T>(stream: AsyncIterable<Streamed<T>>, wanted: (entry: T) => boolean): Promise<T> {
  for await (const read of stream) if (read.kind === 'entry' && wanted(read.entry)) return read.entry;
  throw new Error('the stream has ended');
}

const COUNTER = '/v1/nodes/shop%2Fcounter';

describe('before anything was applied', () => {
  test('the document is OpenAPI 3.1', async () => {
    const { document } = await asked('GET', '/v1/openapi.json');
    expect(document['openapi']).toBe('3.1.0');
    expect((await new Validator().validate(structuredClone(document))).errors).toBeUndefined();
  });

  test('the socket and its folder are their owner’s alone', () => {
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'api.sock')).mode & 0o777).toBe(0o600);
  });

  test('the daemon is there, empty and ready', async () => {
    expect((await asked('GET', '/v1/health')).document).toEqual({ status: 'ok' });
    expect((await asked('GET', '/v1/ready')).document).toMatchObject({
      state: 'empty',
      tree: null,
      revision: null,
    });
  });

  test('what needs a tree says that there is none', async () => {
    expect(await refused('GET', '/v1/tree')).toEqual([409, 'tree_absent']);
    expect(await refused('POST', `${COUNTER}/stop`)).toEqual([409, 'tree_absent']);
    expect(await refused('GET', '/v1/usage')).toEqual([409, 'tree_absent']);
    expect(await refused('PATCH', `${COUNTER}/limits`, { body: { cpu: 0.5 } })).toEqual([409, 'tree_absent']);
    expect(await refused('POST', '/v1/rollback', { body: {} })).toEqual([404, 'revision_missing']);
  });

  test('a first spec that cannot be started leaves the daemon as empty as it was', async () => {
    const body = { text: specWith('refuse'), base };
    const { status, document } = await asked('POST', '/v1/apply', { body });
    expect([status, document['code'], document['path']]).toEqual([422, 'start_failed', 'shop/counter']);
    expect(document['reason']).toMatchObject({ tag: 'error', detail: { name: 'RangeError' } });
    expect((await daemon.client.status()).state).toBe('empty');
    expect((await daemon.client.history()).revisions).toEqual([]);
  });

  test('a check starts nothing', async () => {
    const checked = await daemon.client.apply({ text: specWith(1), base, check: true });
    expect(checked).toMatchObject({ outcome: 'checked', revision: null, changes: [{ what: 'added' }] });
    expect((await daemon.client.status()).state).toBe('empty');
  });
});

describe('apply, history, rollback', () => {
  test('what is applied runs and is a revision; the same again is unchanged, and none', async () => {
    const { document } = await asked('POST', '/v1/apply', {
      body: { text: specWith(1), base, source: 'test' },
    });
    expect(document).toMatchObject({
      outcome: 'applied',
      revision: 1,
      description: expect.stringContaining('1 added'),
    });
    expect(await daemon.client.apply({ text: specWith(1), base })).toMatchObject({
      outcome: 'unchanged',
      revision: 1,
    });
    expect((await asked('GET', '/v1/status')).document).toMatchObject({
      state: 'running',
      tree: 'shop',
      revision: 1,
    });
  });

  test('a change tells which fields, but of arguments no values', async () => {
    const { document } = await asked('POST', '/v1/apply', { body: { text: specWith('secret-2'), base } });
    expect(document).toMatchObject({ outcome: 'applied', revision: 2 });
    expect(document['changes']).toEqual([
      expect.objectContaining({
        what: 'changed',
        path: 'shop/counter',
        fields: [{ field: 'args', effect: 'restart' }],
      }),
    ]);
    expect(JSON.stringify(document)).not.toContain('secret-2');
  });

  test('a spec that fails leaves tree and history as they were', async () => {
    expect(await refused('POST', '/v1/apply', { body: { text: specWith('refuse'), base } })).toEqual([
      409,
      'apply_undone',
    ]);
    expect(await daemon.client.call('shop/counter', { operation: 'args' })).toBe('secret-2');
    expect((await daemon.client.history()).revisions.map(({ revision }) => revision)).toEqual([2, 1]);
  });

  test('problems of a spec are all told, with the line where they stand', async () => {
    const text = 'name: shop\nchildren:\n  - id: counter\n    module: 7\n    restart: sometimes\n';
    const { status, document } = await asked('POST', '/v1/apply', { body: { text, base } });
    expect([status, document['code']]).toEqual([422, 'spec_invalid']);
    expect(document['problems']).toMatchObject([{ line: 4 }, { line: 5, value: 'sometimes' }]);
    const broken = await asked('POST', '/v1/apply', { body: { text: 'a: [', base } });
    expect(broken.document).toMatchObject({ code: 'spec_unreadable', problems: [{ line: 1 }] });
  });

  test('the spec of another tree is refused', async () => {
    const text = specWith(1).replace('shop', 'other');
    expect(await refused('POST', '/v1/apply', { body: { text, base } })).toEqual([422, 'spec_invalid']);
  });

  test('a rollback takes the text before up again, as a new revision', async () => {
    expect((await asked('POST', '/v1/rollback', { body: { check: true } })).document).toMatchObject({
      outcome: 'checked',
    });
    expect((await asked('POST', '/v1/rollback', { body: {} })).document).toMatchObject({
      outcome: 'applied',
      revision: 3,
    });
    expect(await daemon.client.call('shop/counter', { operation: 'args' })).toBe(1);
    const { document } = await asked('GET', '/v1/history');
    expect(document['revisions']).toMatchObject([
      { revision: 3, rollbackTo: 1 },
      { revision: 2 },
      { revision: 1, source: 'test' },
    ]);
    expect((await asked('GET', '/v1/history/2')).document['text']).toBe(specWith('secret-2'));
    expect(await refused('GET', '/v1/history/9')).toEqual([404, 'revision_missing']);
  });
});

describe('nodes', () => {
  test('the tree lists each node before those below it', async () => {
    const { document } = await asked('GET', '/v1/tree');
    expect(document['nodes']).toMatchObject([
      { path: 'shop', depth: 0, kind: 'supervisor' },
      { path: 'shop/counter', depth: 1, kind: 'environment', state: 'running' },
    ]);
  });

  test('a node is shown with its spec, without arguments', async () => {
    const { document } = await asked('GET', COUNTER);
    expect(document).toMatchObject({
      state: 'running',
      spec: { restart: 'permanent' },
      statistics: { mailbox: 0 },
    });
    expect(document['spec']).not.toHaveProperty('args');
    expect((await asked('GET', '/v1/nodes/shop')).document).toMatchObject({ kind: 'supervisor', spec: null });
    expect(await refused('GET', '/v1/nodes/shop%2Fnobody')).toEqual([404, 'noproc']);
  });

  test('stop and start', async () => {
    await asked('POST', `${COUNTER}/stop`);
    expect((await asked('GET', COUNTER)).document).toMatchObject({ state: 'stopped', statistics: null });
    expect(await refused('POST', `${COUNTER}/call`, { body: { operation: 'args' } })).toEqual([
      404,
      'noproc',
    ]);
    await asked('POST', `${COUNTER}/start`);
    expect(await refused('POST', `${COUNTER}/start`)).toEqual([409, 'running']);
    expect(await refused('POST', '/v1/nodes/shop%2Fnobody/stop')).toEqual([404, 'not_found']);
    expect(await refused('POST', '/v1/nodes/shop/stop')).toEqual([404, 'not_found']);
  });

  test('restart and kill are a new life', async () => {
    const lives = async (): Promise<number> =>
      (await daemon.client.show('shop/counter')).incarnation as number;
    const before = await lives();
    await asked('POST', `${COUNTER}/restart`);
    expect(await lives()).toBe(before + 1);
    const after = (await entries(daemon.client.events())).at(-1)?.id as number;
    await asked('POST', `${COUNTER}/kill`);
    await firstOf(daemon.client.events({ after, follow: true }), ({ event }) => event === 'restarted');
    expect(await lives()).toBe(before + 2);
  });

  test('suspended, a server answers nothing until it is resumed', async () => {
    await asked('POST', `${COUNTER}/suspend`);
    const body = { operation: 'args' };
    const asking = { body: { ...body, timeoutMs: 100 } };
    expect(await refused('POST', `${COUNTER}/call`, asking)).toEqual([504, 'timeout']);
    await asked('POST', `${COUNTER}/resume`);
    expect((await asked('POST', `${COUNTER}/call`, { body })).document).toEqual({ value: 1 });
  });

  test('limits are changed while a node runs, as a revision that a rollback takes back', async () => {
    const revision = (await daemon.client.status()).revision as number;
    const limits = { memoryMb: 300, stackMb: 3 };
    const { document } = await asked('PATCH', `${COUNTER}/limits`, { body: limits });
    expect(document).toEqual({
      path: 'shop/counter',
      now: ['memoryMb'],
      atRestart: ['stackMb'],
      revision: revision + 1,
    });
    expect((await asked('PATCH', `${COUNTER}/limits`, { body: { cpu: 0.9 } })).document).toMatchObject({
      now: ['cpu'],
      revision: revision + 2,
    });
    const both = { ...limits, cpu: 0.9 };
    expect((await asked('GET', COUNTER)).document['limits']).toEqual(both);
    expect((await daemon.client.setLimits('shop/counter', { cpu: 0.9 })).revision).toBe(revision + 2);
    expect((await daemon.client.history()).revisions[0]).toMatchObject({
      summary: 'limits of shop/counter: cpu 0.9',
      limits: [{ path: 'shop/counter', limits: both }],
    });
    expect((await daemon.client.rollback({ revision })).description).toContain('limits.memoryMb: 300 ->');
    expect(await daemon.client.show('shop/counter')).toMatchObject({ limits: null });
    expect((await daemon.client.status()).revision).toBe(revision + 3);
  });

  test.each([
    ['beyond what may be', COUNTER, { memoryMb: 1 }, [422, 'spec_invalid']],
    ['that cannot change', COUNTER, { mailbox: 5 }, [422, 'spec_invalid']],
    ['that is none', COUNTER, { colour: 'red' }, [422, 'spec_invalid']],
    ['of nothing', COUNTER, {}, [400, 'request_malformed']],
    ['of another type', COUNTER, { memoryMb: null }, [400, 'request_malformed']],
    ['of nobody', '/v1/nodes/shop%2Fnobody', { memoryMb: 300 }, [404, 'not_found']],
  ] as const)('a limit %s is refused, and nothing changes', async (_title, node, body, answer) => {
    const { revision } = await daemon.client.status();
    expect(await refused('PATCH', `${node}/limits`, { body })).toEqual(answer);
    expect((await daemon.client.status()).revision).toBe(revision);
    expect((await daemon.client.show('shop/counter')).limits).toBeNull();
  });

  test('what a node and those below it use is told, of a supervisor the sums', async () => {
    const { document } = await asked('GET', '/v1/usage');
    expect(document['nodes']).toMatchObject([
      { path: 'shop', depth: 0, kind: 'supervisor', processMb: expect.any(Number) },
      { path: 'shop/counter', depth: 1, mailbox: 0, restarts: expect.any(Number) },
    ]);
    const { nodes } = await daemon.client.usage('shop/counter');
    expect(nodes).toMatchObject([{ path: 'shop/counter', depth: 0 }]);
    expect(await refused('GET', '/v1/usage?path=shop%2Fnobody')).toEqual([404, 'noproc']);
  });

  test('call and send', async () => {
    const call = (operation: string, ...parameters: unknown[]) =>
      asked('POST', `${COUNTER}/call`, { body: { operation, parameters } });
    expect((await call('add', 0.12345)).document).toEqual({ value: 0.12345 });
    expect((await asked('POST', `${COUNTER}/send`, { body: { value: 'anything' } })).status).toBe(204);
    expect((await call('add', 0)).document).toEqual({ value: 1000.12345 });
    expect((await call('big')).document).toEqual({
      value: { large: '18446744073709551616', when: expect.stringContaining('1970'), third: 1 / 3 },
    });
    expect((await call('print', 'x')).document).toEqual({});
    expect(await refused('POST', `${COUNTER}/call`, { body: { operation: 'nope' } })).toEqual([
      404,
      'no_such_operation',
    ]);
    expect(await refused('POST', `${COUNTER}/call`, { body: { operation: 'refuse' } })).toEqual([
      422,
      'refused',
    ]);
    expect(await refused('POST', `${COUNTER}/call`, { body: { operation: 'crash' } })).toEqual([502, 'down']);
  });

  test('one more child is spawned, and forgotten when it is stopped', async () => {
    const child = { id: 'once', module: new URL('counter.ts', base).href, restart: 'temporary' };
    const spawned = await asked('POST', '/v1/nodes/shop/children', { body: { child } });
    expect([spawned.status, spawned.document]).toEqual([201, { path: 'shop/once' }]);
    const limits = await daemon.client.setLimits('shop/once', { memoryMb: 300 });
    expect(limits).toMatchObject({ now: ['memoryMb'], revision: null });
    expect(await refused('POST', '/v1/nodes/shop/children', { body: { child } })).toEqual([
      409,
      'already_started',
    ]);
    expect(await refused('POST', '/v1/nodes/shop%2Fonce/restart')).toEqual([409, 'operation_refused']);
    await asked('POST', '/v1/nodes/shop%2Fonce/stop');
    expect(await refused('GET', '/v1/nodes/shop%2Fonce')).toEqual([404, 'noproc']);
    const nowhere = { child: { id: 'x', module: new URL('nowhere.ts', base).href } };
    expect(await refused('POST', '/v1/nodes/shop/children', { body: nowhere })).toEqual([
      422,
      'module_missing',
    ]);
  });
});

describe('access', () => {
  test('what nodes use is there for Prometheus', async () => {
    const { type, text } = await asked('GET', '/v1/metrics');
    expect(type).toMatch(/^text\/plain/);
    expect(text).toMatch(/^# HELP espalier_node_restarts /m);
    expect(text).toMatch(/^espalier_node_running\{path="shop\/counter",kind="environment"\} 1$/m);
    expect(text).toMatch(/^espalier_node_restarts\{path="shop",kind="supervisor"\} \d+$/m);
    expect(await daemon.client.metrics()).toContain('espalier_node_process_bytes');
  });

  test('a token is made, listed and revoked', async () => {
    const body = { label: 'of a test', path: 'shop/counter', right: 'view' };
    const made = await asked('POST', '/v1/tokens', { body });
    expect([made.status, made.document]).toEqual([201, expect.objectContaining(body)]);
    const { token, ...listed } = made.document;
    expect((await asked('GET', '/v1/tokens')).document).toEqual({ tokens: [listed] });
    const headers = { authorization: `Bearer ${String(token)}` };
    expect((await asked('GET', '/v1/tree', { headers })).document['nodes']).toMatchObject([
      { path: 'counter' },
    ]);
    const place = `/v1/tokens/${String(listed['id'])}`;
    expect((await asked('DELETE', place)).status).toBe(204);
    expect(await refused('DELETE', place)).toEqual([404, 'token_missing']);
    expect(await refused('GET', '/v1/tree', { headers })).toEqual([401, 'token_refused']);
    expect(await refused('POST', '/v1/tokens', { body: { right: 'all' } })).toEqual([
      400,
      'request_malformed',
    ]);
    expect(await refused('DELETE', '/v1/tokens/x')).toEqual([400, 'request_malformed']);
  });

  test('the audit log has what was changed and what was refused, by whom, with the result', async () => {
    await asked('POST', `${COUNTER}/suspend`);
    await asked('POST', `${COUNTER}/resume`);
    await asked('POST', '/v1/nodes/shop%2Fnobody/stop');
    const { document } = await asked('GET', '/v1/audit?lines=3');
    const by = `uid:${process.getuid?.() ?? '?'}`;
    expect(document['entries']).toMatchObject([
      { by, operation: 'suspend', path: 'shop/counter', result: 'ok', tookMs: expect.any(Number) },
      { by, operation: 'resume', path: 'shop/counter', result: 'ok' },
      { by, operation: 'stop', path: 'shop/nobody', result: 'not_found' },
    ]);
    const { entries: of } = await daemon.client.audit({ path: 'shop/nobody' });
    expect(of.every(({ path }) => path === 'shop/nobody')).toBe(true);
    const operations = new Set((await daemon.client.audit()).entries.map(({ operation }) => operation));
    expect([...operations]).toEqual(
      expect.arrayContaining(['apply', 'limits', 'makeToken', 'spawn', 'call']),
    );
    expect(operations).not.toContain('tree');
    expect(await refused('GET', '/v1/audit?lines=0')).toEqual([400, 'request_malformed']);
  });
});

describe('the cluster', () => {
  test('a host joins by a ticket for its key, and leaves; nobody with a part of the tree sees that', async () => {
    const { document: alone } = await asked('GET', '/v1/cluster');
    expect(alone).toMatchObject({ cluster: null, bridge: 'off', hosts: [], names: [] });
    const root = createKeyPair();
    const ticket = issueJoinTicket(root, { publicKey: String(alone['publicKey']) });
    const body = { ticket, brokers: ['amqp://10.0.0.5:5672'] };
    const joined = await asked('POST', '/v1/cluster', { body });
    expect([joined.status, joined.document]).toEqual([
      200,
      { ...alone, cluster: fingerprint(root.publicKey), bridge: 'absent', brokers: body.brokers },
    ]);
    expect(await refused('POST', '/v1/cluster', { body })).toEqual([409, 'operation_refused']);
    const list = { list: revokeHosts(root, ['0'.repeat(32)]) };
    const followed = await asked('POST', '/v1/cluster/revoked', { body: list });
    expect([followed.status, followed.document]).toEqual([200, joined.document]);
    const foreignList = { list: revokeHosts(createKeyPair(), []) };
    expect((await refused('POST', '/v1/cluster/revoked', { body: foreignList }))[1]).toBe(
      'revocations_refused',
    );
    expect((await asked('DELETE', '/v1/cluster')).document).toEqual(alone);
    const foreign = issueJoinTicket(root, { publicKey: createKeyPair().publicKey });
    expect((await refused('POST', '/v1/cluster', { body: { ticket: foreign } }))[1]).toBe('ticket_refused');
    const secret = { ticket, brokers: ['amqp://user:password@10.0.0.5'] };
    expect(await refused('POST', '/v1/cluster', { body: secret })).toEqual([400, 'request_malformed']);
    const part = await asked('POST', '/v1/tokens', { body: { path: 'shop/counter', right: 'control' } });
    const headers = { authorization: `Bearer ${String(part.document['token'])}` };
    expect((await refused('GET', '/v1/cluster', { headers }))[0]).toBe(404);
    // As if nobody offered any.
    for (const as of [{}, { headers }])
      expect((await asked('GET', '/v1/names', as)).document).toEqual({ names: [] });
    await asked('DELETE', `/v1/tokens/${String(part.document['id'])}`);
  });
});

describe('streams', () => {
  test('events are replayed from after an id, each once, and as the document says', async () => {
    const all = await entries(daemon.client.events());
    for (const entry of all) contract.checkEntry('EventEntry', entry);
    const middle = all[Math.floor(all.length / 2)] as EventEntry;
    const rest = await entries(daemon.client.events({ after: middle.id }));
    expect(rest).toEqual(all.filter(({ id }) => id > middle.id));
    const header = await asked('GET', '/v1/events', { headers: { 'last-event-id': String(middle.id) } });
    expect(header.text.match(/^event: entry$/gm)).toHaveLength(rest.length);
    const failed = all.find(({ event, willRestart }) => event === 'failed' && willRestart === true);
    expect(failed).toMatchObject({ level: 'warn', reason: 'killed' });
    expect(all.findLast(({ event }) => event === 'failed')).toMatchObject({
      err: { message: 'boom' },
    });
  });

  test('what is printed can be read, and followed by many without a gap', async () => {
    const [line] = (await entries(daemon.client.logs({ path: 'shop/counter' }))).slice(-1);
    contract.checkEntry('LogLine', line);
    await asked('GET', '/v1/logs?lines=1');
    const after = (line as LogLine).id;
    const followers = Array.from({ length: 50 }, async () => {
      const texts: string[] = [];
      await firstOf(daemon.client.logs({ path: 'shop', after, follow: true }), ({ text }) => {
        // What was printed before may still have been on its way.
        if (text.startsWith('tick')) texts.push(text);
        return text === 'tick 199';
      });
      return texts;
    });
    await daemon.client.call('shop/counter', { operation: 'print', parameters: ['tick', 200] });
    const expected = Array.from({ length: 200 }, (_, i) => `tick ${i}`);
    for (const texts of await Promise.all(followers)) expect(texts).toEqual(expected);
  });

  test('the last lines are as many as were asked for', async () => {
    const lines = await entries(daemon.client.logs({ lines: 3 }));
    expect(lines.map(({ text }) => text)).toEqual(['tick 197', 'tick 198', 'tick 199']);
    expect(await entries(daemon.client.logs({ path: 'shop/nobody' }))).toEqual([]);
  });

  test('what is logged is a stream of its own, with level and fields, of which the last are as many as were asked for', async () => {
    const { client } = daemon;
    const fields = { price: 7, of: ['a'] };
    const first = firstOf(client.logs({ stream: 'log', follow: true }), () => true);
    await client.call('shop/counter', { operation: 'log', parameters: ['one', fields] });
    await client.call('shop/counter', { operation: 'log', parameters: ['two'] });
    contract.checkEntry('LogLine', await first);
    expect(await first).toMatchObject({ stream: 'log', level: 'warn', text: 'one', fields });
    await firstOf(client.logs({ stream: 'log', follow: true }), ({ text }) => text === 'two');
    await client.call('shop/counter', { operation: 'print', parameters: ['after it', 1] });
    await firstOf(client.logs({ follow: true }), ({ text }) => text === 'after it 0');
    const last = await entries(client.logs({ stream: 'log', lines: 1, path: 'shop' }));
    expect(last.map(({ text }) => text)).toEqual(['two']);
    expect(await refused('GET', '/v1/logs?stream=files')).toEqual([400, 'request_malformed']);
  });
});

describe('hostile requests', () => {
  test.each([
    ['no such place', 'GET', '/v1/nowhere', {}, 404],
    ['no such method', 'POST', '/v1/tree', {}, 404],
    ['a path out of the tree', 'GET', '/v1/nodes/..%2F..%2Fetc%2Fpasswd', {}, 404],
    ['a name of every object', 'POST', '/v1/nodes/__proto__/constructor', {}, 404],
    ['a broken encoding', 'GET', '/v1/nodes/%E0%A4%A', {}, 400],
    ['a path beyond all measure', 'GET', `/v1/nodes/${'a'.repeat(5000)}`, {}, 400],
    ['a body that is no JSON', 'POST', '/v1/apply', { raw: '{' }, 400],
    ['a body that poisons prototypes', 'POST', '/v1/apply', { raw: '{"__proto__": {"x": 1}}' }, 400],
    [
      'a body of another type',
      'POST',
      '/v1/apply',
      { raw: 'x', headers: { 'content-type': 'text/plain' } },
      415,
    ],
    ['a body that is none', 'POST', '/v1/apply', {}, 400],
    [
      'a field that is not known',
      'POST',
      '/v1/apply',
      { body: { text: '', base: 'file:///', more: 1 } },
      400,
    ],
    ['a field of another type', 'POST', '/v1/apply', { body: { text: 1, base: 'file:///' } }, 400],
    ['a base that is no file', 'POST', '/v1/apply', { body: { text: '', base: 'http://x/' } }, 400],
    [
      'a body that is too large',
      'POST',
      '/v1/apply',
      { raw: '"', headers: { 'content-length': '5000000' } },
      413,
    ],
    ['no token', 'GET', '/v1/tree', { headers: { authorization: 'Bearer' } }, 401],
    [
      'a token that is none',
      'GET',
      '/v1/tree',
      { headers: { authorization: `Bearer ${'x'.repeat(9000)}` } },
      401,
    ],
    ['another way to say who one is', 'GET', '/v1/tree', { headers: { authorization: 'Basic eDp4' } }, 401],
    ['no such place, without a token', 'GET', '/v1/nowhere', { headers: { authorization: 'Bearer x' } }, 401],
    ['more headers than there may be', 'GET', '/v1/tree', { headers: { x: 'y'.repeat(20_000) } }, 431],
    ['a number that is none', 'GET', '/v1/events?after=x', {}, 400],
    ['a parameter that is not known', 'GET', '/v1/events?since=1', {}, 400],
    ['more lines than there may be', 'GET', '/v1/logs?lines=10001', {}, 400],
    ['an id that is none', 'GET', '/v1/events', { headers: { 'last-event-id': 'x' } }, 400],
    ['a revision that is none', 'GET', '/v1/history/-1', {}, 400],
    ['a YAML bomb', 'POST', '/v1/apply', { body: { text: bomb(), base: 'file:///' } }, 422],
  ] as const)('%s is refused with a problem', async (_title, method, path, given, status) => {
    expect((await asked(method, path, given)).status).toBe(status);
    expect((await asked('GET', '/v1/health')).status).toBe(200);
  });

  test('what is too large is not even sent by the client', async () => {
    const text = 'x'.repeat(4 * 1024 * 1024);
    await expect(daemon.client.apply({ text, base })).rejects.toMatchObject({ code: 'too_large' });
  });

  test('what is no HTTP at all is refused with a problem, too', async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(join(folder, 'api.sock'), () => socket.write('\x16\x03\x01 nonsense\r\n\r\n'));
      socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      socket.on('error', reject).on('end', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('urn:espalier:problem:request_malformed');
  });
});

test('every operation of the document has been seen to succeed', () => {
  expect([...contract.seen].sort()).toEqual([...contract.operations].sort());
});

function bomb(): string {
  const lines = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
  for (const [name, of] of ['ba', 'cb', 'dc', 'ed', 'fe', 'gf', 'hg'].map((pair) => [...pair])) {
    lines.push(
      `${String(name)}: &${String(name)} [${Array.from({ length: 10 }, () => `*${String(of)}`).join(', ')}]`,
    );
  }
  return lines.join('\n');
}
