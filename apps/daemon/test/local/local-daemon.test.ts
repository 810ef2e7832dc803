import { pathToFileURL } from 'node:url';
import { startLocalDaemon, type LocalDaemon } from '@espalier/daemon/local';
import { OPERATIONS } from '@espalier/supervisor/admin-api';
import { AdminClient } from '@espalier/supervisor/client';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Api } from '../../src/api/api.js';
import { HANDLERS, type Asked } from '../../src/api/handlers.js';
import { LocalConnection } from '../../src/local/local-connection.js';

/** An API that only says what it was asked. */
function recorder(): { readonly api: Api; readonly said: unknown[] } {
  const said: unknown[] = [];
  const api = new Proxy({} as Api, {
    get:
      (_target, method) =>
      (...given: unknown[]) => {
        said.push([method, ...given]);
        return { done: true };
      },
  });
  return { api, said };
}

describe('a request in the process', () => {
  const names = Object.keys(HANDLERS) as (keyof typeof HANDLERS)[];

  test.each(names)('%s is what the table of operations says', async (name) => {
    const { method, path } = OPERATIONS[name];
    const all = { path: 'a/b c', revision: 7, id: 't1' };
    const params = Object.fromEntries(Object.entries(all).filter(([field]) => path.includes(`:${field}`)));
    const direct = recorder();
    await HANDLERS[name](direct.api, { params, query: {}, body: { value: 1 } } as unknown as Asked);
    const { api, said } = recorder();
    const at = Object.entries(all).reduce(
      (text, [field, value]) => text.replace(`:${field}`, encodeURIComponent(value)),
      path,
    );
    await new LocalConnection(api).ask({ method, path: at, body: { value: 1 } });
    expect(said).toEqual(direct.said);
  });

  test('that is none of them is refused', async () => {
    const { api } = recorder();
    const asked = new LocalConnection(api).ask({ method: 'GET', path: '/v1/nothing' });
    await expect(asked).rejects.toMatchObject({ code: 'no_such_operation' });
  });
});

describe('a daemon in the process', () => {
  let daemon: LocalDaemon;
  let client: AdminClient;
  const warnings: string[] = [];
  const base = pathToFileURL(`${import.meta.dirname}/../fixtures/`).href;
  const text = 'name: shop\nchildren: [{ id: counter, module: ./counter.ts }]\n';

  beforeAll(() => {
    daemon = startLocalDaemon({ nowMs: () => Date.now(), say: (line) => warnings.push(line) });
    client = new AdminClient({ connection: daemon.connection });
  });

  afterAll(() => daemon.stop());

  test('has no tree at first, and says so with the code of the socket', async () => {
    await expect(client.tree()).rejects.toMatchObject({ code: 'tree_absent' });
    expect(await client.status()).toMatchObject({ state: 'empty', revision: null });
  });

  test('applies, and keeps its revisions as long as it lives', async () => {
    const first = await client.apply({ text, base });
    expect(first).toMatchObject({ outcome: 'applied', revision: 1 });
    expect(first.changes).toEqual([expect.objectContaining({ what: 'added', path: 'shop/counter' })]);
    const again = await client.apply({ text: text.replace('./c', './c'), base });
    expect(again).toMatchObject({ outcome: 'unchanged', revision: 1 });
    await client.apply({ text: text.replace(' }', ', shutdown: 100 }'), base });
    expect((await client.rollback()).revision).toBe(3);
    expect((await client.history()).revisions.map(({ revision }) => revision)).toEqual([3, 2, 1]);
    expect((await client.revision(1)).text).toBe(text);
    await expect(client.revision(9)).rejects.toMatchObject({ code: 'revision_missing' });
  });

  test('a call that is given up is cancelled', async () => {
    const given = AbortSignal.abort();
    await expect(client.tree({ signal: given })).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('events are read from the first on, and end with the daemon', async () => {
    const kinds: string[] = [];
    const all = (async () => {
      for await (const read of client.events({ follow: true })) {
        if (read.kind === 'entry') kinds.push(`${read.entry.event} ${read.entry.path}`);
      }
    })();
    await daemon.stop();
    await all;
    expect(kinds[0]).toBe('started shop/counter');
    expect(kinds.at(-1)).toBe('tree-ended shop');
    expect(warnings).toEqual([]);
  });
});

test('a daemon that is stopped while its first tree starts does not wait for that', async () => {
  const daemon = startLocalDaemon({ nowMs: () => Date.now(), say: () => undefined });
  const client = new AdminClient({ connection: daemon.connection });
  const base = pathToFileURL(`${import.meta.dirname}/../fixtures/`).href;
  const text = 'children: [{ id: never, module: ./never-starts.ts, shutdown: 100 }]';
  const applied = client.apply({ text, base }).catch((error: unknown) => error);
  for await (const read of client.logs({ follow: true })) {
    if (read.kind === 'entry' && read.entry.text === 'starting') break;
  }
  expect((await client.tree()).nodes.map(({ path }) => path)).toContain('root');
  await daemon.stop();
  expect(await applied).toMatchObject({ code: 'start_failed' });
});
