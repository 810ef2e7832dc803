/** Commands that do one thing to one node: what they do, and what is said when it is done. */
export const VERBS = {
  start: ['start a node that was stopped', 'started'],
  stop: ['stop a node; it stays stopped until `start`, or until the daemon starts anew', 'stopped'],
  restart: ['stop a node and start it again', 'restarted'],
  suspend: ['let the mailbox fill and deliver nothing until `resume`', 'suspended'],
  resume: ['let the mailbox deliver again', 'resumed'],
  kill: ['end an environment at once; its supervisor does what its spec says', 'killed'],
} as const;

export type Verb = keyof typeof VERBS;
