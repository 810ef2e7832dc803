/**
 * Whether a tree that has ended of itself did so as intended. Its reason does not tell: `shutdown` is the
 * end both of a supervisor that gave up and of one whose significant child has done its work.
 */
import { isExpectedEnd } from '@espalier/core';
import { childPath, type TreeEvent } from '@espalier/supervisor';

export class Outcome {
  /** Nodes whose last end was a failure. */
  readonly #failed = new Set<string>();
  #intended = false;
  #ended = false;

  see(event: TreeEvent): void {
    if (event.kind === 'tree-ended') {
      this.#ended = true;
      if (!isExpectedEnd(event.reason)) this.#intended = false;
    }
    if (event.kind !== 'supervision') return;
    const { path, event: what } = event;
    const child = childPath(path, what.id);
    switch (what.kind) {
      case 'failed':
        this.#failed.add(child);
        return;
      case 'started':
      case 'restarted':
        this.#failed.delete(child);
        return;
      case 'escalated':
        this.#failed.add(path);
        return;
      case 'autoShutdown':
        if (this.#failed.has(child)) this.#failed.add(path);
        // The root's comes last: what stands then is how the tree ended.
        this.#intended = !this.#failed.has(path);
        return;
      default:
        return;
    }
  }

  /** Only of a tree that has ended. */
  get asIntended(): boolean {
    return this.#ended && this.#intended;
  }
}
