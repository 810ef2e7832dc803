/** The same behind those that isolate. */
import { ISOLATED } from '../walls.js';
import { simulated } from '../simulated.js';

simulated(ISOLATED, 7);
