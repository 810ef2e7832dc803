/** An event of a tree as an entry of the API: the flat record, with its id, its time and how grave it is. */
import { eventLevel, eventRecord, type TreeEvent } from '@espalier/supervisor';
import type { Seen } from '../access/view.js';
import type { ViewIds } from '../access/view-ids.js';
import { jsonValue, type EventEntry } from '@espalier/supervisor/client';

/** An event as it is kept: with its ids for all who can see it. */
export type KeptEvent = EventEntry & Seen;

export function eventEntry(event: TreeEvent, ids: ViewIds, atMs: number): KeptEvent {
  const { err, ...record } = eventRecord(event);
  return {
    ...ids.next(record.path, atMs),
    at: new Date(atMs).toISOString(),
    level: eventLevel(event),
    ...record,
    ...(err === undefined ? {} : { err: jsonValue(err) }),
  };
}
