import { expect, test } from '@jest/globals';
import { ManualClock } from '@espalier/core/testing';
import type { MdnsEngine } from '../../src/mdns/engine.js';
import type { InterfaceList } from '../../src/mdns/interfaces.js';
import { MulticastSockets } from '../../src/mdns/sockets.js';
import { Problems } from '../../src/problems.js';

type Link = Parameters<MdnsEngine['attach']>[0];

const LOOPBACK: InterfaceList = {
  lo: [
    {
      address: '127.0.0.1',
      netmask: '255.0.0.0',
      family: 'IPv4',
      mac: '00:00:00:00:00:00',
      internal: true,
      cidr: '127.0.0.1/8',
    },
  ],
};
/** More than any datagram takes. */
const TOO_LARGE = Buffer.alloc(70_000);

test('a packet that fails on a link that has gone meanwhile leaves no problem behind', async () => {
  const clock = new ManualClock();
  let interfaces = LOOPBACK;
  let failed = (): void => undefined;
  const failure = new Promise<void>((resolve) => (failed = resolve));
  const problems = new Problems(({ code }) => {
    if (code === 'send_failed') failed();
  });
  let attached: (link: Link) => void;
  const opened = new Promise<Link>((resolve) => (attached = resolve));
  const engine = {
    attach: (link: Link) => attached(link),
    detach: () => undefined,
    receive: () => undefined,
  } as unknown as MdnsEngine;
  const sockets = new MulticastSockets({
    engine,
    clock,
    listInterfaces: () => interfaces,
    interfaces: ['lo'],
    problems,
  });
  const link = await opened;
  link.send(TOO_LARGE);
  interfaces = {};
  clock.fireNext(1000);
  await failure;
  await new Promise((resolve) => setImmediate(resolve));
  expect(problems.all.map(({ code }) => code)).toEqual(['no_link']);
  await sockets.close();
});
