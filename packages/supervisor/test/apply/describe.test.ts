import { expect, test } from '@jest/globals';
import { describeDifference } from '../../src/index.js';
import { difference } from './trees.js';

const a = { id: 'a', module: './a.js' };
const b = { id: 'b', module: './b.js' };

test('a difference reads as one line for each node, its fields below, and what it comes to', () => {
  const from = {
    name: 'app',
    strategy: 'rest_for_one' as const,
    children: [
      { ...a, env: { TOKEN: 'secret' }, limits: { heapMb: 64 } },
      { ...b, restart: 'temporary' as const },
      { id: 'x', children: [{ id: 'moves', module: './m.js' }] },
      { id: 'jobs', strategy: 'simple_one_for_one' as const, children: [{ id: 'job', module: './j.js' }] },
      { id: 'old', module: './old.js' },
    ],
  };
  const to = {
    name: 'app',
    strategy: 'rest_for_one' as const,
    intensity: 5,
    children: [
      { id: 'moves', module: './m.js' },
      { ...a, env: { TOKEN: 'other' }, limits: { heapMb: 128 }, args: 'x'.repeat(100) },
      { ...b, restart: 'temporary' as const },
      { id: 'x', children: [{ id: 'new', module: './n.js' }] },
      {
        id: 'jobs',
        strategy: 'simple_one_for_one' as const,
        children: [{ id: 'job', module: `./${'j'.repeat(80)}.js` }],
      },
    ],
  };
  expect(describeDifference({ changes: difference(from, to) })).toBe(
    [
      '~ app  is changed in place',
      '    intensity: 1 -> 5',
      '> app/moves  is stopped as app/x/moves and started here',
      '~ app/a  is restarted',
      '    env.TOKEN: has changed',
      '    limits.heapMb: 64 -> 128',
      '    limits.youngMb: 32 -> 48',
      '    limits.memoryMb: 128 -> 256',
      '    args: has changed',
      '! app/b  is stopped along with app/a, and not started again: it is temporary',
      '! app/x  is restarted along with app/a',
      '+ app/x/new  is started',
      '! app/jobs  is restarted along with app/a',
      '~ app/jobs/job  is changed: its children are restarted, temporary ones run to their end as they are',
      `    module: file:///app/j.js -> file:///app/${'j'.repeat(45)}...`,
      '- app/old  is stopped and forgotten',
      '1 added, 1 removed, 1 moved, 4 restarted, 1 stopped, 1 changed in place',
    ].join('\n'),
  );
});

test('no difference is said, too', () => {
  expect(describeDifference({ changes: [] })).toBe('nothing changes');
});
