/** The owner of an environment that another one spawned: answers the spawner, and hears of the end. */
import type { WireReason } from '../protocol/notices.js';
import type { Environment } from './environment.js';
import type { Decision, Owner } from './owner.js';
import type { KernelEvent } from './events.js';

export class SpawnOwner implements Owner {
  readonly #parent: Environment;
  readonly #observe: (event: KernelEvent) => void;
  readonly #started: (child: Environment) => void;
  readonly #failed: (reason: WireReason) => void;
  #answered = false;

  constructor(
    parent: Environment,
    observe: (event: KernelEvent) => void,
    started: (child: Environment) => void,
    failed: (reason: WireReason) => void,
  ) {
    this.#parent = parent;
    this.#observe = observe;
    this.#started = started;
    this.#failed = failed;
  }

  started(child: Environment): void {
    this.#answered = true;
    this.#observe({ kind: 'spawned', path: child.path });
    this.#started(child);
  }

  ignored(): void {
    // Its end follows, and answers the spawner.
  }

  ended(child: Environment, reason: WireReason): Decision {
    return {
      willRestart: false,
      carryOut: () => {
        // A parent that is gone waits for its last child: it counts them itself.
        if (this.#parent.alive) this.#parent.children.delete(child);
        if (this.#answered) this.#observe({ kind: 'spawn-ended', path: child.path, reason });
        else this.#failed(reason);
      },
    };
  }
}
