/** Every suite of supervision; a host runs all of them. */
import type { SupervisionHarness } from './harness.js';
import { escalation } from './suites/escalation.js';
import { fates } from './suites/fates.js';
import { parking } from './suites/parking.js';
import { starts } from './suites/starts.js';
import { story } from './suites/story.js';

export function supervision(harness: SupervisionHarness): void {
  fates(harness);
  escalation(harness);
  parking(harness);
  starts(harness);
  story(harness);
}
