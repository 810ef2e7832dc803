import { openOneWay } from './amqp.mjs';

export const open = openOneWay(64, false);
