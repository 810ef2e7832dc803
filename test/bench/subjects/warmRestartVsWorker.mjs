import { openCrashes } from './crashes.mjs';

export const open = openCrashes({ refilled: true });
