/** The same for all pairs of those that are behind a wall, and of one that is with one that is not. */
import { MIXED } from '../walls.js';
import { simulated } from '../simulated.js';

simulated(Object.values(MIXED), 13);
