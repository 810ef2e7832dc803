/**
 * Senders that wait for room in each other's mailboxes in a circle: nothing but a timeout will free them, so it
 * is told. The kernel says who waits for whom; this only puts its events together, and is no part of it.
 */
import type { KernelEvent } from '../kernel/index.js';
import { isWithin } from '../node-path.js';

type Observe = (event: KernelEvent) => void;

/** Hands on all events of a tree, and tells of each circle when it closes: behind the event that closed it. */
export function withCircles(observe: Observe): Observe {
  /** By path: whom each waits for. */
  const waits = new Map<string, Set<string>>();

  /** The way from one to another along those who wait for each other. */
  const way = (from: string, to: string, seen: Set<string>): readonly string[] | undefined => {
    if (from === to) return [to];
    if (seen.has(from)) return undefined;
    seen.add(from);
    for (const next of waits.get(from) ?? []) {
      const rest = way(next, to, seen);
      if (rest !== undefined) return [from, ...rest];
    }
    return undefined;
  };
  const goesOn = (path: string, receiver: string): void => {
    const receivers = waits.get(path);
    receivers?.delete(receiver);
    if (receivers?.size === 0) waits.delete(path);
  };
  const ended = (path: string): void => {
    for (const [waiter, receivers] of waits) {
      if (isWithin(waiter, path)) waits.delete(waiter);
      else for (const receiver of receivers) if (isWithin(receiver, path)) goesOn(waiter, receiver);
    }
  };

  return (event) => {
    observe(event);
    const { kind, path } = event;
    if (kind === 'blocked') {
      waits.set(path, (waits.get(path) ?? new Set()).add(event.receiver));
      const circle = way(event.receiver, path, new Set());
      if (circle !== undefined) observe({ kind: 'blocked-circle', path, circle: [path, ...circle] });
    } else if (kind === 'unblocked') goesOn(path, event.receiver);
    else if (kind === 'spawn-ended') ended(path);
    else if (kind === 'supervision') {
      const { event: told } = event;
      if (told.kind === 'failed' || told.kind === 'ended' || told.kind === 'stopped')
        ended(path === '' ? told.id : `${path}/${told.id}`);
    }
  };
}
