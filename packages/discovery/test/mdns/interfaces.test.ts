import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { linkPlaces, placeKey } from '../../src/mdns/interfaces.js';

function v4(address: string, internal = false): NetworkInterfaceInfo {
  return { family: 'IPv4', address, netmask: '255.255.255.0', mac: '', internal, cidr: null };
}

function v6(address: string): NetworkInterfaceInfo {
  return { family: 'IPv6', address, netmask: 'ffff::', mac: '', internal: false, cidr: null, scopeid: 2 };
}

describe('interfaces', () => {
  const list = { lo: [v4('127.0.0.1', true)], eth0: [v4('10.0.0.5'), v6('2001:db8::5'), v6('fe80::5')] };

  it('each interface that leads out is a link per family; only a link-local address makes one of IPv6', () => {
    expect(linkPlaces(list, undefined).map(({ id, via }) => [id, via])).toEqual([
      ['eth0/4', '10.0.0.5'],
      ['eth0/6', '::%eth0'],
    ]);
    expect(linkPlaces({ eth0: [v6('2001:db8::5')] }, undefined)).toEqual([]);
  });

  it('those that are named are taken, and no others, the machine’s own included', () => {
    expect(linkPlaces(list, ['lo']).map(({ id }) => id)).toEqual(['lo/4']);
    expect(linkPlaces(list, ['eth9'])).toEqual([]);
  });

  it('a sender is on the link by its subnet, or by the scope of its address', () => {
    const [four, six] = linkPlaces(list, undefined);
    expect(['10.0.0.77', '10.0.1.77', 'fe80::1%eth0'].map((sender) => four!.isOnLink(sender))).toEqual([
      true,
      false,
      false,
    ]);
    expect(['fe80::1%eth0', 'fe80::1%eth1', '2001:db8::1'].map((sender) => six!.isOnLink(sender))).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('a link with another address is another one', () => {
    const [before] = linkPlaces(list, undefined);
    const [after] = linkPlaces({ eth0: [v4('10.0.0.6')] }, undefined);
    expect(placeKey(before!)).not.toBe(placeKey(after!));
  });
});
