/**
 * What the events of the tree say, held against what may come: a child's life is `started`, then again
 * and again its end, the decision to restart it, the restart; each with the right number.
 */

/** @typedef {import('@espalier/supervisor').TreeEvent} TreeEvent */
/** @typedef {{ incarnation: number, next: 'started' | 'end' | 'restarting' | 'restarted' }} Life */

export class EventLedger {
  /** @type {string[]} */
  violations = [];
  restarts = 0;
  spawned = 0;
  spawnEnded = 0;
  events = 0;
  /** Threads that took longer to end than the kernel waits. */
  stuck = 0;
  #ending = false;
  /** @type {Map<string, Life>} */
  #lives = new Map();
  /** By path of a child: the tag that its next end must have. @type {Map<string, string>} */
  #expected = new Map();
  /** @type {Map<string, () => void>} */
  #waiting = new Map();
  /** By `sender target`. @type {Map<string, number>} */
  #lost = new Map();

  /** The end of a child is brought about: resolves when it runs again. @param {string} path @param {string} tag */
  restartOf(path, tag) {
    this.#expected.set(path, tag);
    return new Promise((resolve) => this.#waiting.set(path, () => resolve(undefined)));
  }

  /** How often a child was restarted. @param {string} path */
  incarnation(path) {
    return this.#lives.get(path)?.incarnation ?? 0;
  }

  /** Messages to a target that reached nobody, of those that one environment sent. @param {string} sender @param {string} target */
  lost(sender, target) {
    return this.#lost.get(`${sender} ${target}`) ?? 0;
  }

  /** From now on children are stopped. */
  stopping() {
    this.#ending = true;
  }

  /** @param {TreeEvent} event */
  heard(event) {
    this.events += 1;
    if (event.kind === 'supervision') this.#supervision(event.path, event.event);
    else if (event.kind === 'spawned') this.spawned += 1;
    else if (event.kind === 'spawn-ended') this.spawnEnded += 1;
    else if (event.kind === 'undelivered') {
      const key = `${event.path} ${event.target.replaceAll("'", '')}`;
      this.#lost.set(key, (this.#lost.get(key) ?? 0) + event.count);
    } else if (event.kind === 'stuck') {
      // On a busy machine a thread may take longer than 250 ms to end; that it did is asked at the end.
      this.stuck += 1;
    } else if (event.kind === 'violation') {
      this.#violate(event.path, `violation: ${event.problem}`);
    } else if (event.kind === 'tree-ended' && !this.#ending) {
      this.#violate(event.path, 'the tree has ended by itself');
    }
  }

  /** @param {string} supervisor @param {(TreeEvent & { kind: 'supervision' })['event']} event */
  #supervision(supervisor, event) {
    if (this.#ending && event.kind === 'stopped') return;
    const path = `${supervisor}/${event.id}`;
    const life = this.#lives.get(path) ?? { incarnation: 0, next: 'started' };
    this.#lives.set(path, life);
    const kind = event.kind === 'failed' || event.kind === 'ended' ? 'end' : event.kind;
    if (kind === 'started' || kind === 'restarted') life.incarnation += 1;
    if (kind !== life.next) this.#violate(path, `${event.kind} came where ${life.next} was due`);
    if (event.incarnation !== life.incarnation)
      this.#violate(path, `${event.kind} is of incarnation ${event.incarnation}, not ${life.incarnation}`);
    if (kind === 'end' && 'reason' in event) {
      if (event.reason.tag !== this.#expected.get(path)) {
        const expected = this.#expected.get(path) ?? 'no end';
        this.#violate(path, `ended with ${reasonText(event.reason)} where ${expected} was due`);
      }
      this.#expected.delete(path);
      life.next = 'restarting';
    } else if (kind === 'restarting') {
      life.next = 'restarted';
    } else {
      life.next = 'end';
      if (kind === 'restarted') this.restarts += 1;
      this.#waiting.get(path)?.();
      this.#waiting.delete(path);
    }
  }

  /** @param {string} path @param {string} problem */
  #violate(path, problem) {
    this.violations.push(`${path}: ${problem}`);
  }
}

/** @param {import('@espalier/core').ExitReason} reason */
function reasonText({ tag, detail }) {
  return detail instanceof Error ? `${tag} (${detail.stack ?? detail.message})` : `${tag}`;
}
