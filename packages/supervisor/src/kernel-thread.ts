/** Entry of the kernel's thread: core's kernel with this package's strategies. */
import { startKernel } from '@espalier/core/internal/host.js';
import { supervisorLogic } from './strategies/index.js';

startKernel(supervisorLogic);
