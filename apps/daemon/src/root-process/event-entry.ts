/** An event of a tree as an entry of the API: the flat record, with its id, its time and how grave it is. */
import { eventLevel, eventRecord, type TreeEvent } from '@espalier/supervisor';
import { jsonValue, type EventEntry } from '@espalier/supervisor/client';

export function eventEntry(event: TreeEvent, id: number, atMs: number): EventEntry {
  const { err, ...record } = eventRecord(event);
  return {
    id,
    at: new Date(atMs).toISOString(),
    level: eventLevel(event),
    ...record,
    ...(err === undefined ? {} : { err: jsonValue(err) }),
  };
}
