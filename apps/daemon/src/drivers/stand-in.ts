/** What holds the name of a mailbox on another host: the bridge spawns it. */
export { default } from '@espalier/mq-bridge/stand-in';
