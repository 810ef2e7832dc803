import { expect, test } from '@jest/globals';
import { BrokerAddresses } from '../../src/cluster/broker-addresses.js';

test('addresses of the broker are tried one after the other, as the directory has them by then', () => {
  let brokers = ['amqp://10.0.0.5:5672', 'amqps://10.0.0.6'];
  const addresses = new BrokerAddresses({ brokers: () => brokers }, undefined);
  expect([addresses.next(), addresses.next(), addresses.next()]).toEqual([...brokers, brokers[0]]);
  brokers = ['amqp://10.0.0.7'];
  expect(addresses.next()).toBe('amqp://10.0.0.7');
});

test('an address gets the login of the ticket, whatever letters that has', () => {
  const addresses = new BrokerAddresses({ brokers: () => ['amqp://10.0.0.5:5672'] }, 'host:a:b@c/%');
  const url = new URL(addresses.next() ?? '');
  expect([url.host, decodeURIComponent(url.username), decodeURIComponent(url.password)]).toEqual([
    '10.0.0.5:5672',
    'host',
    'a:b@c/%',
  ]);
});

test('there is none while nobody has said one, and none of another protocol', () => {
  let brokers: string[] = [];
  const addresses = new BrokerAddresses({ brokers: () => brokers }, 'user:password');
  expect(addresses.next()).toBeUndefined();
  brokers = ['http://10.0.0.5'];
  expect(addresses.next()).toBeUndefined();
});
