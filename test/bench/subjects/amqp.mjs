/** Two hosts, each a tree with a bridge in a cell of its own, and a broker. */
import { setTimeout as pause } from 'node:timers/promises';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeyPair, issueJoinTicket } from '@espalier/core/identity';
import { openBroker } from '../broker.mjs';
import { startHost } from './host.mjs';

/** @typedef {import('@espalier/supervisor').TreeSpec} TreeSpec */
/** @typedef {import('@espalier/supervisor').Host} Host */

/**
 * A cluster's hosts, with the settings that are left out.
 *
 * @param {string} url
 */
export function openCluster(url) {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-'));
  const root = createKeyPair();
  /** @type {Host[]} */
  const hosts = [];
  return {
    /**
     * @param {string} name
     * @param {Partial<import('@espalier/mq-bridge').BridgeSettings>} settings
     * @param {TreeSpec['children']} [children]
     */
    async host(name, settings, children = []) {
      const files = { key: join(folder, `${name}.key`), ticket: join(folder, `${name}.ticket`) };
      const { privateKey, publicKey } = createKeyPair();
      writeFileSync(files.key, privateKey, { mode: 0o600 });
      writeFileSync(files.ticket, issueJoinTicket(root, { publicKey }));
      const args = { url, ...files, ...settings };
      const bridge = {
        id: 'bridge',
        module: '@espalier/mq-bridge/driver',
        wall: /** @type {const} */ ('process'),
        args,
      };
      const host = await startHost({ name, children: [...children, bridge] });
      hosts.push(host);
      return host;
    },
    async close() {
      await Promise.all(hosts.map((host) => host.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * A sender's tree, and one with what it sends to; there under the same name.
 *
 * @param {{ readonly name: string, readonly module: string, readonly sender: string, readonly durable?: boolean }} pair
 */
export async function openPair({ name, module, sender, durable = false }) {
  const broker = await openBroker();
  const cluster = openCluster(broker.url);
  const [there, here] = await Promise.all([
    cluster.host('there', { exports: { [name]: { durable } } }, [{ id: name, module }]),
    cluster.host('here', { imports: { [name]: { durable } } }, [{ id: 'sender', module: sender }]),
  ]);
  while ((await here.context.whereis(name)) === undefined) await pause(10);
  return {
    here: here.context,
    there: there.context,
    async close() {
      await cluster.close();
      await broker.end();
    },
  };
}

/**
 * Messages one way, `burst` of them a turn.
 *
 * @param {number} burst
 * @param {boolean} durable
 * @returns {import('../subject.mjs').Open}
 */
export function openOneWay(burst, durable) {
  return async () => {
    const module = durable ? './handling-receiver.mjs' : './one-way-receiver.mjs';
    const pair = await openPair({ name: 'receiver', module, sender: './burst-sender.mjs', durable });
    return {
      async run({ payload, count }) {
        const options = { timeoutMs: Infinity };
        const receiving = pair.there.call('receiver', 'expect', [payload, count], options);
        const sent = /** @type {{ begin: number, sum: number }} */ (
          await pair.here.call('sender', 'run', [payload, count, burst], options)
        );
        const received = /** @type {{ end: number, sum: number }} */ (await receiving);
        return { count, seconds: received.end - sent.begin, sums: [sent.sum, received.sum] };
      },
      close: () => pair.close(),
    };
  };
}
