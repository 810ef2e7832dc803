/** A restart must not cost more because many are specified beside the one that failed. */
import { openCrashes } from './crashes.mjs';

export const open = openCrashes({ refilled: true, siblings: 1000 });
export const openReference = openCrashes({ refilled: true, siblings: 10 });
