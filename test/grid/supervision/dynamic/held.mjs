/** What a heap holds after garbage was collected: objects, counted by their class. */
import { Session } from 'node:inspector/promises';
import { queryObjects } from 'node:v8';

/** Everything inherits from one of them. */
const CLASSES = ['Object', 'Map', 'Set', 'Array', 'Function'];

/** @typedef {Record<string, number>} Counts */

/** Of this thread. */
export function heldHere() {
  return Object.fromEntries(
    CLASSES.map((name) => {
      const constructor = /** @type {Function} */ (/** @type {any} */ (globalThis)[name]);
      return [name, queryObjects(constructor, { format: 'count' })];
    }),
  );
}

/**
 * Of a worker thread of this process, through the inspector.
 *
 * @param {string} title a part of the worker's name
 * @returns {Promise<Counts>}
 */
export async function heldInWorker(title) {
  const session = new Session();
  session.connect();
  /** @type {string | undefined} */
  let worker;
  /** @type {Map<number, (result: any) => void>} */
  const waiting = new Map();
  session.on('NodeWorker.attachedToWorker', ({ params }) => {
    if (params.workerInfo.title.includes(title)) worker = params.sessionId;
  });
  session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
    const { id, result } = JSON.parse(params.message);
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  await session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
  if (worker === undefined) throw new Error(`no worker is called '${title}'`);
  const sessionId = worker;
  let last = 0;
  /** @param {string} method @param {object} params @returns {Promise<any>} */
  const ask = (method, params) =>
    new Promise((resolve) => {
      const id = ++last;
      waiting.set(id, resolve);
      const message = JSON.stringify({ id, method, params });
      void session.post('NodeWorker.sendMessageToWorker', { sessionId, message });
    });
  /** @type {Counts} */
  const counts = {};
  const objectGroup = 'held';
  for (const name of CLASSES) {
    const expression = `globalThis.${name}.prototype`;
    const { result: prototype } = await ask('Runtime.evaluate', { expression, objectGroup });
    // Collects garbage first.
    const { objects } = await ask('Runtime.queryObjects', {
      prototypeObjectId: prototype.objectId,
      objectGroup,
    });
    const functionDeclaration = 'function () { return this.length; }';
    const { objectId } = objects;
    const { result } = await ask('Runtime.callFunctionOn', {
      objectId,
      functionDeclaration,
      returnByValue: true,
    });
    counts[name] = result.value;
    await ask('Runtime.releaseObjectGroup', { objectGroup });
  }
  await session.post('NodeWorker.disable');
  session.disconnect();
  return counts;
}
