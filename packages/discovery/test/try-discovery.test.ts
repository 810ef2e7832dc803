/** With the machine's own interfaces: whether there are any that carry multicast is for the trial to say. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { tryDiscovery } from '../src/try-discovery.js';

it('says of a machine without such an interface that it hears nothing, and what to do', async () => {
  const { links, problems } = await tryDiscovery({ pause, interfaces: ['none0'] });
  expect(links).toEqual([]);
  expect(problems).toEqual([expect.objectContaining({ code: 'no_link', subject: 'none0' })]);
  expect(problems[0]?.remedy).toContain('interface');
});

it('decides of each link of this machine whether it hears itself, and has a remedy for each that does not', async () => {
  const { links, problems } = await tryDiscovery({ pause });
  expect(links.map(({ hearing }) => hearing)).not.toContain('trying');
  const deaf = links.filter(({ hearing }) => hearing === 'deaf').map(({ id }) => id);
  const told = problems.filter(({ code }) => code === 'deaf').map(({ subject }) => subject);
  expect(told.sort()).toEqual(deaf.sort());
  expect(links.length + problems.length).toBeGreaterThan(0);
});
