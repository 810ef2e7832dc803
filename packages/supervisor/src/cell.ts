/** The code of every cell: core's kernel with this package's strategies, in a process of its own. */
import { startCell, type CellModule } from '@espalier/core/internal/host.js';
import { supervisorLogic } from './strategies/index.js';

declare const module: NodeJS.Module;

startCell(supervisorLogic, module.exports as CellModule);
