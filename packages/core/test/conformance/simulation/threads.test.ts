/** The conformance grid over loopback, without walls, under two orders of events. */
import { THREADS } from '../walls.js';
import { simulated } from '../simulated.js';

simulated([THREADS, THREADS], 101);
