import { describe, expect, test } from '@jest/globals';
import { Address } from '../../src/guest/address.js';
import { AddressTable } from '../../src/guest/address-table.js';

function table() {
  const watched: { address: Address; collected: () => void }[] = [];
  const dropped: (readonly [number, number])[] = [];
  const addresses = new AddressTable(
    { watch: (address, collected) => void watched.push({ address, collected }) },
    (handle, count) => dropped.push([handle, count]),
  );
  return { watched, dropped, addresses };
}

describe('addresses', () => {
  test('address: a handle gives the same object as long as anybody has it', () => {
    const { addresses, watched } = table();
    const one = addresses.receive(7);
    expect(addresses.receive(7)).toBe(one);
    expect(addresses.receive(8)).not.toBe(one);
    expect(watched).toHaveLength(2);
    expect(addresses.size).toBe(2);
  });

  test('address: while the object lives, a late report of the collector drops nothing', () => {
    const { addresses, watched, dropped } = table();
    const one = addresses.receive(7);
    watched[0]?.collected();
    expect(dropped).toEqual([]);
    expect(addresses.receive(7)).toBe(one);
  });

  test('address: nothing but an address is taken for one', () => {
    expect(Address.isAddress(new Address(1))).toBe(true);
    for (const other of [
      null,
      undefined,
      1,
      {},
      Object.create(Address.prototype),
      new Proxy(new Address(1), {}),
    ]) {
      expect(Address.isAddress(other)).toBe(false);
    }
  });
});
