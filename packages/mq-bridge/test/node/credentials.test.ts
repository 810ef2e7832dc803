/** The file with the list of revoked hosts, as an operator puts it there. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createKeyPair, revokeHosts } from '@espalier/core/identity';
import { RevocationFile } from '../../src/node/credentials.js';

const root = createKeyPair();
const [ALPHA, BETA] = ['a'.repeat(32), 'b'.repeat(32)] as const;

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'esp-'));
  path = join(folder, 'revoked');
});

afterEach(() => rmSync(folder, { recursive: true }));

/** As a careful operator writes it: nobody reads the half of it. */
function put(list: string): string {
  writeFileSync(`${path}.new`, list);
  renameSync(`${path}.new`, path);
  return list;
}

/** Follows it; `look` has it look again, until something was taken or refused. */
function followed(file: RevocationFile) {
  const taken: { readonly number: number; readonly text: string }[] = [];
  const refused: string[] = [];
  let wake = (): void => undefined;
  let heard = (): void => undefined;
  file.follow({
    clock: {
      now: () => 0,
      after: (_delayMs, callback) => {
        wake = callback;
        return () => undefined;
      },
    },
    everyMs: 1000,
    taken: ({ number }, text) => {
      taken.push({ number, text });
      heard();
    },
    refused: (why) => {
      refused.push(why);
      heard();
    },
  });
  const look = (): Promise<void> => {
    return new Promise((resolve) => {
      heard = resolve;
      wake();
    });
  };
  return { taken, refused, look };
}

test('a list that is there counts from the start, and is handed on as it was signed', () => {
  const list = put(revokeHosts(root, [ALPHA]));
  const { taken } = followed(new RevocationFile(path, root.publicKey, { mayCome: true }));
  expect(taken).toEqual([{ number: 1, text: list }]);
});

test('a list that comes later counts from then on, where one may come', async () => {
  const { taken, refused, look } = followed(new RevocationFile(path, root.publicKey, { mayCome: true }));
  expect(taken).toEqual([]);
  const first = put(revokeHosts(root, [ALPHA]));
  await look();
  expect(taken).toEqual([{ number: 1, text: first }]);
  const next = put(revokeHosts(root, [BETA], first));
  await look();
  expect(taken).toEqual([
    { number: 1, text: first },
    { number: 2, text: next },
  ]);
  put(first);
  await look();
  expect(taken).toHaveLength(2);
  expect(refused).toHaveLength(1);
});

test('a list that others have told counts as one of the file does: the newest of all, now and at the next start', async () => {
  const told = `${path}-told`;
  const first = put(revokeHosts(root, [ALPHA]));
  const second = revokeHosts(root, [BETA], first);
  const third = revokeHosts(root, [], second);
  const file = new RevocationFile(path, root.publicKey, { mayCome: true, told });
  const { taken, refused, look } = followed(file);
  file.take(second);
  file.take(first);
  expect(taken.map(({ text }) => text)).toEqual([first, second]);
  expect(() => file.take(revokeHosts(createKeyPair(), []))).toThrow(
    expect.objectContaining({ code: 'revocations_refused' }),
  );
  put(third);
  await look();
  expect(taken.map(({ number }) => number)).toEqual([1, 2, 3]);
  expect(refused).toEqual([]);
  for (const [kept, number] of [
    [first, 3],
    [revokeHosts(root, [], third), 4],
    [revokeHosts(createKeyPair(), []), 3],
    ['damaged', 3],
  ] as const) {
    writeFileSync(told, kept);
    const next = followed(new RevocationFile(path, root.publicKey, { mayCome: true, told }));
    expect(next.taken.map((list) => list.number)).toEqual([number]);
  }
});

test('a list that was named and is not there is refused, and so is one of another root', () => {
  expect(() => new RevocationFile(path, root.publicKey)).toThrow(
    expect.objectContaining({ code: 'spec_invalid' }),
  );
  put(revokeHosts(createKeyPair(), [ALPHA]));
  expect(() => new RevocationFile(path, root.publicKey, { mayCome: true })).toThrow(
    expect.objectContaining({ code: 'revocations_refused' }),
  );
});
