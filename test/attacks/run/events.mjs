/** The events of a tree, and waiting for one of them. */

/** @typedef {import('@espalier/supervisor').TreeEvent} TreeEvent */

const WITHIN_MS = 15_000;

export class Events {
  /** @type {TreeEvent[]} */
  all = [];
  /** @type {Set<(event: TreeEvent) => void>} */
  #waiting = new Set();

  /** @param {TreeEvent} event */
  heard(event) {
    this.all.push(event);
    for (const look of this.#waiting) look(event);
  }

  /**
   * The first event, past or to come, that fits.
   * @param {(event: TreeEvent) => boolean} fits
   * @returns {Promise<TreeEvent>} rejects when it does not come in time
   */
  until(fits, withinMs = WITHIN_MS) {
    const past = this.all.find(fits);
    if (past !== undefined) return Promise.resolve(past);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Late(`an event that was due within ${withinMs} ms did not come`));
      }, withinMs);
      const look = (/** @type {TreeEvent} */ event) => {
        if (!fits(event)) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(event);
      };
      this.#waiting.add(look);
    });
  }

  /** The reason of the attacker's end. @param {number} incarnation */
  async end(incarnation, withinMs = WITHIN_MS) {
    const found = await this.until((event) => isOf(event, ['failed', 'ended'], incarnation), withinMs);
    return /** @type {import('@espalier/core').ExitReason} */ (/** @type {any} */ (found).event.reason);
  }

  /** @param {number} incarnation */
  restart(incarnation, withinMs = WITHIN_MS) {
    return this.until((event) => isOf(event, ['restarted'], incarnation), withinMs);
  }

  /** @param {string} id of a child */
  restarts(id) {
    return this.all.filter(
      (event) => event.kind === 'supervision' && event.event.kind === 'restarted' && event.event.id === id,
    ).length;
  }

  get attackerEnded() {
    return this.all.some((event) => isOf(event, ['failed', 'ended'], 1));
  }
}

export class Late extends Error {}

/** @param {TreeEvent} event @param {readonly string[]} kinds @param {number} incarnation */
function isOf(event, kinds, incarnation) {
  return (
    event.kind === 'supervision' &&
    event.event.id === 'attacker' &&
    kinds.includes(event.event.kind) &&
    event.event.incarnation === incarnation
  );
}
