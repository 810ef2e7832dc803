import { setImmediate as nextTurn } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import amqp from 'amqplib';
import { seconds } from '../clock.mjs';
import { payload } from '../payloads.mjs';
import { answer } from './answer.mjs';

/** @typedef {import('../payloads.mjs').PayloadName} PayloadName */

/** @type {{ role: 'sender' | 'receiver', url: string, queue: string, mode: 'transient' | 'durable' | 'rpc', burst: number }} */
const { role, url, queue, mode, burst } = workerData;
const durable = mode === 'durable';
/** As many as a bridge has unconfirmed and unacknowledged at most. */
const WINDOW = 1000;
const REPLIES = 'amq.rabbitmq.reply-to';

/** @type {import('amqplib').Channel | import('amqplib').ConfirmChannel} */
let channel;
/** @type {(message: import('amqplib').ConsumeMessage) => void} */
let take = () => undefined;

async function open() {
  const connection = await amqp.connect(url, { noDelay: true });
  channel = durable ? await connection.createConfirmChannel() : await connection.createChannel();
  await channel.assertQueue(queue, { durable, autoDelete: !durable });
  if (durable) await channel.prefetch(WINDOW);
  const from = role === 'receiver' ? queue : mode === 'rpc' ? REPLIES : undefined;
  if (from !== undefined)
    await channel.consume(from, (message) => message !== null && take(message), { noAck: !durable });
  return { open: true };
}

/** @param {unknown} value */
const bytesOf = (value) => Buffer.from(JSON.stringify(value));

/** @type {Promise<{ finished: number, sum: number }>} */
let received;

/** @param {number} count @param {PayloadName} name */
function expect(count, name) {
  const { sum } = payload(name);
  let left = count;
  let total = 0;
  received = new Promise((resolve) => {
    take = (message) => {
      const one = sum(JSON.parse(message.content.toString()));
      total += one;
      if (durable) channel.ack(message);
      if (mode === 'rpc') {
        const { replyTo, correlationId } = message.properties;
        channel.sendToQueue(replyTo, bytesOf(one), { correlationId });
      }
      left -= 1;
      if (left === 0) resolve({ finished: seconds(), sum: total });
    };
  });
  return { ready: true };
}

/** One way, a burst a turn. @param {number} count @param {PayloadName} name */
async function send(count, name) {
  const { build, sum } = payload(name);
  let total = 0;
  let unconfirmed = 0;
  /** @type {(() => void) | undefined} */
  let proceed;
  const confirmed = () => {
    unconfirmed -= 1;
    proceed?.();
  };
  const started = seconds();
  for (let i = 0; i < count; i += 1) {
    const message = build(i);
    total += sum(message);
    if (durable) {
      while (unconfirmed >= WINDOW) await new Promise((resolve) => (proceed = () => resolve(undefined)));
      unconfirmed += 1;
      /** @type {import('amqplib').ConfirmChannel} */ (channel).sendToQueue(
        queue,
        bytesOf(message),
        { persistent: true },
        confirmed,
      );
    } else if (!channel.sendToQueue(queue, bytesOf(message)))
      await new Promise((resolve) => channel.once('drain', () => resolve(undefined)));
    if ((i + 1) % burst === 0) await nextTurn();
  }
  return { started, finished: seconds(), sum: total };
}

/** One call after the other. @param {number} count @param {PayloadName} name */
function call(count, name) {
  const { build } = payload(name);
  const options = (/** @type {number} */ i) => ({ replyTo: REPLIES, correlationId: String(i) });
  return new Promise((resolve) => {
    let i = 0;
    let total = 0;
    const started = seconds();
    take = ({ content, properties }) => {
      if (properties.correlationId !== String(i)) return;
      total += JSON.parse(content.toString());
      i += 1;
      if (i < count) channel.sendToQueue(queue, bytesOf(build(i)), options(i));
      else resolve({ started, finished: seconds(), sum: total });
    };
    channel.sendToQueue(queue, bytesOf(build(0)), options(0));
  });
}

answer((question) => {
  if ('open' in question) return open();
  if ('expect' in question) return expect(question.expect, question.payload);
  if ('send' in question)
    return mode === 'rpc' ? call(question.send, question.payload) : send(question.send, question.payload);
  return received;
});
