import { expect, test } from '@jest/globals';
import { errorOf, hostStarter, worker, type Worker } from './embedded.js';

const startHost = hostStarter();

test('what the application is linked to may end: it gets an exit item, and keeps its hold on the tree', async () => {
  const { host } = await startHost([worker('a')]);
  host.context.link(await host.address('tree/a'));
  await errorOf(host.ref<Worker>('a').call.exit({ tag: 'error' }));
  expect(await host.context.receive()).toMatchObject({ type: 'exit', reason: { tag: 'error' } });
  expect(await host.whichChildren('tree')).toHaveLength(1);
});

test('when its endpoint is killed, the tree ends with it, and nothing is waited for in vain', async () => {
  const { host } = await startHost([worker('a')]);
  const ended = errorOf(host.ended);
  host.context.kill(host.context.self);
  expect(await ended).toMatchObject({ code: 'kernel_fault' });
  expect(await errorOf(host.whichChildren('tree'))).toMatchObject({ code: 'kernel_fault' });
  expect(await host.stop()).toEqual({ stuck: [] });
});

test('once the host has been stopped, whatever its context asks of the kernel is refused, and nothing waits for ever', async () => {
  const { host } = await startHost([worker('a')]);
  const { context } = host;
  const address = await host.address('tree/a');
  await host.stop();
  const refused = [
    () => context.whereis('a'),
    () => context.monitor(address),
    () => context.register('me'),
    () => context.spawn({ module: './worker.ts' }),
    () => host.ref('a').address(),
  ];
  for (const ask of refused) expect(await errorOf(ask())).toMatchObject({ code: 'cancelled' });
  for (const target of ['a', address])
    expect(await errorOf(context.call(target, 'pid', []))).toMatchObject({ code: 'noproc' });
});
