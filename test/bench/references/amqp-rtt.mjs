import { openRaw } from './amqp.mjs';

export const open = openRaw('rpc', 1);
