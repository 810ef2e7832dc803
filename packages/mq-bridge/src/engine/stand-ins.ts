/**
 * The stand-ins of imported names: one environment for each, that holds the local name and passes on what comes.
 *
 *   absent ──appeared──► there ──(the mailbox ends)──► absent, or awaited
 *     └───awaited──► awaited ──appeared──► there
 *
 * The stand-in of a mailbox that ends ends with its reason: the next mailbox has another one, as it is another life. While
 * that is awaited its stand-in is starting, so the name is kept for it, and who sends waits: the kernel does the rest.
 * The next one is started before the last one ends; nobody sees a gap. One that ends by itself is replaced after a pause.
 */
import type { Address, ExitReason } from '@espalier/core';
import type { BesideContext, Clock, MailboxTerms } from '@espalier/core/internal/bridge.js';
import { toldReason } from '../protocol/reasons.js';
import type { Item } from '../wire/frames.js';
import { LinkedHere } from './linked-here.js';
import type { CompleteTerms } from './settings.js';
import { standIn as newStandIn, type Beyond } from './stand-in.js';

export interface StandInsOptions {
  readonly context: Pick<BesideContext, 'spawnBeside' | 'sendExit'>;
  readonly beyond: Beyond & {
    /** Whoever has the mailbox, whatever lies in it. */
    readonly kill: (name: string) => void;
  };
  readonly settings: CompleteTerms;
  readonly clock: Clock;
  /** Of a message to that name: why. */
  readonly lost: (name: string, why: string) => void;
  readonly watch: (target: Address, ended: (reason: ExitReason) => void) => void;
  readonly failed: (name: string, why: string) => void;
}

interface Imported {
  readonly name: string;
  readonly as: string;
  readonly durable: boolean;
  readonly terms: Partial<MailboxTerms>;
  /** Whether it can be sent to, or will be. */
  mailbox: 'absent' | 'awaited' | 'there';
  /** Has the name, or takes it. */
  current: StandIn | undefined;
  /** Is to have it next. */
  next: StandIn | undefined;
  isPausing: boolean;
  /** Resolves when it has its name, or was refused it for the first time. */
  readonly tried: Promise<void>;
  readonly hasTried: () => void;
}

interface StandIn {
  /** Whether it is to have the name now, or never. */
  readonly decide: (isToRun: boolean) => void;
  address: Address | undefined;
  /** The name is kept for it. */
  hasBegun: boolean;
  /** Why its mailbox has ended. */
  over: ExitReason | undefined;
  isEnding: boolean;
  /** Of a transient name. */
  readonly links: LinkedHere | undefined;
}

const START_AGAIN_MS = 500;

export class StandIns {
  readonly #options: StandInsOptions;
  readonly #imported = new Map<string, Imported>();
  #stopped = false;

