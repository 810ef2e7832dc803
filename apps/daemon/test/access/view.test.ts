import { expect, test } from '@jest/globals';
import { CallError, EnvironmentError, SpecError } from '@espalier/core';
import { View } from '../../src/access/view.js';

const view = new View('hosting/tenants/blue');
const event = (path: string, facts: object) => {
  return {
    id: 7,
    at: '2026-01-01T00:00:00.000Z',
    own: [0, 1, 2, 3],
    level: 'warn' as const,
    event: 'x',
    path,
    ...facts,
  };
};

test('a subtree is a tree of its own, whose paths begin with its node', () => {
  expect(view.inside('blue/cart')).toBe('hosting/tenants/blue/cart');
  expect(view.outside('hosting/tenants/blue')).toBe('blue');
  expect(view.outside('hosting/tenants/blues')).toBeUndefined();
  expect(view.depth).toBe(3);
});

test.each(['green', 'green/cart', 'hosting/tenants/blue', 'blues', '', '../green', 'blue/../green'])(
  'what lies outside is not there: %j',
  (path) => {
    const inside = (): boolean => view.sees(view.inside(path));
    if (path === 'blue/../green') expect(inside()).toBe(true);
    else expect(inside).toThrow(expect.objectContaining({ code: 'noproc' }));
  },
);

test('who sees all is told all but how it is told to others', () => {
  const { own: _own, ...whole } = event('hosting', { circle: ['hosting/a'] });
  expect(new View(null).event(event('hosting', { circle: ['hosting/a'] }))).toEqual(whole);
});

test('an event of its node says nothing of how many others its supervisor has restarted', () => {
  const facts = {
    count: 9,
    intensity: 10,
    periodMs: 1,
    others: ['green'],
    incarnation: 2,
    detail: { of: 'green' },
  };
  expect(view.event(event('hosting/tenants/blue', facts))).toEqual({
    id: 1_767_225_600_000_002,
    at: '2026-01-01T00:00:00.000Z',
    path: 'blue',
    level: 'warn',
    event: 'x',
    incarnation: 2,
  });
  expect(view.event(event('hosting/tenants/blue/a', facts))).toMatchObject({
    path: 'blue/a',
    count: 9,
    others: ['green'],
  });
});

test('an event names those within only, and of an error no stack', () => {
  const err = { name: 'E', message: 'boom', stack: 'at /home/somebody' };
  const facts = { receiver: 'hosting/tenants/green', target: 'hosting/tenants/blue/b', err };
  const told = view.event(event('hosting/tenants/blue/a', facts));
  expect(told).toMatchObject({ target: 'blue/b', err: { name: 'E', message: 'boom' } });
  expect(JSON.stringify(told)).not.toMatch(/green|hosting|stack/);
});

test('a problem is told in words that are the same whatever there is outside', () => {
  const facts = { path: 'hosting/tenants/green', value: 'hosting', remedy: 'Ask green.' };
  const told = view.problem(new CallError('noproc', 'hosting/tenants/green is not there', facts));
  expect(told).toMatchObject({ code: 'noproc', status: 404 });
  expect(JSON.stringify(told)).not.toMatch(/green|hosting/);
  const reason = { tag: 'error' as const, detail: 'green' };
  expect(view.problem(new EnvironmentError('start_failed', 'green', { reason })).reason).toEqual({
    tag: 'error',
  });
});

test('what is wrong with what somebody has sent himself is told to him', () => {
  const problems = [{ path: 'limits.x', value: 1, problem: 'no', remedy: 'none' }];
  expect(view.problem(new SpecError('spec_invalid', 'x', problems)).problems).toEqual(problems);
  expect(view.problem(new CallError('request_malformed', 'after is no number')).detail).toBe(
    'after is no number',
  );
});
