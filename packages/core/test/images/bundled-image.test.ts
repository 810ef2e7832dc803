import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { bundledImage } from '../../src/images/bundled-image.js';
import { evaluateImage } from '../../src/images/evaluate-image.js';
import { isIntact } from '../../src/images/image.js';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-bundled-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function image(text: string) {
  const file = join(folder, 'driver.cjs');
  writeFileSync(file, text);
  return bundledImage(pathToFileURL(file));
}

test('bundled image: it runs as one of the builder’s, knows its place, and asks for what it is given', () => {
  const made = image(
    '"use strict";\nmodule.exports = { here: __filename, os: require("node:os"), self: this };',
  );
  const { exports } = evaluateImage(made, { require: (name) => `given: ${name}`, mapStacks: false });
  expect(exports).toEqual({ here: join(folder, 'driver.cjs'), os: 'given: node:os', self: undefined });
});

test('bundled image: its hash names the bytes that run', () => {
  const made = image('module.exports = 1;');
  expect(isIntact(made)).toBe(true);
  expect(isIntact({ ...made, code: made.code.replace('1', '2') })).toBe(false);
  expect(image('module.exports = 2;').hash).not.toBe(made.hash);
});
