/**
 * The stand-ins of imported names: one environment for each, that holds the local name and passes on what comes.
 *
 *   absent ──appeared──► starting ──► there ──(the mailbox ends)──► ended with its reason ──► absent
 *                                       └───(it ends itself)──► after a pause: starting
 */
import type { Address, Context, ExitReason } from '@espalier/core';
import type { Clock } from '@espalier/core/internal/bridge.js';
import type { CompleteTerms } from './settings.js';

export interface StandInsOptions {
  readonly context: Context;
  /** Of a stand-in. */
  readonly module: string;
  readonly settings: CompleteTerms;
  readonly clock: Clock;
  readonly watch: (target: Address, ended: (reason: ExitReason) => void) => void;
  readonly failed: (name: string, why: string) => void;
}

/** What the driver answers a stand-in. */
export interface Outcome {
  readonly value?: unknown;
  readonly failure?: { readonly code: string; readonly message: string; readonly cause: unknown };
}

interface StandIn {
  readonly name: string;
  readonly as: string;
  readonly durable: boolean;
  /** Whether the mailbox can be sent to. */
  isThere: boolean;
  isStarting: boolean;
  address: Address | undefined;
}

const START_AGAIN_MS = 500;

export class StandIns {
  readonly #options: StandInsOptions;
  readonly #standIns = new Map<string, StandIn>();
  #stopped = false;

  constructor(options: StandInsOptions) {
    this.#options = options;
    for (const [name, { as = name, durable = false }] of Object.entries(options.settings.imports)) {
      const standIn = { name, as, durable, isThere: durable, isStarting: false, address: undefined };
      this.#standIns.set(name, standIn);
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
    const { address } = standIn;
    standIn.address = undefined;
    if (address !== undefined) this.#end(address, reason);
  }

  #start(standIn: StandIn): void {
    if (!standIn.isThere || standIn.isStarting || standIn.address !== undefined || this.#stopped) return;
    standIn.isStarting = true;
    const { context, module } = this.#options;
    const { name, as } = standIn;
    context.spawn({ module, args: { name, as } }).then(
      ({ address }) => {
        standIn.isStarting = false;
        this.#started(standIn, address);
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

  #started(standIn: StandIn, address: Address): void {
    if (!standIn.isThere) {
      this.#end(address, { tag: 'noproc' });
      return;
    }
    standIn.address = address;
    const { context, watch } = this.#options;
    watch(address, ({ tag, detail }) => {
      // Not one that was ended because its mailbox has.
      if (standIn.address !== address) return;
      standIn.address = undefined;
      this.#failed(standIn, tag === 'error' ? String(detail) : tag);
    });
    // It takes its name once it knows whom to pass things on to; nobody else knows its address until then.
    void context.send(address, context.self);
  }

  /** An environment can end another with these reasons only; any other one is told as the detail of an error. */
  #end(address: Address, reason: ExitReason): void {
    const { tag, detail } = reason;
    // Who does not trap exits is not ended by `normal`.
    if (tag === 'shutdown' || tag === 'normal')
      this.#options.context.sendExit(address, { tag: 'shutdown', detail });
    else this.#options.context.sendExit(address, { tag: 'error', detail: tag === 'error' ? detail : reason });
  }
}
