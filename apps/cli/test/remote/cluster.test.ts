import { expect, test } from '@jest/globals';
import type { ClusterStatus } from '@espalier/supervisor/client';
import { lossLines, nameText, remedies, revocationLines } from '../../src/remote/cluster.js';

const own = { host: 'a'.repeat(32), brokers: [], names: 0, isSelf: true };
const other = { host: 'b'.repeat(32), brokers: [], names: 1, isSelf: false };
const WELL: ClusterStatus = {
  host: own.host,
  publicKey: 'k'.repeat(43),
  cluster: 'c'.repeat(32),
  bridge: 'connected',
  brokers: ['amqp://10.0.0.5:5672'],
  hosts: [own, other],
  names: [],
  lost: { undelivered: 0, missing: 0, dropped: {} },
  revocations: { number: 0, refused: 0 },
  problems: [],
};
const REVOKED = { code: 'key_revoked', message: 'the key is revoked', remedy: 'Make a new one.' };

test.each<readonly [string, Partial<ClusterStatus>, readonly RegExp[]]>([
  ['all is well', {}, []],
  ['it is a member of no cluster', { cluster: null, bridge: 'off', hosts: [] }, [/cluster init/]],
  ['no tree wants a bridge', { bridge: 'absent', hosts: [] }, [/Apply a spec with `cluster:/]],
  ['the bridge does not start', { bridge: 'starting', hosts: [] }, [/espalier events/]],
  ['nobody has told of a broker', { bridge: 'connecting', brokers: [] }, [/--broker/]],
  ['the broker was not tried yet', { bridge: 'connecting' }, [/espalier logs/]],
  ['no other host is heard', { hosts: [own] }, [/5353/]],
  ['who told of the broker is gone', { brokers: [], hosts: [own] }, [/5353/]],
  ['it is revoked', { problems: [REVOKED] }, [/^The key is revoked\. Make a new one\.$/]],
])('where %s, each thing that is in the way has one line with what to do', (_title, facts, lines) => {
  const told = remedies({ ...WELL, ...facts });
  expect(told).toEqual(lines.map((line) => expect.stringMatching(line)));
});

test('a name is told with the path of its namespace where that is known, and else with its id', () => {
  const id = 'n'.repeat(22);
  expect(nameText({ name: 'db', namespace: null })).toBe('db');
  expect(nameText({ name: 'db', namespace: { id, path: '/tenants/blue' } })).toBe('db (/tenants/blue)');
  expect(nameText({ name: 'db', namespace: { id, path: null } })).toBe(`db (namespace ${id})`);
});

test('what was lost has one line, where anything was', () => {
  expect(lossLines(WELL)).toEqual([]);
  expect(lossLines({ lost: null })).toEqual([]);
  const lost = { undelivered: 3, missing: 0, dropped: { forged: 2, replayed: 1 } };
  expect(lossLines({ lost })).toEqual([
    'lost since the bridge was started: 3 undelivered, 2 dropped (forged), 1 dropped (replayed)',
  ]);
});

test('the list of revoked hosts has one line, where one is followed or was refused', () => {
  expect(revocationLines(WELL)).toEqual([]);
  expect(revocationLines({ revocations: null })).toEqual([]);
  expect(revocationLines({ revocations: { number: 7, refused: 0 } })).toEqual([
    'list of revoked hosts: number 7 is followed',
  ]);
  expect(revocationLines({ revocations: { number: 7, refused: 1 } })).toEqual([
    'list of revoked hosts: number 7 is followed; 1 question for a newer one refused',
  ]);
});
