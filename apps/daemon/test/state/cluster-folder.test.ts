import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  createKeyPair,
  fingerprint,
  issueJoinTicket,
  revokeHosts,
  type KeyPair,
} from '@espalier/core/identity';
import {
  ClusterFolder,
  clusterFolder,
  readMember,
  type ClusterMember,
} from '../../src/state/cluster-folder.js';

const BROKERS = ['amqp://10.0.0.5:5672'];

function keyPair(isWanted: (publicKey: string) => boolean): KeyPair {
  for (;;) {
    const key = createKeyPair();
    if (isWanted(key.publicKey)) return key;
  }
}

describe('the membership of a host', () => {
  let folder: string;
  const root = createKeyPair();

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'esp-'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  test('begins with a key of the host, which is there at the next start, and is nobody else’s', async () => {
    const { host, publicKey, member } = await ClusterFolder.open(folder);
    expect({ host, member }).toEqual({ host: fingerprint(publicKey), member: undefined });
    expect(statSync(join(clusterFolder(folder), 'host.key')).mode & 0o777).toBe(0o600);
    expect((await ClusterFolder.open(folder)).publicKey).toBe(publicKey);
  });

  test('begins with a key that can be typed as an argument: none with a dash in front', async () => {
    const dashed = keyPair((publicKey) => publicKey.startsWith('-'));
    const other = keyPair((publicKey) => !publicKey.startsWith('-'));
    const made = [dashed, dashed, other];
    const { publicKey } = await ClusterFolder.open(folder, () => made.shift() as KeyPair);
    expect(publicKey).toBe(other.publicKey);
  });

  test('is there from the ticket on, over restarts, until the host leaves', async () => {
    const opened = await ClusterFolder.open(folder);
    const ticket = issueJoinTicket(root, { publicKey: opened.publicKey, broker: 'user:password' });
    await opened.join(`${ticket}\n`, BROKERS);
    const again = (await ClusterFolder.open(folder)).member;
    expect(again?.membership).toMatchObject({
      cluster: fingerprint(root.publicKey),
      broker: 'user:password',
    });
    expect(again?.brokers).toEqual(BROKERS);
    expect(readMember(clusterFolder(folder))).toEqual(again);
    await opened.leave();
    expect(opened.member).toBeUndefined();
    await opened.join(ticket, []);
    expect(opened.member?.brokers).toEqual([]);
  });

  test('is not given beside a list of revoked hosts of another cluster, by which no bridge would start', async () => {
    const opened = await ClusterFolder.open(folder);
    const ticket = issueJoinTicket(root, { publicKey: opened.publicKey });
    const revoked = join(clusterFolder(folder), 'revoked');
    writeFileSync(revoked, revokeHosts(createKeyPair(), []));
    await expect(opened.join(ticket, BROKERS)).rejects.toMatchObject({
      code: 'revocations_refused',
      remedy: expect.stringContaining(revoked) as unknown,
    });
    expect(opened.member).toBeUndefined();
    writeFileSync(revoked, revokeHosts(root, []));
    await opened.join(ticket, BROKERS);
    expect(opened.member?.revoked).toBe(revoked);
  });

  test('follows lists of revoked hosts, the newest alone, and over restarts', async () => {
    const opened = await ClusterFolder.open(folder);
    const first = revokeHosts(root, ['1'.repeat(32)]);
    await expect(opened.followRevocations(first)).rejects.toMatchObject({ code: 'operation_refused' });
    await opened.join(issueJoinTicket(root, { publicKey: opened.publicKey }), []);
    const { revoked } = opened.member as ClusterMember;
    const second = revokeHosts(root, ['2'.repeat(32)], first);
    // At once: whichever comes first, the newer one stays.
    await Promise.allSettled([second, first].map((list) => opened.followRevocations(`${list}\n`)));
    expect(readFileSync(revoked, 'utf8')).toBe(second);
    expect(statSync(revoked).mode & 0o777).toBe(0o600);
    const refused = { code: 'revocations_refused', field: 'list' };
    const other = revokeHosts(root, [], revokeHosts(root, []));
    for (const list of [first, other, revokeHosts(createKeyPair(), []), 'nonsense']) {
      await expect(opened.followRevocations(list)).rejects.toMatchObject(refused);
    }
    await opened.followRevocations(second);
    expect(readdirSync(clusterFolder(folder)).sort()).toEqual([
      'brokers.json',
      'host.key',
      'revoked',
      'ticket',
    ]);
    await opened.leave();
    await opened.join(issueJoinTicket(root, { publicKey: opened.publicKey }), []);
    expect(readFileSync(revoked, 'utf8')).toBe(second);
  });

  test('follows none that is older than what other hosts have told, or that lets a host in again', async () => {
    const opened = await ClusterFolder.open(folder);
    await opened.join(issueJoinTicket(root, { publicKey: opened.publicKey }), []);
    const { revoked, told } = opened.member as ClusterMember;
    const first = revokeHosts(root, ['1'.repeat(32)]);
    const second = revokeHosts(root, ['2'.repeat(32)], first);
    writeFileSync(told, second);
    const refused = (file: string) => ({
      code: 'revocations_refused',
      remedy: expect.stringContaining(file) as unknown,
    });
    await expect(opened.followRevocations(first)).rejects.toMatchObject(refused(told));
    const third = revokeHosts(root, ['3'.repeat(32)], second);
    await opened.followRevocations(third);
    expect(readFileSync(revoked, 'utf8')).toBe(third);
    // Of a root's folder that was set back.
    let [set, number] = [revokeHosts(root, ['1'.repeat(32)]), 1];
    while (number++ < 4) set = revokeHosts(root, [], set);
    await expect(opened.followRevocations(set)).rejects.toMatchObject({ code: 'revocations_refused' });
    writeFileSync(told, revokeHosts(createKeyPair(), []));
    rmSync(revoked);
    await opened.followRevocations(set);
    expect(readFileSync(revoked, 'utf8')).toBe(set);
  });

  test('a list that is none, which keeps the bridge from starting, gives way to one of the cluster', async () => {
    const opened = await ClusterFolder.open(folder);
    await opened.join(issueJoinTicket(root, { publicKey: opened.publicKey }), []);
    const { revoked } = opened.member as ClusterMember;
    writeFileSync(revoked, 'espalier-revoked-1.damaged');
    const list = revokeHosts(root, []);
    await opened.followRevocations(list);
    expect(readFileSync(revoked, 'utf8')).toBe(list);
  });

  test('forgets what hosts of a former cluster have told of their broker', async () => {
    const opened = await ClusterFolder.open(folder);
    const ticket = issueJoinTicket(root, { publicKey: opened.publicKey });
    await opened.join(ticket, BROKERS);
    const { heard } = opened.member as ClusterMember;
    writeFileSync(heard, JSON.stringify(BROKERS));
    await opened.leave();
    await opened.join(ticket, []);
    expect(existsSync(heard)).toBe(false);
  });

  test('is not given by a ticket for another host, and not twice', async () => {
    const opened = await ClusterFolder.open(folder);
    const foreign = issueJoinTicket(root, { publicKey: createKeyPair().publicKey });
    await expect(opened.join(foreign, [])).rejects.toMatchObject({ code: 'ticket_refused' });
    await opened.join(issueJoinTicket(root, { publicKey: opened.publicKey }), []);
    const other = issueJoinTicket(createKeyPair(), { publicKey: opened.publicKey });
    await expect(opened.join(other, [])).rejects.toMatchObject({ code: 'operation_refused' });
    expect(opened.member?.membership.cluster).toBe(fingerprint(root.publicKey));
  });

  test('is told to be unreadable where what stands in the folder is not what it was', async () => {
    const opened = await ClusterFolder.open(folder);
    writeFileSync(join(clusterFolder(folder), 'ticket'), 'espalier-join-1.x');
    expect(() => opened.member).toThrow(expect.objectContaining({ code: 'state_unreadable' }));
    writeFileSync(join(clusterFolder(folder), 'host.key'), 'none');
    await expect(ClusterFolder.open(folder)).rejects.toMatchObject({ code: 'state_unreadable' });
  });
});
