/** The other process of the references that measure a raw pipe, on its main thread: says what it is told to by one frame. */
import { Socket } from 'node:net';
import { seconds } from '../clock.mjs';
import { payload } from '../payloads.mjs';
import { framedPipe } from './framed-pipe.mjs';

const pipe = framedPipe(new Socket({ fd: 3, readable: true, writable: true }));

/** Answers each of `count` messages, then sends the sum of what has come. @param {any} order */
function echo(order) {
  const { build, sum } = payload(order.payload);
  let i = 0;
  let total = 0;
  pipe.receive((message) => {
    total += sum(message);
    pipe.send(build(i));
    i += 1;
    if (i < order.count) return;
    pipe.receive(obey);
    pipe.send({ sum: total });
  });
}

/** Takes batches until there were `count` messages, then says when, and their sum. @param {any} order */
function collect(order) {
  const { sum } = payload(order.payload);
  let left = order.count;
  let total = 0;
  pipe.receive((batch) => {
    for (const message of batch) total += sum(message);
    left -= batch.length;
    if (left > 0) return;
    pipe.receive(obey);
    pipe.send({ finished: seconds(), sum: total });
  });
}

/** @param {any} order */
function obey(order) {
  if (order.role === 'echo') echo(order);
  else collect(order);
}

pipe.receive(obey);
