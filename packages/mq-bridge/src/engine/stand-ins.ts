/**
 * The stand-ins of imported names: one environment for each, that holds the local name and passes on what comes.
 *
 *   absent ──appeared──► starting ──► there ──(the mailbox ends)──► ended with its reason ──► absent
 *                                       └───(it ends itself)──► after a pause: starting
 */
import type { Address, ExitReason } from '@espalier/core';
import type { BesideContext, Clock } from '@espalier/core/internal/bridge.js';
import type { CompleteTerms, ImportSettings } from './settings.js';
import { standIn as newStandIn, type Beyond } from './stand-in.js';

export interface StandInsOptions {
  readonly context: BesideContext;
  readonly beyond: Beyond;
  readonly settings: CompleteTerms;
  readonly clock: Clock;
  /** Of a message to that name: why. */
  readonly lost: (name: string, why: string) => void;
  readonly watch: (target: Address, ended: (reason: ExitReason) => void) => void;
  readonly failed: (name: string, why: string) => void;
}

interface StandIn {
  readonly name: string;
  readonly as: string;
  readonly durable: boolean;
  readonly terms: Pick<ImportSettings, 'overflow' | 'sendTimeoutMs'>;
  /** Whether the mailbox can be sent to. */
  isThere: boolean;
  isStarting: boolean;
  started: Started | undefined;
}

interface Started {
  readonly address: Address;
  /** It ends itself, as `normal`. */
  readonly end: (detail: unknown) => void;
}

const START_AGAIN_MS = 500;

export class StandIns {
  readonly #options: StandInsOptions;
  readonly #standIns = new Map<string, StandIn>();
  #stopped = false;

  constructor(options: StandInsOptions) {
    this.#options = options;
    for (const [name, how] of Object.entries(options.settings.imports)) {
      const { as = name, durable = false, overflow, sendTimeoutMs } = how;
      const terms = {
        ...(overflow === undefined ? {} : { overflow }),
        ...(sendTimeoutMs === undefined ? {} : { sendTimeoutMs }),
      };
      const now = { isThere: durable, isStarting: false, started: undefined };
      this.#standIns.set(name, { name, as, durable, terms, ...now });
    }
  }

  /** Durable names can be sent to whoever is there. */
  start(): void {
    for (const standIn of this.#standIns.values()) this.#start(standIn);
  }

  stop(): void {
    this.#stopped = true;
  }

  appeared(name: string): void {
    const standIn = this.#standIns.get(name);
    if (standIn === undefined || standIn.durable) return;
    standIn.isThere = true;
    this.#start(standIn);
  }

  ended(name: string, reason: ExitReason): void {
    const standIn = this.#standIns.get(name);
    if (standIn === undefined || standIn.durable) return;
    standIn.isThere = false;
    const { started } = standIn;
    standIn.started = undefined;
    if (started !== undefined) this.#end(started, reason);
  }

  #start(standIn: StandIn): void {
    if (!standIn.isThere || standIn.isStarting || standIn.started !== undefined || this.#stopped) return;
    standIn.isStarting = true;
    const { context, beyond, lost } = this.#options;
    const { name, as, terms } = standIn;
    let end: Started['end'] = () => undefined;
    const behaviour = newStandIn({
      beyond,
      name,
      as,
      lost: (why) => lost(name, why),
      started: (how) => (end = how),
    });
    context.spawnBeside(behaviour, terms).then(
      (address) => {
        standIn.isStarting = false;
        this.#started(standIn, { address, end });
      },
      (error: unknown) => this.#failed(standIn, String(error)),
    );
  }

  /** The name is taken, or a limit is reached; both may pass. */
  #failed(standIn: StandIn, why: string): void {
    standIn.isStarting = true;
    this.#options.failed(standIn.as, why);
    this.#options.clock.after(START_AGAIN_MS, () => {
      standIn.isStarting = false;
      this.#start(standIn);
    });
  }

  #started(standIn: StandIn, started: Started): void {
    const { watch } = this.#options;
    if (!standIn.isThere) {
      this.#end(started, { tag: 'noproc' });
      return;
    }
    standIn.started = started;
    watch(started.address, ({ tag, detail }) => {
      // Not one that was ended because its mailbox has.
      if (standIn.started !== started) return;
      standIn.started = undefined;
      this.#failed(standIn, tag === 'error' ? String(detail) : tag);
    });
  }

  /** As the mailbox has ended. By an exit signal `normal` of another nobody ends. */
  #end({ address, end }: Started, reason: ExitReason): void {
    if (reason.tag === 'normal') end(reason.detail);
    else this.#options.context.sendExit(address, reason);
  }
}
