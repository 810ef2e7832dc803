/**
 * OTP's supervisor once more, as small as it can be said: one loop that does everything at once and in
 * order, as if starting and stopping took no time. Written from the manual, not from our strategies;
 * the property test holds them against each other.
 */
import type { ExitReason } from '@espalier/core';
import type { Restart, Strategy } from '@espalier/core/internal/supervisor-logic.js';

export type ModelStart = 'ok' | 'fail' | 'ignore';

export interface ModelOptions {
  readonly strategy: Strategy;
  readonly intensity: number;
  readonly periodMs: number;
  readonly autoShutdown: 'never' | 'any_significant' | 'all_significant';
  readonly outcome: (id: string, incarnation: number) => ModelStart;
}

interface ModelChild {
  readonly id: string;
  readonly restart: Restart;
  readonly significant: boolean;
  runs: boolean;
  starts: number;
}

export class Model {
  readonly log: string[] = [];
  over = false;
  children: ModelChild[] = [];
  nowMs = 0;
  #restarts: number[] = [];

  readonly options: ModelOptions;

  constructor(
    options: ModelOptions,
    specs: readonly { readonly id: string; readonly restart: Restart; readonly significant: boolean }[],
  ) {
    this.options = options;
    this.children = specs.map((spec) => ({ ...spec, runs: false, starts: 0 }));
    for (const child of [...this.children]) {
      if (this.#start(child) !== 'fail') continue;
      this.#finish('failed');
      return;
    }
    this.log.push('started');
  }

  ends(id: string, reason: ExitReason): void {
    const child = this.#find(id);
    if (child?.runs !== true) return;
    child.runs = false;
    const expected = reason.tag === 'normal' || reason.tag === 'shutdown';
    if (child.restart === 'permanent' || (child.restart === 'transient' && !expected)) {
      this.#restart(child);
      return;
    }
    if (child.restart === 'temporary') this.#drop(child);
    if (!child.significant || this.options.autoShutdown === 'never') return;
    const others = this.children.some((other) => other.significant && other.runs);
    if (this.options.autoShutdown === 'any_significant' || !others) this.#finish('ended');
  }

  terminate(id: string): string {
    const child = this.#find(id);
    if (child === undefined) return 'not_found';
    this.#stop(child);
    if (child.restart === 'temporary') this.#drop(child);
    return 'ok';
  }

  restart(id: string): string {
    const child = this.#find(id);
    if (child === undefined) return 'not_found';
    if (child.runs) return 'running';
    return this.#start(child) === 'fail' ? 'start_failed' : 'ok';
  }

  remove(id: string): string {
    const child = this.#find(id);
    if (child === undefined) return 'not_found';
    if (child.runs) return 'running';
    this.#drop(child);
    return 'ok';
  }

  add(id: string, restart: Restart): string {
    const present = this.#find(id);
    if (present !== undefined) return present.runs ? 'already_started' : 'already_present';
    const child: ModelChild = { id, restart, significant: false, runs: false, starts: 0 };
    this.children.push(child);
    if (this.#start(child) !== 'fail') return 'ok';
    this.#drop(child);
    return 'start_failed';
  }

  stop(): void {
    this.#finish('ended');
  }

  #restart(failed: ModelChild): void {
    let culprit = failed;
    for (;;) {
      this.#restarts = this.#restarts.filter((at) => at >= this.nowMs - this.options.periodMs);
      if (this.#restarts.length >= this.options.intensity) {
        this.#finish('ended');
        return;
      }
      this.#restarts.push(this.nowMs);
      const from = this.children.indexOf(culprit);
      const group = {
        one_for_one: [culprit],
        simple_one_for_one: [culprit],
        one_for_all: this.children,
        rest_for_one: this.children.slice(from),
      }[this.options.strategy];
      for (const child of group.toReversed()) this.#stop(child);
      for (const child of group) if (child.restart === 'temporary') this.#drop(child);
      const next = group
        .filter((child) => child.restart !== 'temporary')
        .find((child) => this.#start(child) === 'fail');
      if (next === undefined) return;
      culprit = next;
    }
  }

  #start(child: ModelChild): ModelStart {
    child.starts += 1;
    this.log.push(`start ${child.id}`);
    const outcome = this.options.outcome(child.id, child.starts);
    child.runs = outcome === 'ok';
    if (outcome === 'ignore' && child.restart === 'temporary') this.#drop(child);
    return outcome;
  }

  #stop(child: ModelChild): void {
    if (child.runs) this.log.push(`stop ${child.id}`);
    child.runs = false;
  }

  #finish(how: 'failed' | 'ended'): void {
    for (const child of this.children.toReversed()) this.#stop(child);
    this.log.push(`${how} shutdown`);
    this.over = true;
  }

  #find(id: string): ModelChild | undefined {
    return this.children.find((child) => child.id === id);
  }

  #drop(child: ModelChild): void {
    this.children = this.children.filter((other) => other !== child);
  }
}
