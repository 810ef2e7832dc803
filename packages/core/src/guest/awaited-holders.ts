/** Who asks whether a name is held, and is not answered while that is being decided: its holder is being started (again). */
import type { NameState } from '../protocol/notices.js';
import type { Control } from './control.js';

export class AwaitedHolders {
  readonly #ask: Control['ask'];
  readonly #waiting = new Map<string, ((isHeld: boolean) => void)[]>();

  constructor(ask: Control['ask']) {
    this.#ask = ask;
  }

  /** Whether somebody holds the name now; `pending` is told, before it is awaited, that this is being decided. */
  isHeld(name: string, pending: () => void): Promise<boolean> {
    return new Promise((resolve) => {
      this.#ask({ call: 'resolve', name, follow: true }, (answer) => {
        const { state } = answer as NameState;
        if (state !== 'pending') {
          resolve(state === 'held');
          return;
        }
        this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), resolve]);
        pending();
        // It is refused only when the kernel is gone; then nobody is there either.
      }).catch(() => resolve(false));
    });
  }

  changed(name: string, { state }: NameState): void {
    if (state === 'pending') return;
    const waiting = this.#waiting.get(name) ?? [];
    this.#waiting.delete(name);
    for (const resolve of waiting) resolve(state === 'held');
  }
}
