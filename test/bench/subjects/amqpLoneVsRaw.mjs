import { openOneWay } from './amqp.mjs';

export const open = openOneWay(1, false);
