/**
 * The stand-ins of imported names: one environment for each, that holds the local name and passes on what comes.
 *
 *   absent ──appeared──► starting ──► there ──(the mailbox ends)──► ended with its reason ──► absent
 *                                       └───(it ends itself)──► after a pause: starting
 */
import type { Address, Context, ExitReason } from '@espalier/core';
import type { Clock, Random } from '@espalier/core/internal/bridge.js';
import type { CompleteTerms, ImportSettings } from './settings.js';

export interface StandInsOptions {
  readonly context: Context;
  /** Of a stand-in. */
  readonly module: string;
  readonly settings: CompleteTerms;
  readonly clock: Clock;
  readonly random: Random;
  readonly watch: (target: Address, ended: (reason: ExitReason) => void) => void;
  readonly failed: (name: string, why: string) => void;
}

/** A value, or an operation with its arguments: what a stand-in passes on. */
export type Post = readonly [value: unknown] | readonly [operation: string, parameters: readonly unknown[]];

/** What the driver answers a stand-in. */
export interface Outcome {
  readonly value?: unknown;
  readonly failure?: { readonly code: string; readonly message: string; readonly cause: unknown };
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
  /** Resolves when it has its name, or was refused it for the first time. */
  readonly tried: Promise<void>;
  readonly hasTried: () => void;
}

interface Started {
  readonly address: Address;
  /** Known to driver and stand-in alone, so that nobody else can end it by a message. */
  readonly farewell: string;
}

/** The first message to a stand-in. */
export interface Welcome {
  readonly driver: Address;
  readonly farewell: string;
}

/** The last one: it ends as `normal`. */
export interface Farewell {
  readonly farewell: string;
  readonly detail: unknown;
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
      let hasTried = (): void => undefined;
      const tried = new Promise<void>((resolve) => (hasTried = resolve));
      const now = { isThere: durable, isStarting: false, started: undefined, tried, hasTried };
      this.#standIns.set(name, { name, as, durable, terms, ...now });
    }
  }

  /** Durable names can be sent to whoever is there: resolves when they can, but for those that cannot be had now. */
  async start(): Promise<void> {
    const durable = [...this.#standIns.values()].filter((standIn) => standIn.durable);
    for (const standIn of durable) this.#start(standIn);
    await Promise.all(durable.map(({ tried }) => tried));
  }

  /** A stand-in has its name. */
  named(name: string): void {
    this.#standIns.get(name)?.hasTried();
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
    const { context, module } = this.#options;
    const { name, as, terms } = standIn;
    context.spawn({ module, args: { name, as }, ...terms }).then(
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
    standIn.hasTried();
    this.#options.failed(standIn.as, why);
    this.#options.clock.after(START_AGAIN_MS, () => {
      standIn.isStarting = false;
      this.#start(standIn);
    });
  }

  #started(standIn: StandIn, address: Address): void {
    const { context, watch, random } = this.#options;
    const started = { address, farewell: `${String(random.next())}/${String(random.next())}` };
    if (!standIn.isThere) {
      this.#end(started, { tag: 'noproc' });
      return;
    }
    standIn.started = started;
    watch(address, ({ tag, detail }) => {
      // Not one that was ended because its mailbox has.
      if (standIn.started !== started) return;
      standIn.started = undefined;
      this.#failed(standIn, tag === 'error' ? String(detail) : tag);
    });
    // It takes its name once it knows whom to pass things on to; nobody else knows its address until then.
    void context.send(address, { driver: context.self, farewell: started.farewell } satisfies Welcome);
  }

  /** As the mailbox has ended. By an exit signal `normal` nobody ends: the stand-in is told to end so itself. */
  #end({ address, farewell }: Started, reason: ExitReason): void {
    const { context } = this.#options;
    if (reason.tag !== 'normal') context.sendExit(address, reason);
    else {
      const told: Farewell = { farewell, detail: reason.detail };
      context.send(address, told).catch(() => context.sendExit(address, { ...reason, tag: 'shutdown' }));
    }
  }
}
