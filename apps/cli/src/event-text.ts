/** One event of a tree in the foreground as one line for people; undefined for those that another line tells already. */
import { eventRecord, type TreeEvent } from '@espalier/supervisor';
import type { Paint } from './colour.js';
import { elapsedText, recordText } from './record-text.js';

/** `atMs`: the time since its beginning. */
export function eventText(event: TreeEvent, atMs: number, paint: Paint): string | undefined {
  return recordText(eventRecord(event), elapsedText(atMs), paint);
}
