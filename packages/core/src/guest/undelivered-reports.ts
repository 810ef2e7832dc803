/** Dead letters and dropped messages of one environment, counted and told to the kernel once a turn. */
import type { AfterTurn } from '../clock.js';
import type { UndeliveredCause } from '../protocol/system-calls.js';

export interface UndeliveredReport {
  readonly target: string;
  readonly cause: UndeliveredCause;
  count: number;
}

export class UndeliveredReports {
  readonly #afterTurn: AfterTurn;
  readonly #tell: (report: UndeliveredReport) => void;
  readonly #reports = new Map<string, UndeliveredReport>();

  constructor(afterTurn: AfterTurn, tell: (report: UndeliveredReport) => void) {
    this.#afterTurn = afterTurn;
    this.#tell = tell;
  }

  add(target: string, cause: UndeliveredCause, count: number): void {
    const key = `${cause} ${target}`;
    const known = this.#reports.get(key);
    if (known !== undefined) {
      known.count += count;
      return;
    }
    this.#reports.set(key, { target, cause, count });
    if (this.#reports.size === 1) {
      this.#afterTurn(() => {
        this.leave();
      });
    }
  }

  /** What was counted is told now. */
  leave(): void {
    for (const report of this.#reports.values()) this.#tell(report);
    this.#reports.clear();
  }
}
