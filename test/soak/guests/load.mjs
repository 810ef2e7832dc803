/** What a peer does all the time, each of it in a loop of its own, at random from the seed. */
import { NOBODY, PEERS, SINKS, VICTIMS, VOID } from '../cast.mjs';
import { randomOf } from '../random.mjs';

/** @typedef {import('../random.mjs').Random} Random */

const TIMEOUTS = [1, 10, 100, 1000, 5000];
const CALLERS = 4;
/** How often a note is large, and how large the largest is. */
const LARGE = 0.02;
const LARGEST_BYTES = 2_000_000;

export class Load {
  #state;
  #seed;
  #until;

  /** @param {import('./peer.mjs').State} state @param {number} seed @param {number} forMs */
  constructor(state, seed, forMs) {
    this.#state = state;
    this.#seed = seed;
    this.#until = performance.now() + forMs;
  }

  async run() {
    const callers = Array.from({ length: CALLERS }, () => this.#calls);
    const doings = [...callers, this.#notes, this.#floods, this.#storms, this.#watching];
    await Promise.all(doings.map((doing, at) => this.#loop(doing, randomOf(this.#seed + at))));
  }

  /** @param {(random: Random) => Promise<unknown>} step @param {Random} random */
  async #loop(step, random) {
    while (performance.now() < this.#until) {
      await step.call(this, random);
      await pause(random.whole(0, 10));
    }
  }

  /** @param {Random} random */
  async #calls(random) {
    const target = random.pick([...VICTIMS, ...VICTIMS, ...this.#others, NOBODY]);
    const allowed = ['timeout', 'full'];
    if (VICTIMS.includes(target)) allowed.push('down');
    if (target === NOBODY) allowed.push('noproc');
    const timeoutMs = random.pick(TIMEOUTS);
    const { outbox } = this.#state;
    const body = textOf(random.whole(0, 500));
    if (!random.chance(0.1)) {
      await outbox.call(target, body, { timeoutMs }, allowed);
      return;
    }
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), random.whole(0, 5));
    await outbox.call(target, body, { timeoutMs, signal: controller.signal }, [...allowed, 'cancelled']);
    clearTimeout(timer);
  }

  /** To peers by name and by address, mixed; to victims, alive or not; to nobody. @param {Random} random */
  async #notes(random) {
    const target = random.pick([...this.#others, ...VICTIMS, VOID]);
    const { outbox } = this.#state;
    const address =
      this.#others.includes(target) && random.chance(0.3) ? await outbox.whereis(target) : undefined;
    const notes = [];
    for (let n = random.whole(1, 20); n > 0; n--)
      notes.push(outbox.note(target, bodyOf(random), random.chance(0.5) ? address : undefined));
    await Promise.all(notes);
  }

  /** More than a small mailbox holds. @param {Random} random */
  async #floods(random) {
    const { name } = random.pick(SINKS);
    const notes = [];
    for (let n = random.whole(1, 120); n > 0; n--) notes.push(this.#state.outbox.note(name, textOf(20)));
    await Promise.all(notes);
  }

  /** @param {Random} random */
  async #storms(random) {
    const storm = [];
    const visitor = random.pick(this.#others);
    for (let n = random.whole(1, 6); n > 0; n--) storm.push(this.#state.children.one(random, visitor));
    await Promise.all(storm);
    await pause(random.whole(0, 500));
  }

  /** @param {Random} random */
  async #watching(random) {
    await this.#state.watches.watch(random.pick(VICTIMS), random.whole(0, 1000));
  }

  get #others() {
    return PEERS.filter((name) => name !== this.#state.name);
  }
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** @param {Random} random */
function bodyOf(random) {
  if (!random.chance(LARGE)) return textOf(random.whole(0, 500));
  const bytes = random.whole(64_000, LARGEST_BYTES);
  return random.chance(0.5) ? textOf(bytes) : new Uint8Array(bytes).fill(bytes).buffer;
}

/** @param {number} length */
function textOf(length) {
  return 'espalier '.repeat(length / 9 + 1).slice(0, length);
}
