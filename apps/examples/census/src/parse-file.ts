/** One file, read and parsed: what is in it, or why it cannot be parsed. */
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { parse, type ParserOptions } from '@babel/parser';
import { countDeclarations } from './count-declarations.js';
import { extensionOf, type Extension, type Finding } from './finding.js';

const NOTHING = { functions: 0, classes: 0, imports: 0, exports: 0 };
const LINE_FEED = 10;

/** Throws what is no fault of the file's text: then it is the parser that has failed. */
export function parseFile(path: string): Finding {
  const bytes = readFileSync(path);
  if (!isUtf8(bytes)) return { outcome: 'rejected', reason: 'not text: invalid UTF-8' };
  const text = bytes.toString('utf8');
  try {
    const counts = path.endsWith('.json') ? parseJson(text) : parseCode(text, path);
    return { outcome: 'parsed', bytes: bytes.length, lines: lineCount(bytes), ...counts };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { outcome: 'rejected', reason: `syntax error: ${error.message}` };
  }
}

function parseJson(text: string): typeof NOTHING {
  JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  return NOTHING;
}

function parseCode(text: string, path: string): typeof NOTHING {
  const { program } = parse(text, optionsFor(path, extensionOf(path)));
  return countDeclarations(program);
}

/** As Node and TypeScript take these files, and no stricter: this is a count, not a check. */
function optionsFor(path: string, extension: Extension | undefined): ParserOptions {
  const lenient: ParserOptions = {
    attachComment: false,
    allowReturnOutsideFunction: extension !== '.mjs',
    allowUndeclaredExports: true,
    allowNewTargetOutsideFunction: true,
  };
  if (extension === '.ts') {
    return {
      ...lenient,
      sourceType: 'unambiguous',
      plugins: [['typescript', { dts: path.endsWith('.d.ts') }], 'decorators'],
    };
  }
  const sourceType = extension === '.mjs' ? 'module' : extension === '.cjs' ? 'script' : 'unambiguous';
  return { ...lenient, sourceType, plugins: ['jsx', 'decorators'] };
}

function lineCount(bytes: Buffer): number {
  if (bytes.length === 0) return 0;
  let lines = bytes.at(-1) === LINE_FEED ? 0 : 1;
  for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) lines++;
  return lines;
}
