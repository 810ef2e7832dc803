/** The events of a tree as structured lines of a log: `start(spec, { onEvent: logEvents(pino()) })`. */
import { isExpectedEnd, type ExitReason } from '@espalier/core';
import type { TreeEvent } from '../host/events.js';
import { eventRecord } from './event-record.js';

/** What pino and its kin have: a method for each level, the record first. */
export interface Logger {
  info(record: object, message: string): void;
  warn(record: object, message: string): void;
  error(record: object, message: string): void;
}

type Level = keyof Logger;
type Supervision = (TreeEvent & { readonly kind: 'supervision' })['event'];
type Told = Exclude<TreeEvent, { readonly kind: 'supervision' }> | Supervision;

/** As high as somebody has to look: what supervision mends by itself is no error, even if it began as one. */
const LEVELS: { readonly [K in Told['kind']]: Level | ((event: Told & { readonly kind: K }) => Level) } = {
  started: 'info',
  restarted: 'info',
  ignored: 'info',
  failed: ({ willRestart }) => (willRestart ? 'warn' : 'error'),
  ended: 'info',
  restarting: 'warn',
  stopped: ({ expected }) => (expected ? 'info' : 'warn'),
  escalated: 'error',
  autoShutdown: 'info',
  applying: 'info',
  applied: 'info',
  'apply-undone': 'error',
  spawned: 'info',
  'spawn-ended': ({ reason }) => unless(reason, 'warn'),
  stuck: 'error',
  blocked: 'warn',
  unblocked: 'info',
  'blocked-circle': 'error',
  undelivered: 'warn',
  violation: 'error',
  'tree-ended': ({ reason }) => unless(reason, 'error'),
};

function unless(reason: ExitReason, level: Level): Level {
  return isExpectedEnd(reason) ? 'info' : level;
}

/**
 * A listener for `onEvent` that writes each event as one line: the record of `eventRecord`, and as message
 * the event and whom it is about (`failed shop/cart`). What every line is to carry besides, a child
 * logger carries: `logEvents(logger.child({ component: 'tree' }))`.
 */
export function logEvents(logger: Logger): (event: TreeEvent) => void {
  return (event) => {
    const record = eventRecord(event);
    logger[eventLevel(event)](record, `${record.event} ${record.path}`);
  };
}

export function eventLevel(event: TreeEvent): Level {
  const told = event.kind === 'supervision' ? event.event : event;
  const level = LEVELS[told.kind] as Level | ((event: Told) => Level);
  return typeof level === 'string' ? level : level(told);
}
