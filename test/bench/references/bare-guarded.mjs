/**
 * As tree-start.mjs, but each worker is one that can be watched from outside: an inspector session is attached to it,
 * and it has started when it has answered there, too. No other way in Node reads the heap of a thread that loops.
 */
import { Session } from 'node:inspector';
import { seconds } from '../clock.mjs';
import { startBareWorkers } from './bare-workers.mjs';

/** @type {import('../subject.mjs').Open} */
export async function open() {
  const session = new Session();
  session.connect();
  /** By name. @type {Map<string, () => void>} */
  const expected = new Map();
  /** By session. @type {Map<string, () => void>} */
  const asked = new Map();
  session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
    const [name = ''] = /bare-\d+/.exec(workerInfo.title) ?? [];
    asked.set(sessionId, expected.get(name) ?? (() => undefined));
    const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression: '1' } });
    session.post('NodeWorker.sendMessageToWorker', { sessionId, message });
  });
  session.on('NodeWorker.receivedMessageFromWorker', ({ params: { sessionId } }) => asked.get(sessionId)?.());
  session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
  let number = 0;
  const watched = () => {
    const name = `bare-${(number += 1)}`;
    /** @type {Promise<void>} */
    const answered = new Promise((resolve) => expected.set(name, resolve));
    return { name, answered };
  };
  return {
    async run({ count }) {
      const started = seconds();
      const workers = await startBareWorkers(count, 2, watched);
      const elapsed = seconds() - started;
      await Promise.all(workers.map((worker) => worker.terminate()));
      expected.clear();
      asked.clear();
      return { count, seconds: elapsed };
    },
    async close() {
      session.disconnect();
    },
  };
}
