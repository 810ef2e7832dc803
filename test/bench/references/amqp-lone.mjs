import { openRaw } from './amqp.mjs';

export const open = openRaw('transient', 1);
