import type { NodeUse, Usage } from '@espalier/supervisor/client';
import { describe, expect, test } from '@jest/globals';
import { inOrder, ratesBetween, usageLines } from '../../src/remote/usage-table.js';

const plain = (_colour: unknown, text: string): string => text;

function node(path: string, facts: Partial<NodeUse> = {}): NodeUse {
  const kind = path.includes('/') ? 'environment' : 'supervisor';
  const depth = path.split('/').length - 1;
  const unread = { offHeapMb: null, processMb: null, pendingCalls: null };
  const mail = { mailbox: 0, mailboxBytes: 0, inFlightBytes: 0, received: 0, sent: 0 };
  const zero = { heapMb: 0, cpuMs: 0, ...mail, printed: 0, restarts: 0 };
  return { path, depth, kind, state: 'running', ...unread, ...zero, ...facts };
}

function reading(atMs: number, ...nodes: readonly NodeUse[]): Usage {
  return { at: new Date(atMs).toISOString(), nodes: [...nodes] };
}

describe('processor time', () => {
  test('is a share of a core between two readings, messages a rate', () => {
    const before = reading(1000, node('t/a', { cpuMs: 100, received: 10 }));
    const now = reading(3000, node('t/a', { cpuMs: 1100, received: 50 }));
    expect(ratesBetween(before, now)).toMatchObject([{ cpu: 0.5, receivedPerSecond: 20 }]);
  });

  test.each([
    ['of a node that is new', [], { cpuMs: 5 }],
    ['of one that has begun a new life', [node('t/a', { cpuMs: 100 })], { cpuMs: 5 }],
    ['of one of which nothing was read yet', [node('t/a', { cpuMs: null })], { cpuMs: null }],
  ])('%s is not known', (_title, before, now) => {
    const [rate] = ratesBetween(reading(0, ...before), reading(1000, node('t/a', now)));
    expect(rate?.cpu).toBeNull();
  });
});

describe('the order', () => {
  const nodes = ratesBetween(
    reading(0, node('t'), node('t/a'), node('t/b')),
    reading(
      1000,
      node('t', { cpuMs: 400 }),
      node('t/a', { cpuMs: 100, heapMb: 9 }),
      node('t/b', { cpuMs: 300 }),
    ),
  );

  test.each([
    ['tree', ['t', 't/a', 't/b']],
    ['cpu', ['t/b', 't/a']],
    ['memory', ['t/a', 't/b']],
  ] as const)('by %s', (order, paths) => {
    expect(inOrder(nodes, order).map(({ path }) => path)).toEqual(paths);
  });
});

test('a table has aligned columns, dashes for what is not known, and the state of what does not run', () => {
  const before = reading(0, node('shop'), node('shop/cart', { cpuMs: 10 }));
  const cart = node('shop/cart', { cpuMs: 260, heapMb: 12.34, state: 'suspended', restarts: 3 });
  const lines = usageLines(
    ratesBetween(before, reading(1000, node('shop', { heapMb: null }), cart)),
    'tree',
    plain,
  );
  expect(lines).toEqual([
    'NODE       CPU     HEAP  OTHER  PROCESS  QUEUED  IN/S  RESTARTS',
    'shop     0.0 %        -      -        -       0     0         0',
    '  cart  25.0 %  12.3 MB      -        -       0     0         3  suspended',
  ]);
});
