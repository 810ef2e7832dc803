/** The conformance grid over loopback, behind the walls of cells and supervisors that group. */
import { GROUPED } from '../walls.js';
import { simulated } from '../simulated.js';

simulated(GROUPED, 1);
