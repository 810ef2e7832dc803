/** A parent to be killed: starts a cell behind the walls that it is told, has it attack, says what it is. */
import { probeMachine } from '../../../packages/core/dist/cells/index.js';
import { CELL_FILE, LabCell } from './cells.mjs';

const { walls, attack, mark, inWorker } = JSON.parse(process.argv[2] ?? '');
const machine = await probeMachine({ files: [CELL_FILE] });
const cell = new LabCell(machine, mark, { walls });
await cell.ready;
cell.attack(attack, inWorker);
await cell.until((said) => said.attacking);
process.stdout.write(`${JSON.stringify({ pid: cell.pid })}\n`);
process.stdin.resume();
