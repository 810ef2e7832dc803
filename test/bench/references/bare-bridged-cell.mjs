/**
 * The cell of a host of bare-bridged.mjs. Its main thread lies between the pipe and the thread with the connection, which
 * is this file again.
 */
import { Socket } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import amqp from 'amqplib';
import { framedText } from './framed-text.mjs';

const REPLIES = 'amq.rabbitmq.reply-to';

if (isMainThread) {
  const pipe = framedText(new Socket({ fd: 4, readable: true, writable: true }));
  const thread = new Worker(new URL(import.meta.url), { workerData: JSON.parse(process.argv[2] ?? '') });
  pipe.receive((text) => thread.postMessage(text));
  thread.on('message', (said) => {
    if (typeof said === 'string') pipe.send(said);
    else process.send?.(said);
  });
} else {
  /** @type {{ role: 'caller' | 'server', url: string, queue: string }} */
  const { role, url, queue } = workerData;
  const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);
  const connection = await amqp.connect(url, { noDelay: true });
  const channel = await connection.createChannel();
  await channel.assertQueue(queue, { autoDelete: true });
  const noAck = { noAck: true };
  if (role === 'caller') {
    await channel.consume(REPLIES, (message) => port.postMessage(message?.content.toString() ?? ''), noAck);
    const options = { replyTo: REPLIES };
    port.on('message', (text) => channel.sendToQueue(queue, Buffer.from(text), options));
  } else {
    // One call at a time is under way.
    let replyTo = '';
    await channel.consume(
      queue,
      (message) => {
        replyTo = message?.properties.replyTo;
        port.postMessage(message?.content.toString() ?? '');
      },
      noAck,
    );
    port.on('message', (text) => channel.sendToQueue(replyTo, Buffer.from(text)));
  }
  port.postMessage({ open: true });
}
