/** Another program that has UDP port 5353 for itself over IPv4, for some seconds. */
import { createSocket } from 'node:dgram';

const HELD_MS = 4000;

const socket = createSocket('udp4');
socket.bind(5353, '0.0.0.0', () => {
  process.stdout.write(`${JSON.stringify({ started: true })}\n`);
  setTimeout(() => socket.close(), HELD_MS);
});
process.stdin.on('close', () => process.exit(0)).resume();
