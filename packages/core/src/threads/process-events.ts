/**
 * The events of `process` that our own runtime acts on. It hears them where Node tells them, and is no listener:
 * the listeners are the guest's, which may remove every one of them, and neither the report of its crash nor its
 * way out past the guard (inspection-gate.ts) may go with them.
 */

type Emit = (this: unknown, ...told: unknown[]) => boolean;

export interface ProcessEvents {
  /** What nobody caught, before the guest's own listeners hear of it. It is handled, whatever they do. */
  uncaught?(thrown: unknown): void;
  /** The thread ends of itself, and every listener of the guest's has run. Perhaps more than once. */
  left?(): void;
}

// As it is when a thread begins: a guest may replace it.
const { apply } = Reflect;

/** From now on, and beside whoever hears them already. */
export function hearProcess({ uncaught, left }: ProcessEvents): void {
  const emit = process.emit as unknown as Emit;
  // No spread and no iteration, which a guest may have broken by the time this runs.
  const heard: Emit = function (...told) {
    const event = told[0];
    if (event === 'uncaughtException' && uncaught !== undefined) {
      uncaught(told[1]);
      apply(emit, this, told);
      return true;
    }
    try {
      return apply(emit, this, told);
    } finally {
      // Guests may emit it as well; the end is where Node has said so.
      if (event === 'exit' && isExiting()) left?.();
    }
  };
  Object.defineProperty(process, 'emit', {
    configurable: true,
    enumerable: false,
    writable: true,
    value: heard,
  });
}

function isExiting(): boolean {
  return (process as unknown as { readonly _exiting?: boolean })._exiting === true;
}
