/** Entry of every guest thread. */
import { bootThread } from './bootstrap.js';
import { startGuest } from './start-guest.js';

bootThread(startGuest);
