import { describe, expect, test } from '@jest/globals';
import type { AdvertiseOptions, Directory } from '@espalier/core/directory';
import type { BridgeEvent } from '../../src/engine/local-side.js';
import { Offers } from '../../src/engine/offers.js';

const EXPORTS = {
  prices: {},
  jobs: { durable: true },
  thumbnails: { durable: true, holders: 'many' },
} as const;

/** What stands in the directory, by name. */
function world(refuses: (name: string) => boolean = () => false) {
  const offered = new Map<string, AdvertiseOptions>();
  const reported: BridgeEvent[] = [];
  const directory: Pick<Directory, 'advertise'> = {
    advertise(name, options = {}) {
      if (refuses(name)) throw new Error('there is no room');
      offered.set(name, options);
      return { name, incarnation: 1, withdraw: () => offered.delete(name) };
    },
  };
  const offers = new Offers(directory, EXPORTS, (event) => reported.push(event));
  const heed = (...events: BridgeEvent[]): void => events.forEach((event) => offers.heed(event));
  return { offered, reported, heed };
}

const CONNECTED: BridgeEvent = { kind: 'connected', incarnation: 'i' };
const CUT: BridgeEvent = { kind: 'disconnected', why: 'cut' };

describe('what a bridge offers in the directory', () => {
  test('is a transient name while its environment runs, and the broker is reached', () => {
    const { offered, heed } = world();
    heed({ kind: 'exported', name: 'prices' });
    expect([...offered]).toEqual([]);
    heed(CONNECTED);
    expect(offered.get('prices')).toEqual({ holding: 'host' });
    heed({ kind: 'withdrawn', name: 'prices' });
    expect(offered.has('prices')).toBe(false);
  });

  test('is a shared name as long as the broker is reached', () => {
    const { offered, heed } = world();
    heed(CONNECTED);
    expect([...offered]).toEqual([['thumbnails', { holding: 'many' }]]);
    heed(CUT);
    expect([...offered]).toEqual([]);
  });

  test('is a name with one holder from the term on that the broker has given, under its number', () => {
    const { offered, heed } = world();
    heed(CONNECTED);
    expect(offered.has('jobs')).toBe(false);
    heed({ kind: 'holding', name: 'jobs', fence: 7 });
    expect(offered.get('jobs')).toEqual({ holding: 'unique', incarnation: 7 });
  });

  test('comes back with the connection, but for what somebody else may hold by then', () => {
    const { offered, heed } = world();
    heed(CONNECTED, { kind: 'exported', name: 'prices' }, { kind: 'holding', name: 'jobs', fence: 7 });
    heed(CUT, CONNECTED);
    expect([...offered.keys()].sort()).toEqual(['prices', 'thumbnails']);
  });

  test('is reported where the directory refuses it, and the others go on', () => {
    const { offered, reported, heed } = world((name) => name === 'prices');
    heed(CONNECTED, { kind: 'exported', name: 'prices' });
    expect(reported).toEqual([{ kind: 'name-refused', name: 'prices', why: 'there is no room' }]);
    expect([...offered.keys()]).toEqual(['thumbnails']);
  });
});