  constructor(options: StandInsOptions) {
    this.#options = options;
    for (const [name, how] of Object.entries(options.settings.imports)) {
      const { as = name, durable = false, overflow, sendTimeoutMs } = how;
      const terms = {
        // Refused to who sends, and not lost beyond: neither gets through the bridge.
        addresses: false,
        links: !durable,
        messageBytes: options.settings.messageBytes,
        ...(overflow === undefined ? {} : { overflow }),
        ...(sendTimeoutMs === undefined ? {} : { sendTimeoutMs }),
      };
      let hasTried = (): void => undefined;
      const tried = new Promise<void>((resolve) => (hasTried = resolve));
      const nobody = { current: undefined, next: undefined, isPausing: false };
      this.#imported.set(name, {
        ...{ name, as, durable, terms, mailbox: durable ? 'there' : 'absent' },
        ...{ ...nobody, tried, hasTried },
      });
    }
  }

  /** Durable names can be sent to whoever is there: resolves when they can, but for those that cannot be had now. */
  async start(): Promise<void> {
    const durable = [...this.#imported.values()].filter((imported) => imported.durable);
    for (const imported of durable) this.#act(imported);
    await Promise.all(durable.map(({ tried }) => tried));
  }

  stop(): void {
    this.#stopped = true;
  }

  appeared(name: string): void {
    const imported = this.#transient(name);
    if (imported === undefined) return;
    imported.mailbox = 'there';
    this.#act(imported);
  }

  ended(name: string, reason: ExitReason, isAwaited: boolean): void {
    const imported = this.#transient(name);
    if (imported === undefined) return;
    imported.mailbox = isAwaited ? 'awaited' : 'absent';
    if (imported.current !== undefined) imported.current.over ??= reason;
    this.#act(imported);
  }

  awaited(name: string, isAwaited: boolean): void {
    const imported = this.#transient(name);
    if (imported === undefined || imported.mailbox === 'there') return;
    imported.mailbox = isAwaited ? 'awaited' : 'absent';
    this.#act(imported);
  }

  /** The connection is there (again): what was said of links may be lost. */
  sayAgain(): void {
    for (const { current } of this.#imported.values()) current?.links?.sayAgain();
  }

  #transient(name: string): Imported | undefined {
    const imported = this.#imported.get(name);
    return imported?.durable === true ? undefined : imported;
  }

  /** Whatever is due, as things stand. */
  #act(imported: Imported): void {
    const { mailbox, current, isPausing } = imported;
    const isServed = current !== undefined && current.over === undefined;
    const isNeeded = mailbox === 'awaited' || (mailbox === 'there' && !isServed);
    if (!isNeeded) {
      imported.next?.decide(false);
      imported.next = undefined;
    } else if (imported.next === undefined && !isPausing && !this.#stopped)
      imported.next = this.#start(imported);
    const { next } = imported;
    if (current?.over !== undefined && (next === undefined || next.hasBegun))
      this.#end(current, current.over);
    if (mailbox === 'there' && current === undefined && next !== undefined) {
      imported.current = next;
      imported.next = undefined;
      next.decide(true);
    }
  }

  #start(imported: Imported): StandIn {
    const { context, beyond, lost, watch } = this.#options;
    const { name, as, terms, durable } = imported;
    let decide = (_isToRun: boolean): void => undefined;
    const turn = new Promise<boolean>((resolve) => (decide = resolve));
    const started = { address: undefined, hasBegun: false, over: undefined, isEnding: false };
    const isOver = (): boolean => standIn.over !== undefined;
    const links = durable ? undefined : new LinkedHere((item) => this.#pass(name, item), isOver);
    const standIn: StandIn = { decide, links, ...started };
    const behaviour = newStandIn({
      beyond,
      name,
      lost: (why) => lost(name, why),
      links,
      begun: () => {
        standIn.hasBegun = true;
        this.#act(imported);
      },
      turn,
      over: () => standIn.over,
    });
    context.spawnBeside(behaviour, { name: as, terms }).then(
      (address) => {
        standIn.address = address;
        imported.hasTried();
        watch(address, (reason) => {
          const isPassedOn = this.#endedAlone(imported, standIn, reason);
          const { tag, detail } = reason;
          this.#gone(imported, standIn, tag === 'error' ? String(detail) : tag, isPassedOn);
        });
        this.#act(imported);
      },
      (error: unknown) => this.#gone(imported, standIn, String(error)),
    );
    return standIn;
  }

  #gone(imported: Imported, standIn: StandIn, why: string, isPassedOn = false): void {
    const isCurrent = imported.current === standIn;
    if (isCurrent) imported.current = undefined;
    else if (imported.next === standIn) imported.next = undefined;
    // It was to end: its mailbox never came.
    else return;
    if (!isPassedOn && (!isCurrent || standIn.over === undefined)) this.#pause(imported, why);
    this.#act(imported);
  }

  /**
   * If its mailbox has not, whoever is linked here has heard of an end, and so must the other side. True: it was killed.
   * Nothing traps that: it is for the mailbox as well, which ends by it, and so would have the stand-in.
   */
  #endedAlone({ name, durable, current }: Imported, standIn: StandIn, reason: ExitReason): boolean {
    // It is never the next one's: what waits there would be said of that.
    const isLinked = standIn.links?.stop() === true;
    if (this.#stopped || durable || current !== standIn || standIn.over !== undefined) return false;
    if (reason.tag === 'killed') this.#options.beyond.kill(name);
    if (isLinked) void this.#pass(name, { kind: 'exit', ...toldReason(reason), isLast: true });
    return reason.tag === 'killed';
  }

  #pass(name: string, item: Item): boolean | Promise<boolean> {
    const { beyond, lost } = this.#options;
    const failed = (error: unknown): boolean => {
      lost(name, (error as Error).message);
      return false;
    };
    try {
      return (
        beyond.pass(name, item)?.then(
          () => true,
          (error: unknown) => failed(error),
        ) ?? true
      );
    } catch (error) {
      return failed(error);
    }
  }

  /** Somebody has ended it, the name is taken, or a limit is reached; all of that may pass. */
  #pause(imported: Imported, why: string): void {
    imported.isPausing = true;
    imported.hasTried();
    this.#options.failed(imported.as, why);
    this.#options.clock.after(START_AGAIN_MS, () => {
      imported.isPausing = false;
      this.#act(imported);
    });
  }

  /** As its mailbox has ended, and as soon as it runs. */
  #end(standIn: StandIn, reason: ExitReason): void {
    const { address, isEnding } = standIn;
    if (address === undefined || isEnding) return;
    standIn.isEnding = true;
    this.#options.context.sendExit(address, reason);
  }
}
