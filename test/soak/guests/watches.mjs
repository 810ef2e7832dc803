/** Monitors on victims: each gives one `down`, and none once it is taken back. */

/** @typedef {import('@espalier/core').Monitor} Monitor */

export class Watches {
  #outbox;
  #context;
  /** In force, or of which the `down` has come already. @type {Map<Monitor, 'waits' | 'told'>} */
  #monitors = new Map();
  /** @type {Map<Monitor, () => void>} */
  #waiting = new Map();
  /** Taken back, or told of. @type {WeakSet<Monitor>} */
  #over = new WeakSet();

  /** @param {string} _name @param {import('@espalier/core').Context} context @param {import('./outbox.mjs').Outbox} outbox */
  constructor(_name, context, outbox) {
    this.#context = context;
    this.#outbox = outbox;
  }

  /** Watches until it ends, or takes the monitor back after so long. @param {string} target @param {number} forMs */
  async watch(target, forMs) {
    const monitor = await this.#context.monitor(target);
    if (!this.#monitors.has(monitor)) {
      await new Promise((resolve) => {
        this.#monitors.set(monitor, 'waits');
        const timer = setTimeout(resolve, forMs);
        this.#waiting.set(monitor, () => {
          clearTimeout(timer);
          resolve(undefined);
        });
      });
      if (this.#monitors.get(monitor) === 'waits') this.#context.demonitor(monitor);
    }
    this.#waiting.delete(monitor);
    this.#monitors.delete(monitor);
    this.#over.add(monitor);
  }

  /** @param {import('@espalier/core').ReceivedDown} item */
  down({ monitor }) {
    if (this.#over.has(monitor) || this.#monitors.get(monitor) === 'told')
      this.#outbox.violate('a monitor that was over told of an end');
    this.#monitors.set(monitor, 'told');
    this.#waiting.get(monitor)?.();
  }
}
