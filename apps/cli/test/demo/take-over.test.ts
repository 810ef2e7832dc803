import { expect, test } from '@jest/globals';
import { seeTakeOver } from '../../src/demo/take-over.js';

/** Orders, as they are done by those hosts one after the other. */
function ordersDoneBy(...hosts: readonly string[]) {
  const ordered: string[] = [];
  const said: string[] = [];
  const order = async (job: string): Promise<string> => {
    ordered.push(job);
    return hosts[ordered.length - 1] ?? 'nobody';
  };
  return { ordered, said, order, say: (step: string) => void said.push(step) };
}

const COFFEE = { job: 'coffee', gone: 'alpha', orders: 3 };

test('who has done what was ordered after the end of another has taken over', async () => {
  const { ordered, said, ...demo } = ordersDoneBy('beta');
  expect(await seeTakeOver({ ...demo, ...COFFEE })).toBe('beta');
  expect({ ordered, said }).toEqual({ ordered: ['coffee'], said: [] });
});

test('what the one that is gone does in its last moment is told, and another job ordered', async () => {
  const { ordered, said, ...demo } = ordersDoneBy('alpha', 'beta');
  expect(await seeTakeOver({ ...demo, ...COFFEE })).toBe('beta');
  expect(ordered).toEqual(['coffee', 'coffee 2']);
  expect(said).toEqual([expect.stringContaining('alpha')]);
});

test('one that goes on doing everything is not gone', async () => {
  const { ordered, said: _said, ...demo } = ordersDoneBy('alpha', 'alpha', 'alpha', 'beta');
  expect(await seeTakeOver({ ...demo, ...COFFEE })).toBeUndefined();
  expect(ordered).toHaveLength(3);
});
