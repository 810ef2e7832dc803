/**
 * Whether a tree that has ended of itself did so as intended. Its reason does not tell: `shutdown` is the
 * end both of a supervisor that gave up and of one whose significant child has done its work.
 */
import type { EventEntry } from '@espalier/supervisor/client';

export class Outcome {
  /** Nodes whose last end was a failure. */
  readonly #failed = new Set<string>();
  #intended = false;
  #ended = false;

  see({ event, path, reason, child }: EventEntry): void {
    switch (event) {
      case 'failed':
      case 'escalated':
        this.#failed.add(path);
        return;
      case 'started':
      case 'restarted':
        this.#failed.delete(path);
        return;
      case 'autoShutdown':
        if (this.#failed.has(`${path}/${String(child)}`)) this.#failed.add(path);
        // The root's comes last: what stands then is how the tree ended.
        this.#intended = !this.#failed.has(path);
        return;
      case 'tree-ended':
        this.#ended = true;
        if (reason !== 'normal' && reason !== 'shutdown') this.#intended = false;
        return;
      default:
        return;
    }
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Only of a tree that has ended. */
  get asIntended(): boolean {
    return this.#ended && this.#intended;
  }
}
