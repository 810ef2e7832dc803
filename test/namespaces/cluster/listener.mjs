/** Somebody on the link who is a member of nothing: he joins the group of mDNS, and keeps what he hears. */
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';

/** @type {string[]} */
const heard = [];

/** @param {Record<string, unknown>} line */
function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

createInterface({ input: process.stdin })
  .on('line', (text) => {
    const { id, order, text: sought, address } = JSON.parse(text);
    if (order === undefined) {
      const socket = createSocket({ type: 'udp4', reuseAddr: true });
      socket.on('message', (bytes) => heard.push(bytes.toString('latin1')));
      socket.bind(5353, '0.0.0.0', () => {
        socket.addMembership('224.0.0.251', address);
        say({ started: true });
      });
      return;
    }
    say({ id, value: heard.some((packet) => packet.includes(sought)) });
  })
  .on('close', () => process.exit(0));
