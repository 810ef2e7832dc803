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

export function grid(given: Harness): void {
  const opened: Grid[] = [];
  const harness: Harness = {
    name: given.name,
    async start(children, options) {
      const started = await given.start(children, options);
      opened.push(started);
      return started;
    },
  };
  afterEach(async () => {
    for (const started of opened.splice(0)) await started.close();
  });
  messages(harness);
  calls(harness);
  lives(harness);
  signals(harness);
  addresses(harness);
  bounds(harness);
  parking(harness);
}
