/** The problems that discovery has now. Who finds one reports it; who finds that it is over says so, and it is told no more. */
import type { Problem, ProblemCode } from './problem.js';

/** The oldest of more is forgotten. */
const MAX_PROBLEMS = 32;

export class Problems {
  readonly #present = new Map<string, Problem>();
  readonly #began: (problem: Problem) => void;

  /** `began` is called for each that was not there a moment ago. */
  constructor(began: (problem: Problem) => void = nothing) {
    this.#began = began;
  }

  /** As each was told last, the one that was told last at the end. */
  get all(): readonly Problem[] {
    return [...this.#present.values()];
  }

  report(found: Problem): void {
    const key = keyOf(found.code, found.subject);
    const isKnown = this.#present.delete(key);
    this.#present.set(key, found);
    for (const oldest of this.#present.keys()) {
      if (this.#present.size <= MAX_PROBLEMS) break;
      this.#present.delete(oldest);
    }
    if (!isKnown) this.#began(found);
  }

  /** Nothing where there was none. */
  over(code: ProblemCode, subject: string): void {
    this.#present.delete(keyOf(code, subject));
  }
}

function keyOf(code: ProblemCode, subject: string): string {
  return `${code} ${subject}`;
}

function nothing(): void {}
