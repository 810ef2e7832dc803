/**
 * What the walls in a cell and the wall above say to each other, over the pipe's wall link. One JSON text a batch.
 * The wall above checks what it hears, and believes of it no more than that the cell has said so; a cell takes
 * the word of the wall above.
 */
import type { LimitChange } from '../threads/limit-changes.js';
import { isOutputStream, type OutputStream } from '../threads/wall-messages.js';
import type { Machine } from './walls.js';

export type FromCell =
  | {
      readonly tag: 'output';
      /** Of who printed, from the root of the host's tree on. */
      readonly path: string;
      readonly stream: OutputStream;
      readonly text: string;
      readonly dropped: number;
    }
  | { readonly tag: 'warning'; readonly problem: string }
  /** The thread of that path cannot be ended: its process has to be. */
  | { readonly tag: 'stuck'; readonly path: string }
  /** Its threads have collected their garbage, as they were asked to. */
  | { readonly tag: 'collected' }
  /** The answer to a question; what it holds is checked by who has asked. */
  | { readonly tag: 'use'; readonly id: number; readonly use: unknown };

export type ToCell =
  /** It uses too much memory: its threads are to collect their garbage. */
  | { readonly tag: 'collect' }
  | { readonly tag: 'limits'; readonly change: LimitChange }
  /** The machine was tried out since it was started: this is what it offers inside of it. */
  | { readonly tag: 'machine'; readonly machine: Machine }
  /** What do those at that path and below use? */
  | { readonly tag: 'use'; readonly id: number; readonly path: string };

export function encodeToCell(message: ToCell): Uint8Array {
  return encoded(message);
}

export function decodeToCell(batch: Uint8Array): ToCell {
  return JSON.parse(new TextDecoder().decode(batch)) as ToCell;
}

export function encodeFromCell(message: FromCell): Uint8Array {
  return encoded(message);
}

function encoded(message: FromCell | ToCell): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message));
}

/** What came, or undefined for what no cell would send. */
export function decodeFromCell(batch: Uint8Array): FromCell | undefined {
  let message: unknown;
  try {
    message = JSON.parse(new TextDecoder().decode(batch));
  } catch {
    return undefined;
  }
  if (typeof message !== 'object' || message === null) return undefined;
  const { tag, path, stream, text, dropped, problem, id, use } = message as Record<string, unknown>;
  if (tag === 'warning') return typeof problem === 'string' ? { tag, problem } : undefined;
  if (tag === 'collected') return { tag };
  if (tag === 'use') return isCount(id) ? { tag, id, use } : undefined;
  if (tag === 'stuck') return typeof path === 'string' ? { tag, path } : undefined;
  if (tag !== 'output' || !isOutputStream(stream)) return undefined;
  if (typeof path !== 'string' || typeof text !== 'string' || !isCount(dropped)) return undefined;
  return { tag, path, stream, text, dropped };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
