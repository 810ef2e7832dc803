/** Every suite of the grid; a host runs all of them or does not conform. */
import type { Harness } from './harness.js';
import { addresses } from './suites/addresses.js';
import { bounds } from './suites/bounds.js';
import { calls } from './suites/calls.js';
import { lives } from './suites/lives.js';
import { messages } from './suites/messages.js';
import { parking } from './suites/parking.js';
import { signals } from './suites/signals.js';

export function grid(harness: Harness): void {
  messages(harness);
  calls(harness);
  lives(harness);
  signals(harness);
  addresses(harness);
  bounds(harness);
  parking(harness);
}
