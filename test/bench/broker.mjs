/** One private RabbitMQ (test/broker/keeper.mjs) for all sides of a measuring process; it ends with the process at the latest. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { findBroker } from '../broker/find-broker.mjs';

const KEEPER = fileURLToPath(new URL('../broker/keeper.mjs', import.meta.url));
const HOST = '127.0.0.1';

/** @typedef {{ readonly port: number, readonly url: string, readonly end: () => Promise<void> }} Broker */

/** @type {{ users: number, broker: Promise<Broker> } | undefined} */
let shared;

/**
 * The same for all who have it at a time; each gives it back by `end`.
 *
 * @returns {Promise<Broker>}
 */
export async function openBroker() {
  shared ??= { users: 0, broker: startBroker() };
  const { broker } = shared;
  shared.users += 1;
  const { port, url, end } = await broker;
  return {
    port,
    url,
    async end() {
      if (shared === undefined || --shared.users > 0) return;
      shared = undefined;
      await end();
    },
  };
}

/** @param {number} port */
export const urlOf = (port) => `amqp://guest:guest@${HOST}:${port}`;

async function startBroker() {
  const program = findBroker();
  if (program === undefined) throw new Error('RabbitMQ is not installed: node scripts/broker.mjs says how');
  const keeper = spawn(process.execPath, [KEEPER, program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: keeper.stdout });
  keeper.stdin.write('start\n');
  const [line] = await once(lines, 'line');
  const { error, ...answer } = JSON.parse(line);
  // A keeper of several nodes tells the ports of all.
  const [port] = answer.ports ?? [answer.port];
  if (port === undefined) throw new Error(error);
  return {
    port,
    url: urlOf(port),
    async end() {
      const ended = once(keeper, 'exit');
      keeper.stdin.end();
      await ended;
    },
  };
}
