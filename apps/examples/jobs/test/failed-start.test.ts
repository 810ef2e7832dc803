/** What has been started already is ended when the rest does not start: else the story would never end. */
import { expect, test } from '@jest/globals';
import type { SmallCluster } from '@espalier/cli';
import type { FollowOptions } from '@espalier/supervisor/client';
import { Jobs } from '../src/jobs.js';
import type { Tree } from '../src/tree.js';
import { TreeOnHosts } from '../src/tree-on-hosts.js';

const journal = '/nowhere/journal';
const settings = { workers: 2, tries: 10, mailsPerConnection: 1000 };
const never = { next: () => new Promise<never>(() => undefined) };

test('the second host has no connection: nobody listens to the first one any more', async () => {
  const signals: (AbortSignal | undefined)[] = [];
  const client = {
    apply: async () => ({ changes: [], description: '' }),
    events: ({ signal }: FollowOptions) => {
      signals.push(signal);
      return { [Symbol.asyncIterator]: () => never };
    },
  };
  const cluster = {
    client: () => client,
    connected: async (host: string) => {
      if (host === 'alpha') throw new Error('no connection');
    },
  } as unknown as SmallCluster;
  const starting = TreeOnHosts.start(cluster, { journal, settings, onEvent: () => undefined });
  await expect(starting).rejects.toThrow('no connection');
  expect(signals).toMatchObject([{ aborted: true }]);
});

test('no worker can be hired: the tree is stopped', async () => {
  let stops = 0;
  const tree = {
    startWorker: async () => {
      throw new Error('nobody there');
    },
    stop: async () => void stops++,
  } as unknown as Tree;
  await expect(Jobs.open({ journal, start: async () => tree, ...settings })).rejects.toThrow('nobody there');
  expect(stops).toBe(1);
});
