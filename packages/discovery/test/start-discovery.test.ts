/** The real thing, without a network: options, and what must hold where nothing works. */
import { describe, expect, it } from '@jest/globals';
import { readOptions } from '../src/options.js';
import { startDiscovery } from '../src/start-discovery.js';
import { TestCluster } from './simulated-network.js';

const membership = new TestCluster().member();

describe('startDiscovery', () => {
  it('without multicast it knows itself and the static list, and opens nothing', async () => {
    const host = 'a'.repeat(32);
    const known = startDiscovery({
      membership,
      multicast: false,
      staticHosts: [{ host, queue: 'q', names: [{ name: 'db' }] }],
    });
    expect(await known.resolve('db')).toMatchObject({ state: 'held', holders: [{ host, queue: 'q' }] });
    known.advertise('own');
    expect(await known.resolve('own', { waitMs: 5000 })).toMatchObject({
      holders: [{ host: membership.host }],
    });
    expect(known.status()).toEqual({
      links: [],
      dropped: { malformed: 0, flood: 0 },
      refused: {},
      revocations: { number: 0, refused: 0 },
      problems: [],
    });
    await known.close();
    await known.close();
    expect(() => known.advertise('late')).toThrow(expect.objectContaining({ code: 'host_stopped' }));
  });

  it('on a machine without such an interface it starts, knows its own names, and says what is missing', async () => {
    const known = startDiscovery({ membership, interfaces: ['none0'] });
    expect(known.status().problems).toEqual([expect.objectContaining({ code: 'no_link', subject: 'none0' })]);
    known.advertise('own');
    expect(await known.resolve('own', { waitMs: 5000 })).toMatchObject({ state: 'held' });
    await known.close();
  });

  it('where the native backend is forced and cannot be had it says so, and the one in JavaScript serves', async () => {
    const known = startDiscovery({ membership, backend: 'native', interfaces: ['none0'] });
    expect(known.status().problems).toMatchObject([{ code: 'native_missing' }, { code: 'no_link' }]);
    expect(known.status().problems[0]?.remedy).toContain('mdns');
    await known.close();
  });

  it.each([
    [{ leaseMs: 10 }, 'leaseMs'],
    [{ leaseMs: Number.NaN }, 'leaseMs'],
    [{ endpoints: ['amqp://guest:guest@10.0.0.1'] }, 'endpoints'],
    [{ endpoints: ['not an address'] }, 'endpoints'],
    [{ endpoints: Array.from({ length: 5 }, () => 'amqp://10.0.0.1') }, 'endpoints'],
    [{ queue: 'q'.repeat(201) }, 'queue'],
    [{ staticHosts: [{ host: 'web-1' }] }, 'staticHosts'],
    [{ maxClockSkewMs: 0 }, 'maxClockSkewMs'],
    [{ maxHosts: 0 }, 'maxHosts'],
    [{ linkNames: 401 }, 'linkNames'],
  ])('the option %j is refused by name', (options, field) => {
    expect(() => readOptions({ membership, ...options })).toThrow(
      expect.objectContaining({ code: 'host_unfit', field }),
    );
  });
});
