import { openRaw } from './amqp.mjs';

export const open = openRaw('durable', 64);
