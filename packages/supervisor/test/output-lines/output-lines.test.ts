import { expect, test } from '@jest/globals';
import { OutputLines } from '../../src/output-lines/output-lines.js';

function collecting() {
  const seen: string[] = [];
  const output = new OutputLines({
    line: (path, stream, text) => seen.push(`${path} ${stream} line ${text}`),
    progress: (path, text) => seen.push(`${path} progress ${text}`),
  });
  return { seen, output };
}

test('pieces of several environments and streams are put together into whole lines', () => {
  const { seen, output } = collecting();
  output.take('a', 'stdout', 'one');
  output.take('b', 'stdout', 'other\n');
  output.take('a', 'stderr', 'err\n');
  output.take('a', 'stdout', ' two\nthree\r\nfo');
  output.end();
  expect(seen).toEqual([
    'b stdout line other',
    'a stderr line err',
    'a stdout line one two',
    'a stdout line three',
    'a stdout line fo',
  ]);
});

test('a text that ends with a carriage return is progress', () => {
  const { seen, output } = collecting();
  output.take('a', 'stdout', '1 of 3\r2 of 3\rdone\n');
  expect(seen).toEqual(['a progress 1 of 3', 'a progress 2 of 3', 'a stdout line done']);
});

test('a line that never ends does not grow without bound', () => {
  const { seen, output } = collecting();
  for (let i = 0; i < 100; i++) output.take('a', 'stdout', 'x'.repeat(1000));
  expect(seen).toHaveLength(1);
  expect(seen[0]?.length).toBeLessThan(67_000);
});
