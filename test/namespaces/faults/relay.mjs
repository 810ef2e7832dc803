/**
 * Stands before the broker, which listens on loopback, and keeps what passes for a while, both ways and in order: a kernel need not have `tc netem`.
 *
 *   node relay.mjs <address> <port> <port of the broker>     each line on its standard input: the delay in ms
 */
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const [address = '', port, broker] = process.argv.slice(2);
let delayMs = 0;

/** @param {import('node:net').Socket} from @param {import('node:net').Socket} to */
function pass(from, to) {
  let last = Promise.resolve();
  /** @param {() => void} work */
  const later = (work) => {
    const due = performance.now() + delayMs;
    // One after the other: timers of different lengths may swap places.
    last = last.then(async () => {
      await sleep(Math.max(0, due - performance.now()));
      work();
    });
  };
  from.on('error', () => undefined);
  from.on('data', (bytes) => later(() => to.write(bytes)));
  from.on('close', () => to.destroy());
}

const server = createServer((near) => {
  const far = connect(Number(broker), '127.0.0.1');
  pass(near, far);
  pass(far, near);
});
server.listen(Number(port), address, () => process.stdout.write('{"ready":true}\n'));
createInterface({ input: process.stdin })
  .on('line', (line) => (delayMs = Number(line)))
  .on('close', () => process.exit(0));
