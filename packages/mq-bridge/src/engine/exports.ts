/** What this host exports, and what it says of it. */
import type { Clock } from '@espalier/core/internal/bridge.js';
import { toldReason } from '../protocol/reasons.js';
import type { Announced, Ended, Item } from '../wire/frames.js';
import type { QueueNames } from '../wire/queue-names.js';
import { DurableExport } from './durable-export.js';
import type { Intakes } from './intakes.js';
import type { BridgeEvent, LocalSide } from './local-side.js';
import { durableTerms, mailboxTerms } from './queue-terms.js';
import type { CompleteTerms, ExportSettings } from './settings.js';
import type { Opener } from './trust.js';
import { TransientExport } from './transient-export.js';

export interface ExportsOptions {
  readonly settings: CompleteTerms;
  readonly names: QueueNames;
  readonly local: LocalSide;
  readonly clock: Clock;
  readonly intakes: Intakes;
  readonly openSealed: Opener;
  readonly openSigned: Opener;
  readonly incarnation: () => string;
  /** Others are to be told what is announced now. */
  readonly changed: () => void;
  readonly answer: (stream: string, item: Item) => void;
  /** Whether who sends that stream is there. */
  readonly isUp: (stream: string) => boolean;
  /** Resolves when the broker has the message in that queue, and never if this bridge ends before. */
  readonly keep: (queue: string, item: Item) => Promise<void>;
  readonly onEvent: (event: BridgeEvent) => void;
}

/** Ends that are told with each presence. */
const TOLD_ENDS = 32;

export class Exports {
  readonly #options: ExportsOptions;
  readonly #transient = new Map<string, TransientExport>();
  readonly #durable: DurableExport[] = [];
  /** The life of each mailbox that can be sent to. */
  readonly #open = new Map<string, number>();
  /** Names whose next life is being started. */
  readonly #awaited = new Set<string>();
  #ends: readonly Ended[] = [];

  constructor(options: ExportsOptions) {
    this.#options = options;
  }

  start(): void {
    for (const [name, how] of Object.entries(this.#options.settings.exports)) {
      if (how.durable === true) this.#startDurable(name, how);
      else this.#startTransient(name, how);
    }
  }

  stop(): void {
    for (const one of [...this.#transient.values(), ...this.#durable]) one.stop();
  }

  /** What was given to us may be given to others: nothing more of it is begun. */
  disconnected(): void {
    for (const one of this.#durable) one.interrupt();
  }

  /** Nothing that was handed over together is still being handled. */
  get isQuiet(): boolean {
    return this.#durable.every((one) => one.isQuiet);
  }

  announced(): Announced {
    const exports = [...this.#open].map(([name, life]) => ({ name, life }));
    const awaited = this.#awaited.size === 0 ? {} : { awaited: [...this.#awaited] };
    return { exports, ended: this.#ends, ...awaited };
  }

  /** Whoever asked from there, or is linked there, is gone. */
  hostGone(incarnation: string): void {
    for (const one of this.#transient.values()) one.hostGone(incarnation);
  }

  /** Somebody there kills that life of it. */
  kill(stream: string, name: string, life: number): void {
    this.#transient.get(name)?.kill(stream, life);
  }

  /** The incarnation is over: nothing is announced any more. Gives the queues that are left of it. */
  withdrawAll(incarnation: string): readonly string[] {
    const queues = [...this.#open].map(([name, life]) =>
      this.#options.names.mailbox(incarnation, name, life),
    );
    this.#open.clear();
    this.#ends = [];
    for (const one of this.#transient.values()) one.withdrawn();
    return queues;
  }

  /** Opens and announces everything under the new incarnation. */
  async renew(): Promise<void> {
    for (const one of this.#transient.values()) await one.renew();
  }

  #startTransient(name: string, { to = name }: ExportSettings): void {
    const {
      local,
      clock,
      intakes,
      openSealed: open,
      settings,
      changed,
      answer,
      isUp,
      onEvent,
    } = this.#options;
    const terms = mailboxTerms(settings.downAfterMs);
    const exported = new TransientExport({
      name,
      to,
      local,
      clock,
      open: async (life, handle) => {
        const queue = this.#mailbox(name, life);
        await intakes.take({ queue, target: `'${to}'`, terms, open, handle });
        // The incarnation whose it is may be over by now.
        if (queue !== this.#mailbox(name, life)) void intakes.drop(queue);
      },
      announce: (life) => {
        this.#await(name, false);
        this.#open.set(name, life);
        onEvent({ kind: 'exported', name });
        changed();
      },
      await: (isAwaited) => {
        if (this.#await(name, isAwaited)) changed();
      },
      close: (life, reason, isAwaited) => {
        this.#await(name, isAwaited);
        this.#open.delete(name);
        onEvent({ kind: 'withdrawn', name });
        this.#ends = [...this.#ends, { name, life, ...toldReason(reason) }].slice(-TOLD_ENDS);
        changed();
        void intakes.drop(this.#mailbox(name, life));
      },
      answer,
      isUp,
      undelivered: (count) => onEvent({ kind: 'undelivered', target: `'${to}'`, count }),
    });
    this.#transient.set(name, exported);
    exported.start();
  }

  /** True if that is news. */
  #await(name: string, isAwaited: boolean): boolean {
    const isNews = this.#awaited.has(name) !== isAwaited;
    if (isAwaited) this.#awaited.add(name);
    else this.#awaited.delete(name);
    return isNews;
  }

  #mailbox(name: string, life: number): string {
    return this.#options.names.mailbox(this.#options.incarnation(), name, life);
  }

  #startDurable(name: string, { to = name, attempts = 5, holders = 'one' }: ExportSettings): void {
    const { settings, local, clock, names, intakes, openSigned: open, keep, onEvent } = this.#options;
    const exported = new DurableExport({
      name,
      to,
      attempts,
      local,
      clock,
      deadLetter: (item) => keep(names.deadLetters(name), item),
      poison: (id) => onEvent({ kind: 'poison', name, id }),
    });
    this.#durable.push(exported);
    void intakes.take({
      queue: names.durable(name),
      target: `'${to}'`,
      terms: durableTerms(holders, settings.replicated),
      open,
      handle: exported.handle,
      journal: names.journal(name),
      deadLetters: names.deadLetters(name),
      held: (fence) => onEvent({ kind: 'holding', name, fence }),
    });
  }
}
