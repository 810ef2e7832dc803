/** Discovery and the bridge together under random faults: twelve sequences; `npm run soak -- faults` runs more of them. */
import { describe, expect, test } from '@jest/globals';
import { findBroker } from '../../broker/find-broker.mjs';
import { MUST_RUN, whyNotHere } from '../network.mjs';
import { runFaults, seedsFrom } from './run.mjs';

const rabbitmq = findBroker();
const WHY_NOT = whyNotHere() ?? (rabbitmq === undefined ? 'RabbitMQ is not installed' : undefined);
if (WHY_NOT !== undefined) {
  const text = `NOT TESTED: random faults between network namespaces: ${WHY_NOT}`;
  if (MUST_RUN) throw new Error(text);
  process.stderr.write(`${text}\n`);
}
const here = WHY_NOT === undefined ? describe : describe.skip;

const SEQUENCES = 12;
/** Some three minutes on a quiet machine. */
const MOST_MS = 600_000;

here('three hosts and a broker under random faults', () => {
  test(
    'lose no confirmed message, hold a name one at a time, fire every monitor once, and agree on names again',
    async () => {
      const seeds = seedsFrom(Math.floor(Math.random() * 2 ** 31), SEQUENCES);
      const print = (line: string): void => void process.stderr.write(`${line}\n`);
      const outcome = await runFaults({ rabbitmq: rabbitmq ?? '', seeds, clusters: 3, print });
      expect(outcome).toEqual({ held: SEQUENCES, failures: [] });
    },
    MOST_MS,
  );
});
