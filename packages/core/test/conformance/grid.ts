/** Every suite of the grid; a host runs all of them or does not conform. */
import type { Harness } from './harness.js';
import { messages } from './suites/messages.js';

export function grid(harness: Harness): void {
  messages(harness);
}
