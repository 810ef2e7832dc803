/** Cells as the suite starts them and speaks with them. */
import { fileURLToPath } from 'node:url';
import { CellProcess } from '../../../packages/core/dist/cells/index.js';
import { nodeAfterTurn } from '../../../packages/core/dist/threads/node-after-turn.js';
import { nodeClock } from '../../../packages/core/dist/threads/node-clock.js';

/** @typedef {import('../../../packages/core/dist/cells/index.js').CellEnd} CellEnd */
/** @typedef {import('../../../packages/core/dist/cells/index.js').CellOptions} CellOptions */
/** @typedef {import('../../../packages/core/dist/cells/index.js').Machine} Machine */
/** @typedef {Partial<Omit<CellOptions, 'walls'>> & { walls?: readonly import('../../../packages/core/dist/cells/index.js').WallName[] }} CellSetting */

export const CELL_FILE = fileURLToPath(new URL('../guests/cell-attacker.mjs', import.meta.url));
const START_WITHIN_MS = 20_000;
const OUTPUT_BYTES_PER_SECOND = 1_000_000;
let started = 0;

export class LabCell {
  over = false;
  /** Told before anything was to be read, what a cell sent. */
  printedBytes = 0;
  #mark;
  #cell;
  /** @type {((said: any) => void)[]} */
  #waiting = [];
  /** @type {any[]} */
  #said = [];
  /** @type {Promise<CellEnd>} */
  ended;
  /** Resolves when it has said that it runs. */
  ready;

  /** @param {Machine} machine @param {string} mark @param {CellSetting} setting */
  constructor(machine, mark, { walls = [], ...rest }) {
    this.#mark = mark;
    started += 1;
    this.#cell = new CellProcess({
      file: CELL_FILE,
      execArgv: ['--no-warnings'],
      title: `attacks-${started}`,
      machine,
      walls: new Set(walls),
      limits: {},
      startTimeoutMs: START_WITHIN_MS,
      outputBytesPerSecond: OUTPUT_BYTES_PER_SECOND,
      clock: nodeClock(),
      afterTurn: nodeAfterTurn,
      output: (_stream, text) => {
        this.printedBytes += text.length;
      },
      ...rest,
    });
    this.ended = new Promise((resolve) => {
      this.#cell.onEnd((end) => {
        this.over = true;
        resolve(end);
        for (const waiting of this.#waiting.splice(0)) waiting(undefined);
      });
    });
    this.#cell.pipe.control.receive({
      batch: (bytes) => this.#heard(bytes),
      end: () => undefined,
    });
    this.ready = this.until((said) => said.ready);
  }

  get pid() {
    return this.#cell.nodePid;
  }

  get cleared() {
    return this.#cell.cleared;
  }

  kill() {
    this.#cell.kill();
  }

  /** @param {Uint8Array} bytes */
  send(bytes) {
    this.#cell.pipe.control.send(bytes);
  }

  /** @param {object} order */
  order(order) {
    this.send(new TextEncoder().encode(JSON.stringify(order)));
  }

  /** @param {string} name of the case */
  attack(name, inWorker = false) {
    this.order({ attack: name, mark: this.#mark, inWorker });
  }

  /** The first thing it says that fits; undefined if it ends before. @param {(said: any) => unknown} fits @returns {Promise<any>} */
  async until(fits) {
    for (;;) {
      const at = this.#said.findIndex(fits);
      if (at !== -1) return this.#said.splice(at, 1)[0];
      if (this.over) return undefined;
      await new Promise((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Whether it answers. */
  async ping() {
    this.order({ ping: 1 });
    return (await this.until((said) => said.pong === 1)) !== undefined;
  }

  /** @param {Uint8Array} bytes */
  #heard(bytes) {
    // A flood is none of our words, and nobody waits for it.
    if (bytes.length > 10_000) return;
    try {
      const said = JSON.parse(new TextDecoder().decode(bytes));
      if (Object.keys(said).length === 0) return;
      this.#said.push(said);
    } catch {
      return;
    }
    for (const waiting of this.#waiting.splice(0)) waiting(undefined);
  }
}
