import { EventEmitter } from 'node:events';
import { expect, test } from '@jest/globals';
import { ONE_SIGNAL_MS, watchSignals, type StopSignal } from '../src/signals.js';

function watched() {
  const source = new EventEmitter();
  const clock = { ms: 1000 };
  const killed: StopSignal[] = [];
  const signals = watchSignals(
    source,
    () => clock.ms,
    (signal) => killed.push(signal),
  );
  return { source, clock, killed, signals };
}

test('the first signal asks for a stop', async () => {
  const { source, signals, killed } = watched();
  source.emit('SIGTERM', 'SIGTERM');
  await expect(signals.first).resolves.toBe('SIGTERM');
  expect(killed).toEqual([]);
});

test('signals within 500 ms of the first are one with it', () => {
  const { source, clock, killed } = watched();
  source.emit('SIGINT', 'SIGINT');
  clock.ms += ONE_SIGNAL_MS - 1;
  source.emit('SIGTERM', 'SIGTERM');
  source.emit('SIGINT', 'SIGINT');
  expect(killed).toEqual([]);
});

test('one after that kills', () => {
  const { source, clock, killed } = watched();
  source.emit('SIGINT', 'SIGINT');
  clock.ms += ONE_SIGNAL_MS;
  source.emit('SIGTERM', 'SIGTERM');
  expect(killed).toEqual(['SIGTERM']);
});

test('closed, it listens no more', () => {
  const { source, signals } = watched();
  signals.close();
  expect(source.eventNames()).toEqual([]);
});
