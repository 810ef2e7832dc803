/** Everything that a peer sends and calls, with a number each, and how each of them ended. */
import { CallError } from '@espalier/core';
import { PEERS, SINKS } from '../cast.mjs';
import { sumOf } from './notes.mjs';

/** @typedef {import('@espalier/core').Destination} Destination */

/** A call that has not ended so long after its timeout is taken for lost. Milliseconds. */
const OVERDUE_MS = 20_000;

export class Outbox {
  /** @type {string[]} */
  violations = [];
  /** By receiver. @type {Record<string, number>} */
  sent = {};
  /** By receiver: rejected with `full`. @type {Record<string, number>} */
  refused = {};
  /** Calls of `settle` that a drop policy has dropped, and counted. @type {Record<string, number>} */
  marksDropped = {};
  /** By how they ended. @type {Record<string, number>} */
  calls = {};
  #name;
  #context;
  /** @type {Map<string, number>} */
  #numbers = new Map();
  /** @type {Map<object, { target: string, deadline: number }>} */
  #pending = new Map();

  /** @param {string} name @param {import('@espalier/core').Context} context */
  constructor(name, context) {
    this.#name = name;
    this.#context = context;
  }

  /** @param {string} problem */
  violate(problem) {
    this.violations.push(`${this.#name}: ${problem}`);
  }

  /** @param {string} target @param {string | ArrayBuffer} body @param {Destination} [by] another word for it */
  async note(target, body, by = target) {
    const note = this.#next(target, body);
    const transfer = typeof body === 'string' ? {} : { transfer: [body] };
    try {
      await this.#context.cast(by, 'note', [note], transfer);
      count(this.sent, target);
    } catch (error) {
      if (!(error instanceof CallError) || error.code !== 'full')
        this.violate(`a note to ${target} ended with ${String(error)}`);
      count(this.refused, target);
    }
  }

  /**
   * @param {string} target
   * @param {string} body
   * @param {{ timeoutMs: number, signal?: AbortSignal }} options
   * @param {readonly string[]} allowed codes it may end with, besides a reply
   */
  async call(target, body, options, allowed) {
    const note = this.#next(target, body);
    const pending = { target, deadline: performance.now() + options.timeoutMs + OVERDUE_MS };
    this.#pending.set(pending, pending);
    let end = 'reply';
    try {
      const answer = await this.#context.call(target, 'echo', [note], options);
      if (answer !== `${note.number}:${note.sum}`) this.violate(`a call to ${target} got ${String(answer)}`);
    } catch (error) {
      end = error instanceof CallError ? error.code : String(error);
      if (!allowed.includes(end)) this.violate(`a call to ${target} ended with ${String(error)}`);
    }
    if (!this.#pending.delete(pending)) this.violate(`a call to ${target} ended twice`);
    count(this.calls, end);
  }

  /** The address behind the name of one that survives. @param {string} name */
  async whereis(name) {
    const address = await this.#context.whereis(name);
    if (address === undefined) this.violate(`nobody is behind ${name}`);
    return address;
  }

  /** Calls that should long have ended. */
  overdue() {
    const now = performance.now();
    return [...this.#pending.values()]
      .filter(({ deadline }) => deadline < now)
      .map(({ target }) => `${this.#name}: a call to ${target} has not ended`);
  }

  async settle() {
    const survivors = [...PEERS, ...SINKS.map(({ name }) => name)];
    await Promise.all(survivors.map((target) => this.#mark(target)));
  }

  /** Is handled behind everything that was sent there before. @param {string} target */
  async #mark(target) {
    const drops = target.includes('drop');
    for (;;) {
      try {
        await this.#context.call(target, 'progress', [], { timeoutMs: Infinity });
        return;
      } catch (error) {
        if (!(error instanceof CallError) || error.code !== 'full') throw error;
        if (drops) count(this.marksDropped, target);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  }

  /** @param {string} target @param {string | ArrayBuffer} body @returns {import('./notes.mjs').Note} */
  #next(target, body) {
    const number = (this.#numbers.get(target) ?? 0) + 1;
    this.#numbers.set(target, number);
    return { from: this.#name, number, sum: sumOf(body), body };
  }
}

/** @param {Record<string, number>} counts @param {string} key */
function count(counts, key) {
  counts[key] = (counts[key] ?? 0) + 1;
}
