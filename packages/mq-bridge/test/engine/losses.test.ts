import { expect, test } from '@jest/globals';
import { Losses } from '../../src/engine/losses.js';

test('what is told of as lost and dropped is summed up, and nothing else is', () => {
  const losses = new Losses();
  expect(losses.sums).toEqual({ undelivered: 0, missing: 0, dropped: {} });
  losses.heed({ kind: 'undelivered', target: "'db'", count: 3 });
  losses.heed({ kind: 'undelivered', target: "'jobs'", count: 1, why: 'it is too large' });
  losses.heed({ kind: 'missing', target: "'db'", frames: 3 });
  losses.heed({ kind: 'late', target: "'db'" });
  losses.heed({ kind: 'dropped', forged: 1, replayed: 5 });
  const before = losses.sums;
  losses.heed({ kind: 'dropped', forged: 2 });
  losses.heed({ kind: 'poison', name: 'jobs', id: 'h/i/1/7/0' });
  expect(losses.sums).toEqual({ undelivered: 4, missing: 2, dropped: { forged: 3, replayed: 5 } });
  expect(before.dropped).toEqual({ forged: 1, replayed: 5 });
});
