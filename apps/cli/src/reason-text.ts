/** An exit reason in a few words, on one line. */
import type { ExitReason } from '@espalier/core';
import { jsonValue } from '@espalier/supervisor/client';

const LONGEST = 300;

/** Of an event that tells of an end. */
export function reasonOf({ reason, err, detail }: Readonly<Record<string, unknown>>): ExitReason {
  return { tag: reason as ExitReason['tag'], detail: err ?? detail };
}

export function reasonText({ tag, detail }: ExitReason): string {
  const text = detail === undefined ? '' : detailText(tag, detail);
  return text === '' ? tag : `${tag}: ${text}`;
}

function detailText(tag: ExitReason['tag'], detail: unknown): string {
  // In a record, an error that lies inside something else is plain data.
  if (detail instanceof Error || (tag === 'error' && isError(detail))) return errorText(detail);
  if (tag === 'limit' && isRecord(detail) && 'limitMb' in detail) {
    return `${String(detail['limit'])}, ${String(detail['usedMb'])} MB used of ${String(detail['limitMb'])}`;
  }
  if (isRecord(detail) && isReason(detail['reason'])) {
    const who =
      typeof detail['failedToStart'] === 'string' ? `${detail['failedToStart']} did not start, ` : '';
    return who + reasonText(detail['reason']);
  }
  return short(typeof detail === 'string' ? detail : JSON.stringify(jsonValue(detail)));
}

/** Name and message, and the place in the user's own code. */
function errorText(error: Error): string {
  const place = placeOf(error);
  const text = error.name === 'Error' ? error.message : `${error.name}: ${error.message}`;
  return place === undefined ? short(text) : `${short(text)} (${place})`;
}

/** File, line and column of the first frame that is neither Node's nor ours. */
export function placeOf(error: Error): string | undefined {
  for (const line of error.stack?.split('\n') ?? []) {
    const place = /^ +at (?:.* \()?((?:file:\/\/)?\/[^()]*:\d+:\d+)\)?$/.exec(line)?.[1];
    if (place !== undefined && !/\/@espalier\/|\/packages\/core\/dist\//.test(place)) return place;
  }
  return undefined;
}

function short(text: string): string {
  const line = text.replace(/\s*\n\s*/g, ' ');
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 1)}…`;
}

function isError(value: unknown): value is Error {
  return isRecord(value) && typeof value['name'] === 'string' && typeof value['message'] === 'string';
}

function isReason(value: unknown): value is ExitReason {
  return isRecord(value) && typeof value['tag'] === 'string';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
