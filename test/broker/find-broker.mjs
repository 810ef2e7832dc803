/** Where RabbitMQ is on this machine. */
import { existsSync } from 'node:fs';

/** The program itself: the one in /usr/sbin changes the user first, and so takes root. */
const PROGRAMS = [
  '/usr/lib/rabbitmq/bin/rabbitmq-server',
  '/opt/homebrew/sbin/rabbitmq-server',
  '/usr/local/sbin/rabbitmq-server',
];

/** The path of `rabbitmq-server`, or undefined. */
export function findBroker() {
  const named = process.env.RABBITMQ_SERVER;
  return [...(named ? [named] : []), ...PROGRAMS].find((path) => existsSync(path));
}
