/** Every suite of the grid; a host runs all of them or does not conform. */
import { afterEach, expect, test } from '@jest/globals';
import type { Grid, Harness, Host } from './harness.js';
import { addresses } from './suites/addresses.js';
import { bounds } from './suites/bounds.js';
import { calls } from './suites/calls.js';
import { lives } from './suites/lives.js';
import { messages } from './suites/messages.js';
import { parking } from './suites/parking.js';
import { signals } from './suites/signals.js';

const SUITES: readonly ((harness: Harness) => void)[] = [
  messages,
  calls,
  lives,
  signals,
  addresses,
  bounds,
  parking,
];

export function grid(given: Host, suites = SUITES): void {
  const opened: Grid[] = [];
  const { exceptions = {} } = given;
  const met = new Set<string>();
  const harness: Harness = {
    ...given,
    async start(children, options) {
      const started = await given.start(children, options);
      opened.push(started);
      return started;
    },
    test(title, body, timeoutMs) {
      const exception = Object.hasOwn(exceptions, title) ? exceptions[title] : undefined;
      if (exception === undefined) {
        test(title, body, timeoutMs);
        return;
      }
      met.add(title);
      const { why, failsWith } = exception;
      if (failsWith !== undefined)
        test(`not here (${why}): ${title}`, () => fails(body, failsWith), timeoutMs);
    },
  };
  afterEach(async () => {
    for (const started of opened.splice(0)) await started.close();
  });
  for (const suite of suites) suite(harness);
  if (given.exceptions === undefined) return;
  test('what is an exception here is a case of the suite', () => {
    expect([...met].sort()).toEqual(Object.keys(exceptions).sort());
  });
}

async function fails(body: () => Promise<void>, failsWith: RegExp): Promise<void> {
  const error = await body().then(
    () => undefined,
    (thrown: unknown) => thrown as { readonly code?: string; readonly message: string },
  );
  expect(error?.code ?? error?.message ?? 'it does not fail').toMatch(failsWith);
}
