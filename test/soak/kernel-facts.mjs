/**
 * Looks into the kernel's thread through the inspector: its heap after a collection, and how many of its
 * records there are. A leak of one of them is seen at once, however small it is.
 */
import { Session } from 'node:inspector/promises';

/** Classes of the kernel, by their names in its bundle. */
const CLASSES = ['Guest', 'Environment', 'Channel', 'PortLink', 'NodeThread'];

const GROUP = 'soak';

/** @typedef {{ heapMb: number, handles: number, names: number, records: Record<string, number> }} KernelFacts */
/** @typedef {(method: string, params?: object) => Promise<any>} Ask */

/** @returns {Promise<KernelFacts>} */
export async function kernelFacts() {
  const session = new Session();
  session.connect();
  try {
    const ask = await attach(session);
    await ask('HeapProfiler.enable');
    await ask('HeapProfiler.collectGarbage');
    const { usedSize } = await ask('Runtime.getHeapUsage');
    const instances = await instancesByClass(session, ask);
    const sum = (/** @type {string} */ name, /** @type {string} */ expression) =>
      sumOver(ask, instances[name] ?? [], expression);
    return {
      heapMb: Math.round((usedSize / 1024 / 1024) * 100) / 100,
      handles: await sum('Guest', 'this.handles'),
      names: await sum('Names', 'this.size'),
      records: Object.fromEntries(CLASSES.map((name) => [name, instances[name]?.length ?? 0])),
    };
  } finally {
    await session.post('NodeWorker.disable');
    session.disconnect();
  }
}

/** @param {Session} session @returns {Promise<Ask>} */
async function attach(session) {
  /** @type {Promise<string>} */
  const attached = new Promise((resolve) => {
    session.on('NodeWorker.attachedToWorker', ({ params }) => {
      if (params.workerInfo.title.includes('espalier kernel')) resolve(params.sessionId);
    });
  });
  await session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
  const sessionId = await attached;
  let last = 0;
  /** @type {Map<number, { resolve: (result: unknown) => void, reject: (error: Error) => void }>} */
  const asked = new Map();
  session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
    if (params.sessionId !== sessionId) return;
    const message = JSON.parse(params.message);
    if (message.method === 'HeapProfiler.addHeapSnapshotChunk') {
      session.emit('chunk', message.params.chunk);
      return;
    }
    const waiting = asked.get(message.id);
    asked.delete(message.id);
    if (message.error === undefined) waiting?.resolve(message.result);
    else waiting?.reject(new Error(message.error.message));
  });
  return (method, params = {}) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      asked.set(id, { resolve, reject });
      const message = JSON.stringify({ id, method, params });
      session.post('NodeWorker.sendMessageToWorker', { sessionId, message }).catch(reject);
    });
}

/** Ids of the objects of each class. @param {Session} session @param {Ask} ask */
async function instancesByClass(session, ask) {
  let text = '';
  const add = (/** @type {string} */ chunk) => {
    text += chunk;
  };
  session.on('chunk', add);
  await ask('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  session.off('chunk', add);
  const { snapshot, nodes, strings } = JSON.parse(text);
  const fields = /** @type {string[]} */ (snapshot.meta.node_fields);
  const [type, name, id] = ['type', 'name', 'id'].map((field) => fields.indexOf(field));
  const isObject = snapshot.meta.node_types[0].indexOf('object');
  const wanted = new Set([...CLASSES, 'Names']);
  /** @type {Record<string, string[]>} */
  const found = {};
  for (let at = 0; at < nodes.length; at += fields.length) {
    const className = strings[nodes[at + Number(name)]];
    if (nodes[at + Number(type)] !== isObject || !wanted.has(className)) continue;
    (found[className] ??= []).push(String(nodes[at + Number(id)]));
  }
  return found;
}

/** @param {Ask} ask @param {readonly string[]} ids @param {string} expression */
async function sumOver(ask, ids, expression) {
  let sum = 0;
  for (const objectId of ids) {
    const query = { objectId, objectGroup: GROUP };
    // Undefined of one that nobody has had since the snapshot, and that was collected.
    const found = await ask('HeapProfiler.getObjectByHeapObjectId', query).catch(() => undefined);
    if (found === undefined) continue;
    const { result } = found;
    const called = await ask('Runtime.callFunctionOn', {
      objectId: result.objectId,
      functionDeclaration: `function () { return ${expression}; }`,
    });
    // A class's prototype is listed among its instances, and has no fields.
    if (typeof called.result.value === 'number') sum += called.result.value;
  }
  // What the inspector was shown it would keep for ever, and the next look would find it.
  await ask('Runtime.releaseObjectGroup', { objectGroup: GROUP });
  return sum;
}
