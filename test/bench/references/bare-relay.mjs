/**
 * The way that a message takes from a thread of one process through a second process to a thread of a third, with nothing
 * on it but Node: thread, port, main thread, pipe, main thread, pipe, main thread, port, thread. Batches as in
 * pipe-one-way.mjs, made and read by the threads; whoever is on the way passes bytes on and looks into nothing. No more is on
 * the way than a mailbox takes: the receiver says, by the same way back, what it has read.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('./bare-relay-process.mjs', import.meta.url));

/** @param {'sender' | 'receiver'} role */
function startProcess(role) {
  const child = spawn(process.execPath, [FILE, role], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'],
  });
  const ended = once(child, 'exit');
  return {
    pipe: /** @type {import('node:net').Socket} */ (child.stdio[4]),
    /** @param {object} question */
    async ask(question) {
      const answer = once(child, 'message');
      child.send(question);
      const [value] = await answer;
      return value;
    },
    async end() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** @type {import('../subject.mjs').Open} */
export async function open() {
  const sender = startProcess('sender');
  const receiver = startProcess('receiver');
  sender.pipe.on('data', (chunk) => receiver.pipe.write(chunk));
  receiver.pipe.on('data', (chunk) => sender.pipe.write(chunk));
  return {
    async run({ payload, count }) {
      await receiver.ask({ expect: count, payload });
      const [sent, received] = await Promise.all([
        sender.ask({ send: count, payload }),
        receiver.ask({ total: true }),
      ]);
      return { count, seconds: received.finished - sent.started, sums: [sent.sum, received.sum] };
    },
    async close() {
      await Promise.all([sender.end(), receiver.end()]);
    },
  };
}
