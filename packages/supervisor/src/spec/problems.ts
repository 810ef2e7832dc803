/**
 * Collects everything that is wrong with a spec, so that a user mends it in one go. A problem says
 * where, what stands there, what is wrong with it and what to write instead.
 */
import { SpecError, type SpecProblem } from '@espalier/core';

export type Segments = readonly (string | number)[];

export interface Location {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

/** A problem of a spec that came from a file: with its place in there, where it is known. */
export interface LocatedProblem extends SpecProblem, Partial<Location> {}

export type Locate = (segments: Segments) => Location | undefined;

export class Problems {
  readonly #list: LocatedProblem[] = [];
  readonly #locate: Locate;
  #allNotBuilt = true;

  constructor(locate: Locate = () => undefined) {
    this.#locate = locate;
  }

  add(segments: Segments, value: unknown, problem: string, remedy: string): void {
    this.#allNotBuilt = false;
    this.#push(segments, value, problem, remedy);
  }

  addNotBuilt(segments: Segments, value: unknown, problem: string, remedy: string): void {
    this.#push(segments, value, problem, remedy);
  }

  /** `spec_not_built` if that is all that is wrong with it, else `spec_invalid`. */
  throwIfAny(source?: string): void {
    if (this.#list.length === 0) return;
    throw new SpecError(
      this.#allNotBuilt ? 'spec_not_built' : 'spec_invalid',
      text(this.#list, source),
      this.#list,
    );
  }

  #push(segments: Segments, value: unknown, problem: string, remedy: string): void {
    this.#list.push({
      path: pathOf(segments),
      value: printable(value),
      problem,
      remedy,
      ...this.#locate(segments),
    });
  }
}

/** `children[2].limits.heapMb`; keys that are no plain words stand in quotes: `env["A B"]`. */
export function pathOf(segments: Segments): string {
  let path = '';
  for (const segment of segments) {
    if (typeof segment === 'number') path += `[${segment}]`;
    else if (!/^[A-Za-z_$][\w$]*$/.test(segment)) path += `[${JSON.stringify(segment)}]`;
    else path += path === '' ? segment : `.${segment}`;
  }
  return path;
}

/** A value as it is shown in a sentence: short, and never longer than a line. */
export function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'symbol' || typeof value === 'bigint' || typeof value === 'number')
    return String(value);
  if (value === undefined) return 'undefined';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}…"`;
}

/** A problem may be logged or sent as JSON, so what cannot be is given as it is shown. */
function printable(value: unknown): unknown {
  const plain = value === null || ['string', 'number', 'boolean', 'undefined'].includes(typeof value);
  return plain ? value : shown(value);
}

function text(problems: readonly LocatedProblem[], source: string | undefined): string {
  const where = source === undefined ? 'The spec' : source;
  const head =
    problems.length === 1 ? `${where} has a problem:` : `${where} has ${problems.length} problems:`;
  return [head, ...problems.map((problem) => `  ${line(problem)}`)].join('\n');
}

function line({ path, line, problem, remedy }: LocatedProblem): string {
  const place = path === '' ? 'the spec as a whole' : path;
  return `${line === undefined ? '' : `line ${line}, `}${place}: ${problem} ${remedy}`;
}
