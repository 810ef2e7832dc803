/** What who has a token sees and may do: the real daemon, over TLS and at its socket. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AdminClient, type MadeToken } from '@espalier/supervisor/client';
import { FIXTURES, freshFolder, removeFolder, RunningDaemon } from '../running-daemon.js';
import { ask, type Answer, type Given } from './ask.js';

const PEM = (name: string): string => fileURLToPath(new URL(`tls/${name}.pem`, FIXTURES));
const ca = readFileSync(PEM('cert'), 'utf8');
const TLS = ['--listen', '127.0.0.1:0', '--tls-cert', PEM('cert'), '--tls-key', PEM('key')];
const counter = (id: string) => ({ id, name: null, module: './counter.ts', args: `of ${id}` });

/** A tenant's tree, and beside it what is given. */
function hosting(others: readonly object[], more: object = {}): string {
  const blue = { id: 'blue', intensity: 100, children: [counter('shop'), counter('cart')] };
  const tenants = { id: 'tenants', intensity: 100, children: [blue, ...others] };
  return JSON.stringify({ name: 'hosting', ...more, intensity: 100, children: [tenants] });
}

const NEIGHBOURS = [
  { id: 'green', intensity: 100, children: [counter('shop'), counter('cart')] },
  counter('grey'),
];

