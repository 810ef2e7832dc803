/** Reads a tree spec from a YAML or JSON file (JSON is YAML), and knows where in the file each part stands. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SpecError } from '@espalier/core';
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Document } from 'yaml';
import { parseBounded } from './bounded-yaml.js';
import { normaliseSpec } from './normalise.js';
import type { NormalisedTree } from './normalised.js';
import type { LocatedProblem, Location, Segments } from './problems.js';

export interface SpecFile {
  /** Absolute. */
  readonly path: string;
  /** Its folder, as a `file:` URL: relative module paths are taken from there. */
  readonly base: string;
  /** What it says, unchecked. */
  readonly input: unknown;
  /** Where a part of it stands, or the nearest part around it. */
  readonly locate: (segments: Segments) => Location | undefined;
}

/**
 * Reads and parses; checks nothing but the syntax.
 *
 * @throws SpecError `spec_unreadable`: no such file, not readable, or neither YAML nor JSON (with line and column).
 */
export async function readSpecFile(path: string): Promise<SpecFile> {
  const { text, ...place } = await readSpecText(path);
  return parseSpec(text, place);
}

/** What `parseSpec` takes, of a file. @throws SpecError `spec_unreadable`. */
export async function readSpecText(
  path: string,
): Promise<Pick<SpecFile, 'path' | 'base'> & { readonly text: string }> {
  const absolute = resolve(path);
  const text = await readText(absolute);
  return { text, path: absolute, base: pathToFileURL(`${dirname(absolute)}/`).href };
}

/** A text, wherever it comes from: `path` is what errors call it. @throws SpecError `spec_unreadable`: the syntax. */
export function parseSpec(text: string, { path, base }: Pick<SpecFile, 'path' | 'base'>): SpecFile {
  const lines = new LineCounter();
  const document = parseBounded(text, lines);
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col: column } = lines.linePos(error.pos[0]);
    // The first line says it; further ones would repeat the source.
    const problem = `${firstLine(error.message)} (line ${line}, column ${column})`;
    throw unreadable(path, problem, 'Mend the syntax there.', { line, column }, error);
  }
  let input: unknown;
  try {
    input = document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw unreadable(path, firstLine(String(cause)), 'Write repeated parts out.', undefined, cause);
  }
  return { path, base, input, locate: (segments) => locate(document, lines, segments) };
}

/** `readSpecFile` and `normaliseSpec` in one; throws what they throw. */
export async function loadSpec(path: string): Promise<NormalisedTree> {
  const { path: source, base, input, locate } = await readSpecFile(path);
  return normaliseSpec(input, { base, locate, source });
}

async function readText(path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const why = missing ? 'there is no such file.' : firstLine(String(cause));
    throw unreadable(path, why, 'Check the path.', undefined, cause);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw unreadable(path, 'it is not text in UTF-8.', 'Give a YAML or JSON file.', undefined, cause);
  }
}

function unreadable(
  path: string,
  why: string,
  remedy: string,
  at: Location | undefined,
  cause: unknown,
): SpecError {
  const problem: LocatedProblem = { path: '', value: path, problem: why, remedy, ...at };
  return new SpecError('spec_unreadable', `${path} cannot be read as a spec: ${why}`, [problem], { cause });
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}

function locate(document: Document, lines: LineCounter, segments: Segments): Location | undefined {
  let node: unknown = document.contents;
  let start = rangeStart(node);
  for (const segment of segments) {
    if (isAlias(node)) node = node.resolve(document);
    let key: unknown;
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => (isScalar(item.key) ? String(item.key.value) : undefined) === String(segment),
      );
      key = pair?.key;
      node = pair?.value;
    } else if (isSeq(node)) {
      node = node.items[Number(segment)];
      key = node;
    } else {
      break;
    }
    const found = rangeStart(key);
    if (found === undefined) break;
    start = found;
  }
  if (start === undefined) return undefined;
  const { line, col: column } = lines.linePos(start);
  return { line, column };
}

function rangeStart(node: unknown): number | undefined {
  const range = (node as { readonly range?: readonly number[] | null } | null | undefined)?.range;
  return range?.[0];
}
