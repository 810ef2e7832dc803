/** The events of a tree as applications see them: as the kernel gives them, with reasons decoded. */
import { decodeReason, type KernelEvent } from '@espalier/core/internal/host.js';
import type { ExitReason } from '@espalier/core';

/** The same event with every exit reason readable. */
type Readable<E> = E extends { readonly reason: unknown }
  ? Omit<E, 'reason'> & { readonly reason: ExitReason }
  : E;

type ReadableEvent<E> = E extends { readonly event: infer S }
  ? Omit<E, 'event'> & { readonly event: Readable<S> }
  : Readable<E>;

export type TreeEvent = ReadableEvent<KernelEvent>;

/**
 * The path of a child, out of that of its supervisor. The one that stands above the root of a tree in a cell, and
 * starts the cell again when it dies, has the path ''; its child is the root.
 */
export function childPath(supervisor: string, id: string): string {
  return supervisor === '' ? id : `${supervisor}/${id}`;
}

export function readEvent(event: KernelEvent): TreeEvent {
  if (event.kind === 'supervision') return { ...event, event: readReason(event.event) };
  return readReason(event);
}

function readReason<E extends object>(event: E): E {
  return 'reason' in event ? { ...event, reason: decodeReason(event.reason as ExitReason) } : event;
}
