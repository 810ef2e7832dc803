/**
 * The trusted part must stay small enough to be read. This counts it and ends with 1 when a budget is
 * exceeded: lines of code that the kernel loads, lines of the pure strategies that run in it, system
 * calls, kinds of capability. Type-only imports load nothing and do not count; what does not exist yet
 * is said and passed over.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { parse, reachableFrom } from './lib/import-graph.mjs';
import { built, ROOT } from './lib/project.mjs';

/** Lines that hold at least a part of a token: neither blank nor comment alone. */
function codeLines(path) {
  const source = parse(path);
  const lines = new Set();
  const visit = (node) => {
    if (ts.isJSDoc(node)) return;
    const children = node.getChildren(source);
    if (children.length > 0) {
      for (const child of children) visit(child);
      return;
    }
    if (node.getWidth(source) === 0) return;
    const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line;
    const last = source.getLineAndCharacterOfPosition(node.getEnd()).line;
    for (let line = first; line <= last; line += 1) lines.add(line);
  };
  visit(source);
  return lines.size;
}

function linesFrom(entry) {
  if (!existsSync(join(ROOT, entry))) return undefined;
  return reachableFrom(entry).reduce((sum, path) => sum + codeLines(path), 0);
}

async function sizeOf(path, name) {
  if (!existsSync(join(ROOT, path))) return undefined;
  const table = (await built(path))[name];
  if (table === undefined) return undefined;
  return Array.isArray(table) ? table.length : Object.keys(table).length;
}

const PROTOCOL = 'packages/core/dist/protocol';
const kernel = 'packages/core/src/kernel/index.ts';
const strategies = 'packages/supervisor/src/strategies/index.ts';

// A reader that has seen enough; the exit code counts all the same.
process.stdout.on('error', () => undefined);

const measures = [
  ['kernel lines', linesFrom(kernel), 3000, kernel],
  ['strategy lines', linesFrom(strategies), 1000, strategies],
  ['system calls', await sizeOf(`${PROTOCOL}/system-calls.js`, 'SYSTEM_CALLS'), 24, 'SYSTEM_CALLS'],
  [
    'capability kinds',
    await sizeOf(`${PROTOCOL}/capabilities.js`, 'CAPABILITY_KINDS'),
    6,
    'CAPABILITY_KINDS',
  ],
];

for (const [what, count, budget, origin] of measures) {
  const verdict = count === undefined ? `not there yet (${origin})` : `${count} / ${budget}`;
  process.stdout.write(`${what}: ${verdict}${count > budget ? '  OVER BUDGET' : ''}\n`);
  if (count > budget) process.exitCode = 1;
}

if (process.argv.includes('--files') && existsSync(join(ROOT, kernel))) {
  const files = reachableFrom(kernel).map((path) => [codeLines(path), path]);
  for (const [lines, path] of files.sort((a, b) => b[0] - a[0]))
    process.stdout.write(`${String(lines).padStart(6)} ${path}\n`);
}
