import { describe, expect, test } from '@jest/globals';
import { redirectImports, tellPlace } from '../../src/images/source-edits.js';

const TOLD = 'var __espalier_here=__espalier_meta.file("a/b.js");';

describe('source edits: a file is told its place', () => {
  test.each([
    ['one that does not ask is left alone', 'const dirname = 1;', 'const dirname = 1;', 0],
    ['before its first line', 'f(__dirname);', `${TOLD}f(__dirname);`, TOLD.length],
    ['behind a hashbang', '#!/bin/x\r\nf(import.meta.url);', `#!/bin/x\r\n${TOLD}f(import.meta.url);`, 0],
    [
      'and stays strict',
      "/* a */ // b\n'use strict'; __filename",
      `"use strict";${TOLD}/* a */ // b\n'use strict'; __filename`,
      TOLD.length + 13,
    ],
  ])('%s', (_name, text, edited, shift) => {
    expect(tellPlace(text, 'a/b.js')).toEqual({ text: edited, shift });
  });

  test('the place is written in ASCII, so that columns in bytes and in characters agree', () => {
    const { text, shift } = tellPlace('__dirname', 'ä/"b".js');
    expect(text).toContain(String.raw`"\u00e4/\"b\".js"`);
    expect(Buffer.byteLength(text) - '__dirname'.length).toBe(shift);
  });
});

describe('source edits: import() of something computed goes through the image', () => {
  test('each place is found by its column in bytes, whatever the line ends are', () => {
    const text = 'const é = import(a); import(b);\r\nimport(c);\u2028 import (d);\n';
    const places = [
      { line: 1, column: 11 },
      { line: 1, column: 22 },
      { line: 2, column: 0 },
      { line: 3, column: 1 },
    ];
    expect(redirectImports(text, places)).toBe(text.replaceAll('import', '__espalier_meta.import'));
  });

  test('a place where no import stands is left alone', () => {
    expect(
      redirectImports('import(a)', [
        { line: 1, column: 1 },
        { line: 9, column: 0 },
      ]),
    ).toBe('import(a)');
  });
});
