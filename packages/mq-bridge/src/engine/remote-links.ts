/**
 * Who is linked with one exported environment from elsewhere: a tie for each incarnation of a host, however many are
 * linked there. The end of any of them is told to the environment; that the host is down is told it once.
 */
import { GUEST_EXIT_TAGS, type Address, type ExitReason } from '@espalier/core';
import type { LocalSide } from './local-side.js';
import type { Tie } from './tie.js';

const NO_CONNECTION: ExitReason = { tag: 'noconnection' };

export interface RemoteLinksOptions {
  readonly local: Pick<LocalSide, 'tie' | 'sendExit'>;
  readonly target: Address;
  /** It could not be linked, or told. */
  readonly failed: () => void;
}

export class RemoteLinks {
  readonly #options: RemoteLinksOptions;
  readonly #ties = new Map<string, Promise<Tie | undefined>>();

  constructor(options: RemoteLinksOptions) {
    this.#options = options;
  }

  /** Somebody is linked there. Resolves when the environment is, too. */
  async link(incarnation: string): Promise<void> {
    const tie = this.#ties.get(incarnation) ?? this.#tie();
    this.#ties.set(incarnation, tie);
    await tie;
  }

  /** Nobody is any more. */
  unlink(incarnation: string): void {
    void this.#take(incarnation)?.then((tie) => tie?.undo());
  }

  /** A signal of somebody there; `isLast`: who was linked has ended, and nobody else is. Resolves when it was sent. */
  async exit(incarnation: string, reason: ExitReason, isLast: boolean): Promise<void> {
    const { local, target } = this.#options;
    const last = isLast ? this.#take(incarnation) : undefined;
    if (GUEST_EXIT_TAGS.some((tag) => tag === reason.tag)) {
      // Behind what was sent before, as nobody else but the sender of that can tell it.
      local.sendExit(target, reason);
      (await last)?.undo();
    } else (await (last ?? this.#tie()))?.end(reason);
  }

  /** That incarnation is down, or (all of them) this bridge stops. */
  lost(incarnations: readonly string[] = [...this.#ties.keys()]): void {
    for (const one of incarnations) void this.#take(one)?.then((tie) => tie?.end(NO_CONNECTION));
  }

  #take(incarnation: string): Promise<Tie | undefined> | undefined {
    const tie = this.#ties.get(incarnation);
    this.#ties.delete(incarnation);
    return tie;
  }

  #tie(): Promise<Tie | undefined> {
    const { local, target, failed } = this.#options;
    return local.tie(target).catch(() => {
      failed();
      return undefined;
    });
  }
}
