/** Entry of every cell: core's kernel with this package's strategies, in a process of its own. */
import { startCell } from '@espalier/core/internal/host.js';
import { supervisorLogic } from './strategies/index.js';

startCell(supervisorLogic);