describe('with neighbours', () => {
  const folder = freshFolder();
  let daemon: RunningDaemon;
  let control: MadeToken;
  let view: MadeToken;

  beforeAll(async () => {
    daemon = await RunningDaemon.start(folder, TLS);
    await daemon.client.apply({ text: hosting(NEIGHBOURS), base: FIXTURES.href });
    control = await daemon.client.makeToken({
      path: 'hosting/tenants/blue',
      right: 'control',
      label: 'blue',
    });
    view = await daemon.client.makeToken({ path: 'hosting/tenants/blue', right: 'view' });
  });

  afterAll(async () => {
    await daemon.kill('SIGKILL');
    removeFolder(folder);
  });

  const over = (token: string): AdminClient =>
    new AdminClient({ url: `https://127.0.0.1:${daemon.port}`, token, ca });

  function as(token: string, method: string, path: string, given: Given = {}): Promise<Answer> {
    return ask(folder, method, path, { ...given, headers: { authorization: `Bearer ${token}` } });
  }

  test('over TLS a token’s client sees its subtree, and does there what it may', async () => {
    const client = over(control.token);
    expect((await client.tree()).nodes.map(({ path, depth }) => [path, depth])).toEqual([
      ['blue', 0],
      ['blue/shop', 1],
      ['blue/cart', 1],
    ]);
    expect(await client.call('blue/shop', { operation: 'args' })).toBe('of shop');
    await client.change('restart', 'blue/cart');
    expect(await client.status()).toMatchObject({ tree: 'blue', state: 'running', revision: null });
    expect((await client.usage()).nodes.map(({ path }) => path)).toEqual(['blue', 'blue/shop', 'blue/cart']);
    const { spec } = await client.show('blue/shop');
    expect(spec).toMatchObject({ restart: 'permanent' });
    expect(spec).not.toHaveProperty('module');
    expect(await client.metrics()).not.toMatch(/hosting|green/);
  });

  test('without a token, or with one that is none, nobody is told anything over TLS', async () => {
    for (const token of ['', 'x', `${control.token}x`]) {
      await expect(over(token).health()).rejects.toMatchObject({ code: 'token_refused' });
    }
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect({ port: daemon.port, host: '127.0.0.1', ca }, () => {
        socket.write('GET /v1/nowhere HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
      });
      socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      socket.on('error', reject).on('close', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 401 [^]*www-authenticate: Bearer/);
  });

  test.each([
    ['apply', 'POST', '/v1/apply'],
    ['rollback', 'POST', '/v1/rollback'],
    ['history', 'GET', '/v1/history'],
    ['a revision', 'GET', '/v1/history/1'],
    ['limits', 'PATCH', '/v1/nodes/blue%2Fshop/limits'],
    ['audit', 'GET', '/v1/audit'],
    ['the cluster', 'GET', '/v1/cluster'],
    ['to join one', 'POST', '/v1/cluster'],
    ['to leave it', 'DELETE', '/v1/cluster'],
    ['a list of revoked hosts', 'POST', '/v1/cluster/revoked'],
  ])('%s is of the whole tree, and looks like not there', async (_title, method, path) => {
    const answer = await as(control.token, method, path);
    expect(answer).toMatchObject({ status: 404, document: { detail: `there is no ${method} ${path}` } });
    const never = await as(control.token, method, '/v1/never');
    expect(answer.text.replace(path, '/v1/never')).toBe(never.text);
  });

  test.each(['stop', 'start', 'restart', 'suspend', 'resume', 'kill', 'call', 'send', 'children'])(
    '%s looks like not there to who may only look',
    async (verb) => {
      const path = `/v1/nodes/blue%2Fshop/${verb}`;
      const answer = await as(view.token, 'POST', path);
      expect(answer).toMatchObject({ status: 404, document: { detail: `there is no POST ${path}` } });
      expect(answer.text.replace(verb, 'never')).toBe(
        (await as(view.token, 'POST', path.replace(verb, 'never'))).text,
      );
    },
  );

  test.each(['show', 'stop', 'call', 'children', 'usage'])(
    '%s of what is beside looks as of what is not there',
    async (verb) => {
      const of = (path: string): Promise<Answer> => {
        const node = `/v1/nodes/${encodeURIComponent(path)}`;
        if (verb === 'show') return as(control.token, 'GET', node);
        if (verb === 'usage') return as(control.token, 'GET', `/v1/usage?path=${encodeURIComponent(path)}`);
        const body = verb === 'call' ? { operation: 'args' } : {};
        return as(control.token, 'POST', `${node}/${verb}`, verb === 'stop' ? {} : { body });
      };
      const nowhere = await of('never');
      expect(nowhere.status).toBe(404);
      for (const path of [
        'hosting',
        'hosting/tenants/blue/shop',
        'hosting/tenants/green',
        'green/shop',
        'tenants',
      ]) {
        const answer = await of(path);
        expect([path, answer.status, answer.text]).toEqual([path, nowhere.status, nowhere.text]);
      }
    },
  );

  test('a module of the machine’s cannot be spawned with a token for a part', async () => {
    const child = { id: 'x', module: new URL('counter.ts', FIXTURES).href };
    const spawn = await as(control.token, 'POST', '/v1/nodes/blue/children', { body: { child } });
    expect(spawn).toMatchObject({ status: 404, document: { code: 'noproc' } });
    expect((await over(control.token).tree()).nodes).toHaveLength(3);
  });

  test('a token makes others of its subtree, which end with it, and what they follow as well', async () => {
    const maker = over(
      (await daemon.client.makeToken({ path: 'hosting/tenants/blue', right: 'control' })).token,
    );
    const made = await maker.makeToken({ path: 'blue/shop', right: 'view', label: 'below' });
    expect(made.path).toBe('blue/shop');
    await expect(maker.makeToken({ path: 'green', right: 'view' })).rejects.toMatchObject({ code: 'noproc' });
    const { tokens } = await maker.tokens();
    expect(tokens.map(({ id }) => id)).toEqual([made.id]);
    await expect(maker.revokeToken(control.id)).rejects.toMatchObject({ code: 'token_missing' });
    const below = over(made.token);
    expect((await below.tree()).nodes).toMatchObject([{ path: 'shop', depth: 0 }]);
    const following = below.logs({ follow: true })[Symbol.asyncIterator]();
    await following.next();
    const end = (async () => {
      while ((await following.next()).done !== true);
    })().catch(() => undefined);
    const all = (await daemon.client.tokens()).tokens;
    const own = all.filter(
      ({ path, id }) => path === 'hosting/tenants/blue' && id !== control.id && id !== view.id,
    );
    expect(own).toHaveLength(1);
    await daemon.client.revokeToken(own[0]?.id as string);
    await end;
    await expect(below.tree()).rejects.toMatchObject({ code: 'token_refused' });
    await expect(maker.tree()).rejects.toMatchObject({ code: 'token_refused' });
  });

  test('tokens outlive kill -9 of the daemon, and revoked ones stay revoked', async () => {
    const gone = await daemon.client.makeToken({ right: 'control' });
    await daemon.client.revokeToken(gone.id);
    await daemon.kill('SIGKILL');
    daemon = await RunningDaemon.start(folder, TLS);
    expect((await over(view.token).tree()).nodes).toHaveLength(3);
    await expect(over(gone.token).tree()).rejects.toMatchObject({ code: 'token_refused' });
    expect(await over(view.token).health()).toEqual({ status: 'ok' });
    const { entries } = await daemon.client.audit({ lines: 10_000 });
    expect(entries).toContainEqual(
      expect.objectContaining({
        by: `token:${control.id}`,
        operation: 'restart',
        path: 'hosting/tenants/blue/cart',
      }),
    );
  });
});

test('the transcript of a token is the same with and without other tenants', async () => {
  const [alone, together] = [await transcript([]), await transcript(NEIGHBOURS)];
  expect(together).toBe(alone);
  expect(alone).not.toMatch(/hosting|tenants|grey/);
  expect(alone).toContain('"restarted"');
  expect(alone).toContain('boom');
}, 120_000);

/** All that a token is told, with what is of time and of the machine left out. */
async function transcript(others: readonly object[]): Promise<string> {
  const folder = freshFolder();
  const daemon = await RunningDaemon.start(folder);
  try {
    const { client } = daemon;
    await client.apply({ text: hosting(others), base: FIXTURES.href });
    const { token } = await client.makeToken({ path: 'hosting/tenants/blue', right: 'control' });
    const told: string[] = [];
    const as = async (method: string, path: string, body?: unknown): Promise<void> => {
      const headers = { authorization: `Bearer ${token}` };
      const { status, text } = await ask(folder, method, path, {
        headers,
        ...(body === undefined ? {} : { body }),
      });
      told.push(`${method} ${path} ${status} ${text}`);
    };
    const disturb = async (): Promise<void> => {
      if (others.length === 0) return;
      const green = 'hosting/tenants/green/shop';
      await client.call(green, { operation: 'print', parameters: ['loud', 300] });
      await client.call(green, { operation: 'crash' }).catch(() => undefined);
      await client.change('restart', 'hosting/tenants/grey');
      await client.setLimits(green, { memoryMb: 300 + told.length });
    };
    const SHOP = '/v1/nodes/blue%2Fshop';
    await disturb();
    for (const path of [
      'status',
      'ready',
      'tree',
      'nodes/blue',
      'nodes/blue%2Fshop',
      'usage',
      'metrics',
      'tokens',
    ]) {
      await as('GET', `/v1/${path}`);
    }
    await disturb();
    await as('POST', `${SHOP}/call`, { operation: 'print', parameters: ['mine', 3] });
    await disturb();
    await as('POST', `${SHOP}/call`, { operation: 'crash' });
    for await (const read of client.events({ follow: true })) {
      const { event, path } = read.kind === 'entry' ? read.entry : { event: '', path: '' };
      if (event === 'restarted' && path === 'hosting/tenants/blue/shop') break;
    }
    await as('POST', `${SHOP}/stop`);
    await disturb();
    await as('POST', `${SHOP}/start`);
    await as('POST', `${SHOP}/start`);
    await as('POST', '/v1/nodes/green/stop');
    await as('GET', '/v1/nodes/green%2Fshop');
    await as('POST', '/v1/apply', { text: '', base: 'file:///' });
    await as('GET', '/v1/history');
    // What was printed by then is in the files.
    for await (const read of client.logs({ path: 'hosting/tenants/blue/shop', follow: true })) {
      if (read.kind === 'entry' && read.entry.text === 'mine 2') break;
    }
    await disturb();
    await as('GET', '/v1/events');
    await as('GET', '/v1/logs?path=blue%2Fshop');
    await as('GET', '/v1/logs?path=green');
    await as('GET', '/v1/status');
    return told.map(timeless).join('\n');
  } finally {
    await daemon.kill('SIGKILL');
    removeFolder(folder);
  }
}

function timeless(text: string): string {
  return (
    text
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'AT')
      .replaceAll(/"id":\d+|\bid: \d+$/gm, 'ID')
      // Of a thread that rests memory may not have been read yet.
      .replaceAll(/"(durationMs|heapMb|offHeapMb|cpuMs|delayMs)":(?:[\d.]+|null)/g, '"$1"')
      .replaceAll(/^espalier_node_(?:heap|off_heap|cpu)\S+ .*\n/gm, '')
  );
}
