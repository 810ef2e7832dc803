/**
 * The way of a call to a thread on another host, with nothing on it but Node and amqplib: thread, port, main thread, pipe,
 * main thread of a cell, port, thread with a connection, broker, and the same the other way round; then all of it back.
 * Whoever is on the way passes texts on. What a bridge adds to it: order, acknowledgements, seals, credit.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { openBroker } from '../broker.mjs';
import { framedText } from './framed-text.mjs';

const CELL = fileURLToPath(new URL('./bare-bridged-cell.mjs', import.meta.url));
const END = new URL('./bare-bridged-end.mjs', import.meta.url);

/**
 * One host: a thread of this process, and a cell that has its connection.
 *
 * @param {'caller' | 'server'} role @param {string} url @param {string} queue
 */
async function startHost(role, url, queue) {
  const child = spawn(process.execPath, [CELL, JSON.stringify({ role, url, queue })], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'],
  });
  const ended = once(child, 'exit');
  const pipe = framedText(/** @type {import('node:net').Socket} */ (child.stdio[4]));
  const thread = new Worker(END, { workerData: { role } });
  pipe.receive((text) => thread.postMessage(text));
  await once(child, 'message');
  /** @type {(answer: any) => void} */
  let answered = () => undefined;
  thread.on('message', (said) => {
    if (typeof said === 'string') pipe.send(said);
    else answered(said);
  });
  return {
    /** @param {object} question @returns {Promise<any>} */
    ask(question) {
      const answer = new Promise((resolve) => (answered = resolve));
      thread.postMessage(question);
      return answer;
    },
    async end() {
      await thread.terminate();
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** @type {import('../subject.mjs').Open} */
export async function open() {
  const broker = await openBroker();
  const queue = `bare-bridged-${process.pid}`;
  const server = await startHost('server', broker.url, queue);
  const caller = await startHost('caller', broker.url, queue);
  return {
    async run({ payload, count }) {
      await server.ask({ begin: payload });
      const { seconds, sum } = await caller.ask({ call: count, payload });
      const { total } = await server.ask({ total: true });
      return { count, seconds, sums: [sum, total] };
    },
    async close() {
      await Promise.all([server.end(), caller.end()]);
      await broker.end();
    },
  };
}
