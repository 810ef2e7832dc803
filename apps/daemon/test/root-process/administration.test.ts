import { expect, jest, test } from '@jest/globals';
import { operationsOn } from '../../src/root-process/administration.js';
import type { TreeKeeper } from '../../src/root-process/tree-keeper.js';

function starting() {
  const call = jest.fn(() => Promise.resolve('answered'));
  const host = { address: (path: string) => Promise.resolve(path), call };
  const state = { state: 'empty', tree: null, reason: null, note: null };
  return { call, operations: operationsOn({ host, state } as unknown as TreeKeeper) };
}

test('what the bridge knows is not for others while its tree is starting and has no name yet either', async () => {
  const { call, operations } = starting();
  await expect(operations.call('shop/cluster/bridge', 'report', [], 1000)).rejects.toMatchObject({
    code: 'no_such_operation',
  });
  expect(call).not.toHaveBeenCalled();
});

test('an operation of that name is refused nowhere else', async () => {
  const { operations } = starting();
  for (const path of ['shop/bridge', 'shop/a/cluster/bridge', 'shop/cluster/bridge/a', 'shop/cluster']) {
    expect(await operations.call(path, 'report', [], 1000)).toBe('answered');
  }
  expect(await operations.call('shop/cluster/bridge', 'other', [], 1000)).toBe('answered');
});
