/** The problems that discovery has now. Who finds one reports it; who finds that it is over says so, and it is told no more. */
import { OF_OTHERS, type Problem, type ProblemCode } from './problem.js';

/** Of more, the oldest with other hosts are left out: they are told again. What is wrong with this host is told once only. */
const MAX_SHOWN = 32;
const WITH_OTHERS: ReadonlySet<ProblemCode> = new Set(OF_OTHERS);

export class Problems {
  /** As many as this host has links and knows hosts: who goes takes his with him. */
  readonly #present = new Map<string, Problem>();
  readonly #began: (problem: Problem) => void;

  /** `began` is called for each that was not there a moment ago. */
  constructor(began: (problem: Problem) => void = nothing) {
    this.#began = began;
  }

  /** As each was told last, the one that was told last at the end. */
  get all(): readonly Problem[] {
    let excess = this.#present.size - MAX_SHOWN;
    return [...this.#present.values()].filter(({ code }) => {
      if (excess <= 0 || !WITH_OTHERS.has(code)) return true;
      excess -= 1;
      return false;
    });
  }

  report(found: Problem): void {
    const key = keyOf(found.code, found.subject);
    const isKnown = this.#present.delete(key);
    this.#present.set(key, found);
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
