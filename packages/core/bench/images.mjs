/**
 * What images cost: evaluating one of half a megabyte with and without its code cache, a first build, a
 * build of unchanged sources (200 files), mapping a stack. Prints medians; every evaluation is the first in a thread
 * of its own, since V8 keeps what it has compiled once. Run after a build:
 *
 *   node packages/core/bench/images.mjs [--json]
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ImageBuilder } from '../dist/images/image-builder.js';
import { imageFilename, stackMapper } from '../dist/images/stack-map.js';

const FILES = 200;
const ROUNDS = 15;

const root = realpathSync(mkdtempSync(join(tmpdir(), 'espalier-bench-')));
const builder = new ImageBuilder();

/** Ordinary code: one class and six functions a file, which are defined but not called while it is evaluated. */
function sourceFile(index) {
  const parts = [
    `export interface Row${index} { readonly id: number; readonly text: string }
export class Store${index} {
  readonly #rows = new Map<number, Row${index}>();
  add(row: Row${index}): this {
    if (this.#rows.has(row.id)) throw new RangeError(\`row \${row.id} of ${index}\`);
    this.#rows.set(row.id, row);
    return this;
  }
}`,
  ];
  for (let part = 0; part < 6; part++) {
    parts.push(`
export function query${index}x${part}(rows: readonly Row${index}[], text: string, limit = ${part + 10}): string[] {
  const found: string[] = [];
  for (const row of rows) {
    if (!row.text.includes(text) || row.id % ${part + 2} !== 0) continue;
    const shown = row.text.split(' ').map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join(' ');
    if (found.push(\`\${row.id}: \${shown}\`) >= limit) break;
  }
  return found.sort((one, other) => one.localeCompare(other));
}`);
  }
  return parts.join('\n');
}

function writeProject(name, files) {
  const base = join(root, name);
  mkdirSync(base);
  for (let index = 0; index < files; index++) writeFileSync(join(base, `f${index}.ts`), sourceFile(index));
  const names = (index) =>
    [`Store${index}`, ...Array.from({ length: 6 }, (_, part) => `query${index}x${part}`)].join(', ');
  const all = Array.from({ length: files }, (_, index) => names(index));
  const imports = all.map((list, index) => `import { ${list} } from './f${index}.js';`);
  writeFileSync(join(base, 'main.ts'), `${imports.join('\n')}\nexport default [${all.join(', ')}];\n`);
  return base;
}

const GUEST = `
const { parentPort, workerData } = require('node:worker_threads');
const vm = require('node:vm');
import(workerData.evaluator).then(({ evaluateImage }) => {
  new vm.Script('(() => 1)()').runInThisContext();
  const start = performance.now();
  const { codeCache } = evaluateImage(workerData.image, { require });
  parentPort.postMessage({ ms: performance.now() - start, codeCache });
});`;

async function evaluate(image) {
  const evaluator = new URL('../dist/images/evaluate-image.js', import.meta.url).href;
  const worker = new Worker(GUEST, { eval: true, env: {}, workerData: { image, evaluator } });
  const report = await new Promise((resolve, reject) =>
    worker.once('message', resolve).once('error', reject),
  );
  await worker.terminate();
  return report;
}

const sorted = (numbers) => [...numbers].sort((a, b) => a - b);
const median = (numbers) => sorted(numbers)[Math.floor(numbers.length / 2)];

async function timed(run) {
  const start = performance.now();
  const value = await run();
  return [performance.now() - start, value];
}

const results = {};
const spread = {};
const record = (key, numbers) => {
  const kept = numbers.slice(2);
  results[key] = Number(median(kept).toFixed(3));
  spread[key] = [Math.min(...kept), Math.max(...kept)].map((number) => Number(number.toFixed(3)));
};

try {
  const base = writeProject('project', FILES);
  const ask = () => builder.build({ module: './main.ts', base });
  const [coldMs, image] = await timed(ask);
  results.firstBuildMs = Number(coldMs.toFixed(1));
  results.codeBytes = image.code.length;
  results.codeCacheBytes = image.codeCache.length;

  const cached = [];
  const uncached = [];
  for (let round = 0; round < ROUNDS; round++) {
    const order = round % 2 === 0 ? [true, false] : [false, true];
    for (const withCache of order) {
      const report = await evaluate(withCache ? image : { ...image, codeCache: null });
      if (report.codeCache !== (withCache ? 'used' : 'absent'))
        throw new Error(`Code cache: ${report.codeCache}`);
      (withCache ? cached : uncached).push(report.ms);
    }
  }
  record('evaluateCachedMs', cached);
  record('evaluateUncachedMs', uncached);

  const again = [];
  for (let round = 0; round < ROUNDS; round++) again.push((await timed(ask))[0]);
  record('unchangedBuildMs', again);

  const line = image.code.split('\n').findIndex((text) => text.includes('throw new RangeError')) + 1;
  const stack = `RangeError: x\n${`    at f (${imageFilename(image)}:${line}:20)\n`.repeat(10)}`;
  const firstStack = [];
  const nextStack = [];
  for (let round = 0; round < ROUNDS; round++) {
    const map = stackMapper(image);
    firstStack.push((await timed(() => map(stack)))[0]);
    nextStack.push((await timed(() => map(stack)))[0]);
  }
  record('firstStackMs', firstStack);
  record('nextStackMs', nextStack);
  if (builder.statistics.bundled !== 1) throw new Error('The cache was not used');
} finally {
  await builder.close();
  rmSync(root, { recursive: true, force: true });
}

if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ node: process.version, results, spread }));
} else {
  for (const [key, value] of Object.entries(results)) console.log(key.padEnd(22), value, spread[key] ?? '');
}
