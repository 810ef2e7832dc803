/** What bridges say to the broker while nobody uses them: they speak through a proxy that counts. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { openBroker, urlOf } from '../broker.mjs';
import { openCluster } from './amqp.mjs';

const HOSTS = 3;
const [SETTLED_MS, MEASURED_MS] = [5_000, 20_000];

/** AMQP 0-9-1, section 4.2.3: type, channel, size, then the payload and an end octet. */
const [HEAD, TAIL, METHOD, PUBLISH] = [7, 1, 1, (60 << 16) | 40];
/** What a client says first. */
const GREETING = 8;

/** How many messages a stream of bytes publishes. @param {() => void} published */
function reader(published) {
  let bytes = Buffer.alloc(0);
  let skipped = false;
  return (/** @type {Buffer} */ more) => {
    bytes = Buffer.concat([bytes, more]);
    if (!skipped && bytes.length >= GREETING) {
      skipped = true;
      bytes = bytes.subarray(GREETING);
    }
    while (skipped && bytes.length >= HEAD) {
      const length = HEAD + bytes.readUInt32BE(3) + TAIL;
      if (bytes.length < length) return;
      if (bytes[0] === METHOD && bytes.readUInt32BE(HEAD) === PUBLISH) published();
      bytes = bytes.subarray(length);
    }
  };
}

/** @type {import('../subject.mjs').Open} */
export async function open() {
  const broker = await openBroker();
  let published = 0;
  const proxy = createServer((socket) => {
    const onward = connect(broker.port, '127.0.0.1');
    socket.on(
      'data',
      reader(() => (published += 1)),
    );
    socket.pipe(onward).pipe(socket);
    for (const one of [socket, onward]) one.on('error', () => undefined);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (proxy.address());
  return {
    async run({ count }) {
      const cluster = openCluster(urlOf(port));
      try {
        const names = Array.from({ length: HOSTS }, (_, n) => `h${n}`);
        const hosts = await Promise.all(
          names.map((name) => {
            const others = names.filter((other) => other !== name);
            return cluster.host(
              name,
              { exports: { [name]: {} }, imports: Object.fromEntries(others.map((other) => [other, {}])) },
              [{ id: name, module: './idle.mjs' }],
            );
          }),
        );
        for (const { context } of hosts)
          for (const name of names) while ((await context.whereis(name)) === undefined) await pause(10);
        await pause(SETTLED_MS);
        const before = published;
        const start = performance.now();
        await pause(MEASURED_MS);
        const perSecond = (published - before) / ((performance.now() - start) / 1000);
        return { count, amount: perSecond / HOSTS };
      } finally {
        await cluster.close();
      }
    },
    async close() {
      proxy.close();
      await broker.end();
    },
  };
}
