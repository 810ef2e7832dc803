/** Environments that a peer spawns, each told how to end: what is heard of each end, and in which order. */

/** @typedef {import('@espalier/core').Address} Address */
/** @typedef {import('@espalier/core').ExitReason} ExitReason */

/** How a child ends, and the tag that has to be heard. */
const ENDS = /** @type {const} */ ({
  normal: 'normal',
  throw: 'error',
  exit: 'shutdown',
  loop: 'killed',
  kill: 'killed',
  signal: 'error',
});
/** What it is told where others end it. */
const OWN = { normal: 'normal', throw: 'throw', exit: 'exit', loop: 'loop', kill: 'wait', signal: 'wait' };
export const CHILD_ENDS = /** @type {(keyof typeof ENDS)[]} */ (Object.keys(ENDS));

/** Within this the end of a child is heard of. Milliseconds. */
const HEARD_WITHIN_MS = 30_000;

/**
 * @typedef {object} Child
 * @property {number} id
 * @property {keyof typeof ENDS} end
 * @property {boolean} linked
 * @property {number} words heard of it
 * @property {ExitReason[]} downs
 * @property {ExitReason[]} exits
 * @property {() => void} heard
 */

export class Children {
  spawned = 0;
  #context;
  #outbox;
  /** @type {Map<number, Child>} */
  #children = new Map();
  /** @type {Map<object, Child>} by monitor and by address */
  #by = new Map();

  /** @param {string} _name @param {import('@espalier/core').Context} context @param {import('./outbox.mjs').Outbox} outbox */
  constructor(_name, context, outbox) {
    this.#context = context;
    this.#outbox = outbox;
  }

  /** @param {import('../random.mjs').Random} random @param {string} visitor who is shown the child's address */
  async one(random, visitor) {
    const end = random.pick(CHILD_ENDS);
    const linked = random.chance(0.5);
    const words = random.whole(0, 20);
    // Taken before the wait: several are spawned at a time, and no two may share a number.
    const id = ++this.spawned;
    const spawned = await this.#context.spawn({ module: './child.mjs' }, { link: linked, monitor: true });
    const { address } = spawned;
    const monitor = /** @type {import('@espalier/core').Monitor} */ (spawned.monitor);
    /** @type {Child} */
    const child = {
      id,
      end,
      linked,
      words: 0,
      downs: [],
      exits: [],
      heard: () => undefined,
    };
    this.#children.set(child.id, child);
    this.#by.set(monitor, child);
    this.#by.set(address, child);
    if (random.chance(0.5)) {
      const answer = await this.#context.call(visitor, 'visit', [address, child.id], { timeoutMs: 40_000 });
      if (answer !== `here, ${child.id}`) this.#outbox.violate(`a visit got ${String(answer)}`);
    }
    const ended = this.#ended(child);
    await this.#context.send(address, { home: this.#context.self, id: child.id, words, end: OWN[end] });
    if (OWN[end] === 'wait' || end === 'loop') {
      await new Promise((resolve) => setTimeout(resolve, random.whole(0, 40)));
      if (end === 'signal') this.#context.sendExit(address, { tag: 'error', detail: 'as told' });
      else this.#context.kill(address);
    }
    await ended;
    // Of one that ended by itself everything it had said is heard first.
    const all = OWN[end] === end && end !== 'loop';
    if (all && child.words !== words)
      this.#outbox.violate(`${child.words} of ${words} words were heard of a child that ended with ${end}`);
    this.#children.delete(child.id);
    this.#by.delete(monitor);
    this.#by.delete(address);
  }

  /** @param {{ child: number, word: number }} message */
  word({ child: id, word }) {
    const child = this.#children.get(id);
    if (child === undefined || child.downs.length > 0)
      this.#outbox.violate('a word was heard of a child that had ended');
    else if (word !== ++child.words) this.#outbox.violate(`word ${word} came as number ${child.words}`);
  }

  /** False if it is about none of them. @param {import('@espalier/core').ReceivedDown} item */
  down({ monitor, reason }) {
    const child = this.#by.get(monitor);
    child?.downs.push(reason);
    child?.heard();
    return child !== undefined;
  }

  /** @param {import('@espalier/core').ReceivedExit} item */
  exit({ from, reason }) {
    const child = from === undefined ? undefined : this.#by.get(from);
    if (child === undefined) {
      this.#outbox.violate(`an exit signal of nobody linked: ${JSON.stringify(reason)}`);
      return;
    }
    child.exits.push(reason);
    child.heard();
  }

  /** Resolves when everything was heard that has to be. @param {Child} child */
  async #ended(child) {
    const { end, linked, downs, exits } = child;
    await new Promise((resolve) => {
      const late = setTimeout(resolve, HEARD_WITHIN_MS);
      child.heard = () => {
        if (downs.length === 0 || (linked && exits.length === 0)) return;
        clearTimeout(late);
        resolve(undefined);
      };
    });
    const wanted = linked ? 1 : 0;
    if (downs.length !== 1 || exits.length !== wanted)
      this.#outbox.violate(`${downs.length} down and ${exits.length} exit of a child that ended with ${end}`);
    for (const { tag } of [...downs, ...exits])
      if (tag !== ENDS[end])
        this.#outbox.violate(`a child that ended with ${end} is said to have ended ${tag}`);
  }
}
