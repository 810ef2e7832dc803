/** Tasks for pool.test.ts. */
import { existsSync } from 'node:fs';
import { isMainThread, parentPort, threadId, workerData } from 'node:worker_threads';
import type { PoolTask } from '../../../core/src/index.js';

console.log('loaded');

export default function double(x: number): number {
  return 2 * x;
}

export function bang(): never {
  throw Object.assign(new RangeError('bang'), { code: 'ODD' });
}

export const thread = (): number => threadId;

export function bound(this: PoolTask, name: string): unknown {
  return this.bindings[name];
}

export const surroundings = () => ({
  env: { ...process.env },
  execArgv: process.execArgv,
  isMainThread,
  parentPort: parentPort as unknown,
  workerData: workerData as unknown,
});

export const removed = (): unknown => {
  (process as unknown as { binding: (name: string) => unknown }).binding('fs');
  return 'reached';
};

export const hold = (): Promise<never> => new Promise(() => setInterval(() => undefined, 1000));

export const until = async (file: string): Promise<number> => {
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 2));
  return threadId;
};

export const say = (words: string): void => {
  console.log(words);
};

export const startTicking = (): void => {
  let ticks = 0;
  const timer = setInterval(() => {
    console.log(`tick ${String(ticks)}`);
    if ((ticks += 1) === 5) clearInterval(timer);
  }, 1);
};

export const loop = (): never => {
  for (;;);
};

export const leak = (): never => {
  const map = new Map();
  for (let i = 0; ; i += 1) map.set(i, { i });
};

export const fill = (): never => {
  const kept: Buffer[] = [];
  for (;;) kept.push(Buffer.alloc(1 << 20, 1));
};

export const quit = (): never => process.exit(3);

export const throwLater = (): Promise<never> =>
  new Promise(() => {
    setImmediate(() => {
      throw new Error('later');
    });
  });

export const handOut = (): unknown => new SharedArrayBuffer(8);
export const echo = (value: unknown): unknown => value;
