/** One event of a tree as one flat record. Everything in it but `err` can be written as JSON as it is. */
import type { ExitReason } from '@espalier/core';
import { childPath, type TreeEvent } from '../host/events.js';
import { jsonValue } from './json-value.js';

export interface EventRecord {
  /** The event's kind; of one of supervision, the kind of what it holds. */
  readonly event: string;
  /** The node that it is about. */
  readonly path: string;
  /** The tag of an exit reason. */
  readonly reason?: string;
  /** Its detail, if it is an error: loggers have a form of their own for what is called so. */
  readonly err?: Error;
  /** Any other detail. */
  readonly detail?: unknown;
  readonly [fact: string]: unknown;
}

export function eventRecord(event: TreeEvent): EventRecord {
  if (event.kind !== 'supervision') {
    const { kind, path, ...facts } = event;
    return { event: kind, path, ...flat(facts) };
  }
  const { kind, id, ...facts } = event.event;
  // A supervisor that gives up or shuts down is itself what the event is about.
  if (kind === 'escalated' || kind === 'autoShutdown')
    return { event: kind, path: event.path, child: id, ...flat(facts) };
  return { event: kind, path: childPath(event.path, id), ...flat(facts) };
}

function flat(event: object): object {
  const { reason, ...facts } = event as { readonly reason?: ExitReason };
  return { ...(jsonValue(facts) as object), ...(reason === undefined ? {} : flatReason(reason)) };
}

function flatReason({ tag, detail }: ExitReason): object {
  if (detail === undefined) return { reason: tag };
  return { reason: tag, ...(detail instanceof Error ? { err: detail } : { detail: jsonValue(detail) }) };
}
