import { PassThrough } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { CellOutput } from '../../src/cells/cell-output.js';
import { ManualClock } from '../../src/testing/index.js';

interface Printing {
  readonly clock: ManualClock;
  readonly output: CellOutput;
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
  readonly told: unknown[];
}

function printing(bytesPerSecond: number): Printing {
  const clock = new ManualClock();
  const told: unknown[] = [];
  const output = new CellOutput(clock, bytesPerSecond, (...printed) => told.push(printed));
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  output.read('stdout', stdout);
  output.read('stderr', stderr);
  return { clock, output, stdout, stderr, told };
}

test('cell output: both streams share one quota; what exceeds it is counted', async () => {
  const { stdout, stderr, told } = printing(10);
  stdout.write('1234567');
  stderr.write('89abcdef');
  await nextTurn();
  expect(told).toEqual([
    ['stdout', '1234567', 0],
    ['stderr', '89a', 5],
  ]);
});

test('cell output: who exceeds the quota is not read for a while', async () => {
  const { clock, stdout, stderr, told } = printing(10);
  stdout.write('x'.repeat(15));
  await nextTurn();
  stdout.write('y');
  await nextTurn();
  expect(told).toEqual([['stdout', 'x'.repeat(10), 5]]);
  clock.moveTo(1_000);
  clock.fireNext();
  await nextTurn();
  stderr.write('z');
  await nextTurn();
  expect(told.slice(1)).toEqual([
    ['stdout', 'y', 0],
    ['stderr', 'z', 0],
  ]);
});

test('cell output: characters that come in pieces are put together', async () => {
  const { stdout, told } = printing(1_000);
  const bytes = Buffer.from('é€');
  for (const byte of bytes) stdout.write(Buffer.from([byte]));
  await nextTurn();
  expect(told.map((printed) => (printed as string[])[1]).join('')).toBe('é€');
});

test('cell output: once silenced it tells nothing, and goes on reading', async () => {
  const { output, stdout, told } = printing(1_000);
  output.silence();
  stdout.write('x');
  await nextTurn();
  expect([told, stdout.readableLength]).toEqual([[], 0]);
});
