import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import type { WallThread } from '../../src/kernel/wall.js';
import { THREAD_FILES } from '../../src/threads/thread-files.js';
import {
  builtCompiled,
  builtThreadCode,
  compileThreadCode,
  rehearsedCode,
  scriptOf,
  type ThreadCode,
} from '../../src/threads/thread-code.js';
import { ThreadWall } from '../../src/threads/thread-wall.js';
import { LIMITS } from './thread-fixture.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-code-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): URL {
  writeFileSync(join(folder, name), text);
  return pathToFileURL(join(folder, name));
}

/** What the code says when a thread runs it. */
async function run(code: ThreadCode): Promise<unknown> {
  const worker = new Worker(new URL(THREAD_FILES.compiled), { workerData: { code }, env: {} });
  const [said] = (await once(worker, 'message')) as [unknown];
  await worker.terminate();
  return said;
}

describe('the code of threads', () => {
  const SAYS = file(
    'says.cjs',
    `const { parentPort, workerData } = require('node:worker_threads');
function later() { return new Error('here').stack.split('\\n')[1]; }
parentPort.postMessage({ at: later(), taken: workerData.code.taken, rehearsed: workerData.code.rehearsed, compiled: workerData.code.compile() });`,
  );
  const AT = `    at later (${join(folder, 'says.cjs')}:2:27)`;

  test('runs as it was compiled, and its stack names its file, lines and columns', async () => {
    expect(await run(compileThreadCode({ file: fileURLToPath(SAYS) }))).toMatchObject({
      at: AT,
      taken: true,
    });
  });

  test('is compiled in the thread where V8 does not take what was compiled', async () => {
    const code = rehearsedCode(compileThreadCode({ file: fileURLToPath(SAYS) }), new Uint8Array(64));
    expect(await run(code)).toMatchObject({ at: AT, taken: false });
  });

  test('holds more once a thread has run it, and V8 takes that, too', async () => {
    const code = compileThreadCode({ file: fileURLToPath(SAYS) });
    const { compiled } = (await run(code)) as { compiled: Uint8Array };
    expect(compiled.length).toBeGreaterThan(code.compiled.byteLength);
    expect(await run(rehearsedCode(code, compiled))).toMatchObject({ at: AT, taken: true });
  });
});

describe('the code of threads, as the build has compiled it', () => {
  const built = (): URL =>
    file(
      'built.cjs',
      `require('node:worker_threads').parentPort.postMessage({ ...require('node:worker_threads').workerData.code, compile: 0 });`,
    );

  test('is taken from beside its file, and need not be rehearsed', async () => {
    const url = built();
    const compiled = compileThreadCode({ file: fileURLToPath(url) }).compiled;
    writeFileSync(builtCompiled(fileURLToPath(url)), new Uint8Array(compiled));
    expect(await run(builtThreadCode(url))).toMatchObject({ taken: true, rehearsed: true });
  });

  test('is compiled anew where this V8 does not take it, or there is none', async () => {
    const url = built();
    writeFileSync(builtCompiled(fileURLToPath(url)), 'of another V8');
    expect(await run(builtThreadCode(url))).toMatchObject({ taken: false, rehearsed: false });
    rmSync(builtCompiled(fileURLToPath(url)));
    expect(await run(builtThreadCode(url))).toMatchObject({ taken: false, rehearsed: false });
  });

  test('is there for guests, kernels and cells', () => {
    const supervisor = new URL('../../../supervisor/dist/', import.meta.url);
    const kernels = ['kernel-thread.cjs', 'cell.cjs'].map((name) => new URL(name, supervisor));
    for (const url of [new URL(THREAD_FILES.guest), ...kernels]) {
      const path = fileURLToPath(url);
      expect(scriptOf(path, readFileSync(builtCompiled(path))).cachedDataRejected).toBe(false);
    }
  });
});

describe('the code of spares that have rehearsed', () => {
  let wall: ThreadWall | undefined;
  const threads: WallThread[] = [];
  afterEach(() => {
    for (const thread of threads.splice(0)) thread.terminate();
    return wall?.close();
  });

  /** A bootstrap that claims to have rehearsed, before it is let in or afterwards, and prints what code it got. */
  async function secondThread(when: 'before' | 'after'): Promise<string> {
    const code = file(
      `${when}.cjs`,
      `const { wall, code } = require('node:worker_threads').workerData;
const rehearsed = () => wall.postMessage({ tag: 'rehearsed', compiled: new Uint8Array(8) });
wall.postMessage({ tag: 'ready', tid: -1, heapLimitMb: 64 });
if ('${when}' === 'before') rehearsed();
wall.once('message', () => {
  if ('${when}' === 'after') rehearsed();
  wall.postMessage({ tag: 'output', stream: 'stdout', text: String(code.rehearsed), dropped: 0 });
  wall.on('message', () => undefined);
});`,
    );
    const printed: string[] = [];
    let heard = (): void => undefined;
    wall = new ThreadWall({
      bootstrap: new URL(THREAD_FILES.compiled),
      code,
      spares: { total: when === 'before' ? 1 : 0 },
      output: (_title, _stream, text) => {
        printed.push(text);
        heard();
      },
    });
    const start = async (): Promise<void> => {
      const before = printed.length;
      threads.push((wall as ThreadWall).start({ title: 'thread', env: {}, limits: LIMITS }));
      await new Promise<void>((resolve) => {
        heard = () => {
          if (printed.length > before) resolve();
        };
      });
    };
    await start();
    while (when === 'before' && wall.facts().spares[0]?.rehearsed !== true) await new Promise(setImmediate);
    await start();
    // The spare was taken; this one is started after it had told of its rehearsal.
    await start();
    return printed.at(-1) as string;
  }

  test('is what later threads start with', async () => {
    expect(await secondThread('before')).toBe('true');
  });

  test('is not taken from a thread that a guest may be in', async () => {
    expect(await secondThread('after')).toBe('false');
  });
});
