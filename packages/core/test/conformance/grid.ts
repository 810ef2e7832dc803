/** Every suite of the grid; a host runs all of them or does not conform. */
import { afterEach } from '@jest/globals';
import type { Grid, Harness } from './harness.js';
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

export function grid(given: Harness, suites = SUITES): void {
  const opened: Grid[] = [];
  const harness: Harness = {
    ...given,
    async start(children, options) {
      const started = await given.start(children, options);
      opened.push(started);
      return started;
    },
  };
  afterEach(async () => {
    for (const started of opened.splice(0)) await started.close();
  });
  for (const suite of suites) suite(harness);
}
