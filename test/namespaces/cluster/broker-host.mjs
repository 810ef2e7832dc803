/** The broker of a cluster, in a namespace of its own: says at which port, and ends with its standard input. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { findBroker } from '../../broker/find-broker.mjs';

const KEEPER = fileURLToPath(new URL('../../broker/keeper.mjs', import.meta.url));

const keeper = spawn(process.execPath, [KEEPER, findBroker() ?? '', '0.0.0.0'], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
createInterface({ input: keeper.stdout }).on('line', (line) => {
  process.stdout.write(`${JSON.stringify({ started: true, ...JSON.parse(line) })}\n`);
});
keeper.stdin.write('start\n');
createInterface({ input: process.stdin }).on('close', () => keeper.stdin.end());
