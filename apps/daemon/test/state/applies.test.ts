import { expect, test } from '@jest/globals';
import { HostError } from '@espalier/core';
import { RevisionsInMemory } from '../../src/local/revisions-in-memory.js';
import { Applies } from '../../src/state/applies.js';

/** Revisions on a disk that may be full; a root that does what it is told, and notes it. */
function daemon() {
  const disk = { reserves: true, takes: true };
  const full = new HostError('state_unwritable', 'the disk is full');
  class OnDisk extends RevisionsInMemory {
    override add(...given: Parameters<RevisionsInMemory['add']>): ReturnType<RevisionsInMemory['add']> {
      return disk.takes ? super.add(...given) : Promise.reject(full);
    }
    override reserve(): ReturnType<RevisionsInMemory['reserve']> {
      return disk.reserves ? super.reserve() : Promise.reject(full);
    }
  }
  const history = new OnDisk();
  const carriedOut: unknown[] = [];
  let note: unknown = null;
  const ask = (operation: string, order: { readonly note: unknown }): Promise<unknown> => {
    if (operation === 'settled') return Promise.resolve({ state: note === null ? 'empty' : 'running', note });
    carriedOut.push(operation);
    note = order.note;
    const done = { outcome: 'applied', changes: [{}], description: '1 changed', makesRevision: true };
    return Promise.resolve(operation === 'apply' ? done : { now: [], atRestart: [] });
  };
  const root = { ask } as unknown as ConstructorParameters<typeof Applies>[0]['root'];
  const applies = (): Applies => new Applies({ history, root, nowMs: () => 0 });
  return { disk, history, carriedOut, applies };
}

function spec(args: number) {
  const text = JSON.stringify({ name: 't', children: [{ id: 'a', module: './a.ts', args }] });
  return { text, base: 'file:///srv/' };
}

async function argsOf(history: RevisionsInMemory): Promise<unknown[]> {
  const all = await history.all();
  return all.map(({ text }) => (JSON.parse(text) as { children: [{ args: unknown }] }).children[0].args);
}

test('what there is no room for is not carried out', async () => {
  const { disk, history, carriedOut, applies } = daemon();
  const all = applies();
  disk.reserves = false;
  await expect(all.apply(spec(1))).rejects.toMatchObject({ code: 'state_unwritable' });
  expect(carriedOut).toEqual([]);
  disk.reserves = true;
  await all.apply(spec(1));
  disk.reserves = false;
  const limits = { path: 't/a', limits: { memoryMb: 300 } };
  await expect(all.limits(limits)).rejects.toMatchObject({ code: 'state_unwritable' });
  expect(carriedOut).toEqual(['apply']);
  expect(await argsOf(history)).toEqual([1]);
});

test('what the tree runs by and could not be kept is kept before anything else is done', async () => {
  const { disk, history, carriedOut, applies } = daemon();
  const all = applies();
  await all.apply(spec(1));
  disk.takes = false;
  await expect(all.apply(spec(2))).rejects.toMatchObject({ code: 'state_unwritable' });
  await expect(all.apply(spec(3))).rejects.toMatchObject({ code: 'state_unwritable' });
  expect(carriedOut).toEqual(['apply', 'apply']);
  disk.takes = true;
  // The one before the last is that which ran before.
  await all.rollback({});
  expect(await argsOf(history)).toEqual([1, 2, 1]);
});

test('a driver that is started again while there is no room keeps it as soon as there is', async () => {
  const { disk, history, applies } = daemon();
  const all = applies();
  await all.apply(spec(1));
  disk.takes = false;
  await expect(all.apply(spec(2))).rejects.toMatchObject({ code: 'state_unwritable' });
  const next = applies();
  await next.begin(null);
  expect([next.failure, history.last?.revision]).toEqual([undefined, 1]);
  disk.takes = true;
  await next.apply(spec(3));
  expect(await argsOf(history)).toEqual([3, 2, 1]);
});
