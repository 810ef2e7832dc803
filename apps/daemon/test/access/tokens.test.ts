import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Tokens } from '../../src/access/tokens.js';

let folder = '';

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'espalier-tokens-')), 'tokens');
});

afterEach(() => {
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

const given = { label: 'of blue', path: 't/blue', right: 'view', parent: null, at: '2026' } as const;

test('a token is known by its text, in a later life too, and its secret is kept nowhere', async () => {
  const tokens = await Tokens.open(folder);
  const { token, text } = await tokens.make(given);
  expect(tokens.find(text)).toEqual(token);
  expect((await Tokens.open(folder)).find(text)).toEqual(token);
  const kept = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  expect(kept).toHaveLength(1);
  expect(kept[0]).not.toContain(text.split('_')[2]);
});

test('any other text is nobody’s', async () => {
  const tokens = await Tokens.open(folder);
  const { text } = await tokens.make(given);
  const [name, id, ...secret] = text.split('_');
  const of = (...parts: readonly unknown[]): string => parts.join('_');
  const other = (await tokens.make(given)).text.slice(`${of(name, id)}_`.length);
  const wrong = [
    '',
    of(name, id),
    of(name, id, ''),
    of(name, id, other),
    of(name, '0'.repeat(16), ...secret),
    `${text}x`,
    text.slice(0, -1),
    ` ${text}`,
    of(name, '__proto__', ...secret),
  ];
  for (const text of wrong) expect(tokens.find(text)).toBeUndefined();
});

test('a token ends with the one by which it was made, and so do those below', async () => {
  const tokens = await Tokens.open(folder);
  const [first, other] = [await tokens.make(given), await tokens.make(given)];
  const second = await tokens.make({ ...given, parent: first.token.id });
  const third = await tokens.make({ ...given, parent: second.token.id });
  expect(tokens.isBelow(third.token, first.token.id)).toBe(true);
  expect(tokens.isBelow(third.token, other.token.id)).toBe(false);
  expect(tokens.family(third.token)).toBe(first.token.id);
  const gone: string[] = [];
  await tokens.revoke(first.token.id, (ids) => gone.push(...ids));
  expect(gone.sort()).toEqual([first, second, third].map(({ token }) => token.id).sort());
  for (const store of [tokens, await Tokens.open(folder)]) {
    expect([first, second, third, other].map(({ text }) => store.find(text)?.id)).toEqual([
      undefined,
      undefined,
      undefined,
      other.token.id,
    ]);
  }
});

test('there are so many, and no more', async () => {
  const tokens = await Tokens.open(folder);
  for (let n = 0; n < 256; n++) await tokens.make(given);
  await expect(tokens.make(given)).rejects.toMatchObject({ code: 'operation_refused' });
  expect(tokens.all).toHaveLength(256);
});

test('what is no token is told of at the start', async () => {
  await (await Tokens.open(folder)).make(given);
  const [name = ''] = readdirSync(folder);
  writeFileSync(join(folder, name), '{}');
  await expect(Tokens.open(folder)).rejects.toMatchObject({ code: 'state_unreadable' });
});
