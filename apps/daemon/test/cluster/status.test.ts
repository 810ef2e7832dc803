/** What a member is told of itself where something is in the way: no broker is needed to find that there is none. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createKeyPair, issueJoinTicket, revokeHosts } from '@espalier/core/identity';
import type { ClusterStatus } from '@espalier/supervisor/client';
import { ask } from '../api/ask.js';
import { FIXTURES, freshFolder, removeFolder, RunningDaemon } from '../running-daemon.js';

const folder = freshFolder();
const root = createKeyPair();
/** Nobody listens there. */
const BROKER = 'amqp://127.0.0.1:1';
const SPEC = JSON.stringify({
  name: 'shop',
  cluster: { exports: { counter: {} } },
  children: [{ id: 'counter', module: './counter.ts', args: { start: 0 } }],
});
let daemon: RunningDaemon;

beforeAll(async () => {
  daemon = await RunningDaemon.start(folder);
});

afterAll(async () => {
  await daemon.kill('SIGTERM');
  removeFolder(folder);
});

/** Asks until it is so. */
async function statusThat(isSo: (status: ClusterStatus) => boolean): Promise<ClusterStatus> {
  for (;;) {
    const status = await daemon.client.cluster();
    if (isSo(status)) return status;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const told = (code: string) => (status: ClusterStatus) =>
  status.problems.some((problem) => problem.code === code);

test('a member says what keeps it from the broker and from others, and what to do', async () => {
  const { host, publicKey } = await daemon.client.cluster();
  await daemon.client.joinCluster({ ticket: issueJoinTicket(root, { publicKey }), brokers: [BROKER] });
  await daemon.client.apply({ text: SPEC, base: FIXTURES.href });

  const unreachable = await statusThat(told('broker_unreachable'));
  expect(unreachable).toMatchObject({
    bridge: 'connecting',
    brokers: [BROKER],
    lost: { undelivered: 0, missing: 0, dropped: {} },
    revocations: { number: 0, refused: 0 },
  });
  const { message, remedy } = unreachable.problems.find(({ code }) => code === 'broker_unreachable') ?? {};
  expect(message).toContain('ECONNREFUSED');
  expect(remedy).toContain('--broker');

  // A list that comes under the running daemon.
  writeFileSync(join(folder, 'cluster', 'revoked'), revokeHosts(root, [host]));
  const revoked = await statusThat(told('key_revoked'));
  expect(revoked.problems.find(({ code }) => code === 'key_revoked')?.message).toContain(host);
  expect(revoked.revocations).toEqual({ number: 1, refused: 0 });

  const left = await daemon.client.leaveCluster();
  expect(left).toMatchObject({
    cluster: null,
    bridge: 'off',
    hosts: [],
    names: [],
    lost: null,
    revocations: null,
    problems: [],
  });
});

test('what the bridge has lost is a part of the metrics, for who sees the whole tree; to others it tells nothing of the cluster', async () => {
  const { publicKey } = await daemon.client.cluster();
  await daemon.client.joinCluster({ ticket: issueJoinTicket(root, { publicKey }), brokers: [BROKER] });
  await statusThat(({ bridge }) => bridge === 'connecting');
  const metrics = await daemon.client.metrics();
  expect(metrics).toMatch(/^espalier_bridge_undelivered_messages 0$/m);
  expect(metrics).toMatch(/^espalier_bridge_missing_frames 0$/m);
  expect(metrics).toMatch(/^# HELP espalier_bridge_dropped_frames /m);

  const { token } = await daemon.client.makeToken({ path: 'shop', right: 'control' });
  const headers = { authorization: `Bearer ${token}` };
  const own = await ask(folder, 'GET', '/v1/metrics', { headers });
  expect(own.text).toContain('espalier_node_running');
  expect(own.text).not.toContain('espalier_bridge');
  const call = (operation: string) =>
    ask(folder, 'POST', '/v1/nodes/shop%2Fcluster%2Fbridge/call', { headers, body: { operation } });
  expect((await call('report')).document).toMatchObject({ code: 'no_such_operation' });
  expect((await call('losses')).document['value']).toMatchObject({ undelivered: 0 });
  await daemon.client.leaveCluster();
});

test('a member whose bridge does not start says so, and not that there is none', async () => {
  const { publicKey } = await daemon.client.cluster();
  await daemon.client.joinCluster({ ticket: issueJoinTicket(root, { publicKey }), brokers: [BROKER] });
  // Of another cluster: by that no bridge starts.
  writeFileSync(join(folder, 'cluster', 'revoked'), revokeHosts(createKeyPair(), []));
  await daemon.client.change('restart', 'shop/cluster/bridge').catch(() => undefined);
  expect((await daemon.client.cluster()).bridge).toBe('starting');
});
