/**
 * The proof that an attack bites: the same code against what Node offers without our walls, in a process of
 * its own. Reports how it showed; that the whole process has gone is seen from outside.
 */
import { BroadcastChannel, setEnvironmentData, Worker } from 'node:worker_threads';
import { fork, spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SECRET, SECRET_CHANNEL, SECRET_NAME } from '../case.mjs';
import { attackWith, caseOf } from '../cases/index.mjs';
import { say } from './child.mjs';
import { markedProcesses, residentMb } from './facts.mjs';

const [, , mark = '', name = '', role = ''] = process.argv;
const one = caseOf(name);

/** An attack that could show in more ways than one is looked at for those that it names. @param {import('../case.mjs').Bite} bite */
const shows = (bite) => one.bare.includes(bite);

const LEAKED_MB = 200;
const SILENT_MS = 1_000;
const STARVED_MS = 500;
/** On a machine that is busy with other things. */
const WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 25;

/** @param {string} bite @returns {never} */
function bites(bite) {
  say({ bite });
  process.kill(process.pid, 'SIGKILL');
  throw new Error('killed');
}

const began = residentMb();
let looked = performance.now();
/** The longest time in which this thread did not turn. */
let gap = 0;
setInterval(() => {
  const now = performance.now();
  gap = Math.max(gap, now - looked);
  looked = now;
  if (shows('leaks') && residentMb() > began + LEAKED_MB) bites('leaks');
  if (shows('starves') && gap > STARVED_MS) bites('starves');
  if (now > WITHIN_MS) bites(gap > STARVED_MS ? 'starves' : 'harmless');
}, LOOK_EVERY_MS);

function inWorker() {
  /** @type {any} */ (globalThis).attacksSecret = SECRET;
  setEnvironmentData(SECRET_NAME, SECRET);
  const channel = new BroadcastChannel(SECRET_CHANNEL);
  setInterval(() => channel.postMessage(SECRET), 50);
  const worker = new Worker(new URL('bare-guest.mjs', import.meta.url), {
    workerData: { name, mark },
    resourceLimits: one.bareLimits ?? { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 },
  });
  /** @type {unknown[]} */
  const deaf = [];
  let heard = performance.now();
  worker.on('message', (message) => {
    heard = performance.now();
    if (message?.beat) return;
    if (message?.deaf) return void deaf.push(message.deaf);
    if (message?.done !== undefined) {
      // What was sent is looked at when it comes.
      if (one.took === undefined) bites(message.got === undefined ? 'harmless' : 'takes');
      setTimeout(() => bites('harmless'), SILENT_MS);
      return;
    }
    if (one.took?.(message)) bites('takes');
  });
  if (one.listens) worker.on('error', () => undefined);
  worker.on('exit', () => {
    if (shows('leaves') && markedProcesses(mark).length > 0) bites('leaves');
    // The error is told in this turn.
    setTimeout(() => bites('gone'), 50);
  });
  // An unhandled `error` of the worker ends the process, as it does where nobody thought of it.
  if (shows('leaves')) worker.on('error', () => undefined);
  worker.once('online', () => {
    heard = performance.now();
    const timer = setInterval(() => {
      if (performance.now() - heard < SILENT_MS) return;
      if (shows('hangs')) bites('hangs');
      if (!shows('unkillable')) return;
      clearInterval(timer);
      void worker.terminate();
      setTimeout(() => bites('unkillable'), SILENT_MS);
    }, LOOK_EVERY_MS);
  });
}

/** This file again as a child. @param {'ipc' | 'pipe'} how @returns {import('node:child_process').ChildProcess} */
function startChild(how) {
  const file = fileURLToPath(import.meta.url);
  const args = [mark, name, 'child'];
  if (how === 'ipc') return fork(file, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  return spawn(process.execPath, ['--no-warnings', file, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** When the first process of the attack runs. */
async function attackUnderWay() {
  while (markedProcesses(mark).length === 0)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}

/** @param {import('node:child_process').ChildProcess} child */
function inIpcParent(child) {
  child.on('message', () => undefined);
  if (!one.bareSends) return;
  setInterval(() => child.send('x'.repeat(2 ** 20)), 5);
}

async function inChild() {
  const kit = kitOf();
  await attackWith(one, kit, true);
}

/** @returns {import('../case.mjs').Kit} */
function kitOf() {
  return {
    send: async () => undefined,
    sendSelf: async () => undefined,
    kept: [],
    mark,
    // One line on Node's own channel.
    write: (bytes) => writeAll(3, Buffer.concat([bytes, Buffer.from('\n')])),
  };
}

/** @param {number} fd @param {Uint8Array} bytes */
function writeAll(fd, bytes) {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if (/** @type {any} */ (error).code !== 'EAGAIN') throw error;
    }
  }
}

switch (role === 'child' ? 'main' : (one.bareIn ?? 'worker')) {
  case 'worker':
    inWorker();
    break;
  case 'main':
    await inChild();
    break;
  case 'ipc':
    inIpcParent(startChild('ipc'));
    break;
  case 'killed-child': {
    const child = startChild('pipe');
    // An attack that ends itself does so soon after this.
    void attackUnderWay().then(() => setTimeout(() => child.kill('SIGKILL'), 300));
    child.once('exit', () =>
      setTimeout(() => bites(markedProcesses(mark).length > 0 ? 'leaves' : 'harmless'), 100),
    );
    break;
  }
  case 'killed-parent': {
    // Its parent is this file's process, which is killed; whoever runs it looks for what is left.
    startChild('pipe');
    void attackUnderWay().then(() => process.kill(process.pid, 'SIGKILL'));
  }
}
