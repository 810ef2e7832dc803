import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { callback, wrap, type ApiOf, type Remote } from '@espalier/core/comlink';
import { start, type Host } from '../src/index.js';

type Board = ApiOf<typeof import('./fixtures/comlink/board.js')>;
type Reader = typeof import('./fixtures/comlink/reader.js');

const folder = mkdtempSync(join(tmpdir(), 'espalier-comlink-'));
const fixture = (name: string): URL => new URL(`./fixtures/comlink/${name}.ts`, import.meta.url);
let host: Host;
let board: Remote<Board>;

beforeEach(async () => {
  host = await start(
    {
      intensity: 5,
      children: [
        { id: 'board', module: fixture('board') },
        { id: 'reader', module: fixture('reader'), restart: 'temporary' },
      ],
    },
    { embedded: true, base: pathToFileURL(`${folder}/`), spares: { total: 0 } },
  );
  board = wrap<Board>(host.context, 'board');
});

afterEach(() => host.stop());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('comlink: between threads', () => {
  test('callbacks run in the threads that made them', async () => {
    const lines: string[] = [];
    await board.read(callback((line: string) => lines.push(line)));
    expect(await board.write('hello')).toEqual([1, 1]);
    expect(await board.write('again')).toEqual([2, 2]);
    expect(lines).toEqual(['hello', 'again']);
    expect(await host.ref<Reader>('reader').call.lines()).toEqual(['hello', 'again']);
  });

  test('a callback rejects with `down` once its thread has ended', async () => {
    const quit = host.ref<Reader>('reader').call.quit();
    await expect(quit).rejects.toMatchObject({ code: 'down' });
    expect(await board.write('hello')).toEqual(['down']);
  });

  test('calls reject with `down` when the thread of the object crashes, and reach the restarted one after', async () => {
    const waiting = board.wait();
    const crashed = board.crash();
    await expect(waiting).rejects.toMatchObject({ code: 'down' });
    await crashed.catch(() => undefined);
    const lines: string[] = [];
    await board.read(callback((line: string) => lines.push(line)));
    expect(await board.write('anew')).toEqual([1]);
    expect(lines).toEqual(['anew']);
  });

  test('the way to the Function constructor ends at the filter', async () => {
    const attack = {
      type: 'APPLY',
      path: ['constructor', 'constructor'],
      argumentList: [{ type: 'RAW', value: [{ value: 'process.exit()' }] }],
    };
    const call = host.call('board', 'api', [{ kind: 'request', session: null, request: attack }]);
    await expect(call).rejects.toMatchObject({ code: 'refused' });
    expect(await board.write('still here')).toEqual([1]);
  });
});
