/**
 * A process whose kernel is a worker: the main thread is blocked while the kernel's guard must end a leaking
 * thread, and then ends the process. Prints what the kernel saw. Usage: kernel-fixture.mjs loop|wait.
 */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { announceExit, exitHandshake, whenExitAnnounced } from '../../dist/threads/exit-handshake.js';
import { ThreadWall } from '../../dist/threads/thread-wall.js';

const LEAK = '() => { const m = new Map(); for (let i = 0; ; i++) m.set(i, {}); }';

if (isMainThread) {
  const handshake = exitHandshake();
  // The kernel's last word before the block ends it.
  const done = new SharedArrayBuffer(4);
  const kernel = new Worker(new URL(import.meta.url), { workerData: { handshake, done } });
  await once(kernel, 'message');
  const seen = once(kernel, 'message');
  const flag = new Int32Array(done);
  if (process.argv[2] === 'wait') Atomics.wait(flag, 0, 0);
  else while (Atomics.load(flag, 0) === 0);
  console.log(JSON.stringify((await seen)[0]));
  process.on('exit', () => announceExit(handshake));
  process.exit(5);
} else {
  const { handshake, done } = workerData;
  parentPort.ref();
  parentPort.on('message', () => undefined);
  const wall = new ThreadWall({ bootstrap: new URL('./guest-fixture.mjs', import.meta.url) });
  whenExitAnnounced(handshake, () => wall.dismissGuard());
  const start = () => {
    const limits = { heapMb: 64, youngMb: 16, stackMb: 4 };
    const thread = wall.start({ title: 'guest', env: {}, limits });
    return { thread, first: new Promise((batch) => thread.link.receive({ batch, end() {} })) };
  };
  const { thread, first } = start();
  await first;
  parentPort.postMessage('ready');
  thread.link.send(new TextEncoder().encode(LEAK));
  const end = await new Promise((resolve) => thread.onEnd(resolve));
  await start().first;
  parentPort.postMessage([end.reason?.tag, end.reason?.detail.limit, 'and another was started']);
  const flag = new Int32Array(done);
  Atomics.store(flag, 0, 1);
  Atomics.notify(flag, 0);
}
