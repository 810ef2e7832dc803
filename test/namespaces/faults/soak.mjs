/** `npm run soak -- faults`: random faults in network namespaces, as many sequences as are wanted. */
import { parseArgs } from 'node:util';
import { findBroker } from '../../broker/find-broker.mjs';
import { whyNotHere } from '../network.mjs';
import { runFaults, seedsFrom } from './run.mjs';

const USAGE = `npm run soak -- faults [options]

  --sequences N   how many sequences of faults (default 200)
  --seed N        of the first one, each next one is one more; drawn without it
  --clusters N    how many clusters they run on at a time (default 2)
  --help          print this and end

One that fails does not end the others; at the end each is told with its seed and what was kept of it.
`;

/** @param {string | undefined} text @param {number} fallback */
function count(text, fallback) {
  const number = text === undefined ? fallback : Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`${text} is no whole number`);
  return number;
}

const { values } = parseArgs({
  strict: true,
  allowPositionals: true,
  options: {
    sequences: { type: 'string' },
    seed: { type: 'string' },
    clusters: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
} else {
  const rabbitmq = findBroker();
  const why = whyNotHere() ?? (rabbitmq === undefined ? 'RabbitMQ is not installed' : undefined);
  if (rabbitmq === undefined || why !== undefined)
    throw new Error(`random faults cannot be tried here: ${why}`);
  const seed = count(values.seed, Math.floor(Math.random() * 2 ** 31));
  const print = (/** @type {string} */ line) => void process.stdout.write(`${line}\n`);
  const seeds = seedsFrom(seed, count(values.sequences, 200));
  const clusters = Math.max(1, count(values.clusters, 2));
  const { held, failures } = await runFaults({ rabbitmq, seeds, clusters, print });
  print(`${held} of ${seeds.length} sequences from seed ${seed} on: everything held`);
  for (const { seed: failed, why, folder } of failures) {
    print(`seed ${failed}: ${why}; what is known of it: ${folder}`);
    print(`  again: npm run soak -- faults --sequences 1 --clusters 1 --seed ${failed}`);
  }
  if (failures.length > 0) process.exitCode = 1;
}
