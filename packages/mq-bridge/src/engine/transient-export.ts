/**
 * A local name that other hosts may send to. Each life of the environment that holds the name is a mailbox of its
 * own, with a queue of its own: what lay in the queue of a dead one is lost with it, as in a local mailbox.
 *
 *   absent ──(the name is held)──► opening ──(the queue is there)──► open, announced
 *      ▲                              ▲                                │ the environment ends
 *      │                              └──── awaited, announced ◄───────┤
 *      └──── withdrawn ◄── nobody comes ◄── queue removed ◄────────────┘
 *
 * It is _awaited_ while the kernel keeps the name for who is being started, for the first time or again. Others are
 * told so along with an end, and their senders wait.
 *
 * A frame is acknowledged when its messages are in the environment's mailbox: a full one holds them up, then the
 * broker's queue fills, and the senders wait.
 */
import type { Address, CallError, ExitReason } from '@espalier/core';
import type { Clock } from '@espalier/core/internal/bridge.js';
import type { Item } from '../wire/frames.js';
import { readReason } from '../protocol/reasons.js';
import { senderOf } from './answers.js';
import type { HandleFrame, ReceivedFrame } from './intake.js';
import { codeOf, type LocalSide } from './local-side.js';
import { RemoteLinks } from './remote-links.js';

const LOOK_AGAIN_MS = 200;
const ROOM_AGAIN_MS = 20;
/** Calls that the environment has not answered yet. */
const MAX_OPEN_CALLS = 1000;

type Delivered = Item & { readonly kind: 'message' | 'cast' };

export interface TransientExportOptions {
  readonly name: string;
  /** The local name. */
  readonly to: string;
  readonly local: LocalSide;
  readonly clock: Clock;
  /** Makes the mailbox of this life. */
  readonly open: (life: number, handle: HandleFrame) => Promise<void>;
  readonly announce: (life: number) => void;
  /** Nobody has the name; `isAwaited`: somebody will, or else the name is given up. */
  readonly await: (isAwaited: boolean) => void;
  /** The same, and the mailbox of this life is no more. */
  readonly close: (life: number, reason: ExitReason, isAwaited: boolean) => void;
  readonly answer: (stream: string, item: Item) => void;
  /** Whether who sends that stream is there. */
  readonly isUp: (stream: string) => boolean;
  readonly undelivered: (count: number) => void;
}

interface Holder {
  readonly address: Address;
  readonly life: number;
  readonly links: RemoteLinks;
}

export class TransientExport {
  readonly #options: TransientExportOptions;
  /** By `<stream's host>/<call>`: what cancels it. */
  readonly #calls = new Map<string, () => void>();
  #holder: Holder | undefined;
  /** Was announced under an incarnation that is no more. */
  #withdrawn: Holder | undefined;
  /** It has ended, which others are told with whether there will be a next one. */
  #over: { readonly life: number; readonly reason: ExitReason } | undefined;
  #lives = 0;
  #stopped = false;
  #cancelLook: (() => void) | undefined;

  constructor(options: TransientExportOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#look();
  }

  stop(): void {
    this.#stopped = true;
    // Its end is known, and whether there will be a next life nobody can say any more.
    if (this.#over !== undefined) this.#tell(false);
    this.#cancelLook?.();
    this.#holder?.links.lost();
    for (const cancel of this.#calls.values()) cancel();
  }

  /** The incarnation that it was announced under is no more. */
  withdrawn(): void {
    this.#withdrawn = this.#holder;
  }

  /** It opens anew what was withdrawn, unless that has ended: its next life is of the new incarnation already. */
  async renew(): Promise<void> {
    const holder = this.#holder;
    if (holder === undefined || holder !== this.#withdrawn) return;
    this.#holder = { ...holder, life: ++this.#lives };
    await this.#open(this.#holder);
  }

  /** Who hangs is killed, too: this waits for nothing. */
  kill(stream: string, life: number): void {
    const { local, isUp } = this.#options;
    if (!this.#stopped && this.#holder?.life === life && isUp(stream)) local.kill(this.#holder.address);
  }

  /** Whoever asked from there, or is linked there, is gone. */
  hostGone(incarnation: string): void {
    this.#holder?.links.lost([incarnation]);
    for (const [key, cancel] of this.#calls) if (key.includes(`/${incarnation}/`)) cancel();
  }

  async #look(): Promise<void> {
    const { local, to, clock } = this.#options;
    const address = await local.awaitHolder(to, () => this.#tell(true)).catch(() => undefined);
    if (this.#stopped) return;
    if (address === undefined) {
      this.#tell(false);
      this.#cancelLook = clock.after(LOOK_AGAIN_MS, () => void this.#look());
      return;
    }
    // The next life is there already: with the end of the last one that is all that others need to know.
    if (this.#over !== undefined) this.#tell(true);
    const life = ++this.#lives;
    const links = new RemoteLinks({ local, target: address, failed: () => this.#options.undelivered(1) });
    const holder = { address, life, links };
    this.#holder = holder;
    local.watch(address, (reason) => void this.#ended(address, reason));
    await this.#open(holder);
  }

  async #open(holder: Holder): Promise<void> {
    const { life } = holder;
    await this.#options.open(life, (frame) => this.#handle(holder, frame));
    // It may have ended meanwhile; or its host was taken for down, and it is to be opened anew.
    if (this.#holder === holder && this.#withdrawn !== holder) this.#options.announce(life);
  }

  async #ended(address: Address, reason: ExitReason): Promise<void> {
    const holder = this.#holder;
    if (holder?.address !== address || this.#stopped) return;
    this.#holder = undefined;
    this.#over = { life: holder.life, reason };
    await this.#look();
  }

  #tell(isAwaited: boolean): void {
    const over = this.#over;
    this.#over = undefined;
    if (over === undefined) this.#options.await(isAwaited);
    else this.#options.close(over.life, over.reason, isAwaited);
  }

  #handle(holder: Holder, frame: ReceivedFrame, from = 0): boolean | Promise<boolean> {
    const { address } = holder;
    const { stream, items } = frame;
    for (let n = from; n < items.length; n++) {
      const item = items[n] as Item;
      if (item.kind === 'message' || item.kind === 'cast') {
        const taken = this.#send(address, item);
        // Most are taken at once: to await each would cost more than to send it.
        if (taken !== undefined)
          return this.#deliver(address, item, taken).then(() => this.#handle(holder, frame, n + 1));
      } else if (item.kind === 'call') this.#call(address, stream, item);
      else if (item.kind === 'cancel') this.#calls.get(callKey(stream, item.call))?.();
      else return this.#signal(holder, stream, item).then(() => this.#handle(holder, frame, n + 1));
    }
    return true;
  }

  /**
   * Of somebody whose host is down, or by whom this host was taken for down, the environment has heard that, and hears
   * nothing more: what was in hand then is of a mailbox that is no more.
   */
  async #signal(holder: Holder, stream: string, item: Item): Promise<void> {
    if (this.#stopped || this.#holder !== holder || !this.#options.isUp(stream)) return;
    const incarnation = senderOf(stream)[1];
    if (item.kind === 'exit') await holder.links.exit(incarnation, readReason(item), item.isLast);
    else if (item.kind === 'link') await holder.links.link(incarnation);
    else if (item.kind === 'unlink') holder.links.unlink(incarnation);
  }

  /** Undefined: it was sent, or there is nobody to send it to. */
  #send(address: Address, item: Delivered): Promise<void> | undefined {
    const { local, undelivered } = this.#options;
    if (this.#stopped || this.#holder?.address !== address) {
      undelivered(1);
      return undefined;
    }
    if (item.kind === 'message') return local.send(address, item.value);
    return local.cast(address, item.operation, item.parameters);
  }

  /** Until it is taken: to wait here is what holds the senders up. */
  async #deliver(address: Address, item: Delivered, sent: Promise<void>): Promise<void> {
    const { clock, undelivered } = this.#options;
    for (let taken: Promise<void> | undefined = sent; taken !== undefined;) {
      try {
        await taken;
        return;
      } catch (error) {
        if (codeOf(error) !== 'full') {
          undelivered(1);
          return;
        }
        await new Promise<void>((resolve) => clock.after(ROOM_AGAIN_MS, resolve));
      }
      taken = this.#send(address, item);
    }
  }

  #call(address: Address, stream: string, item: Item & { readonly kind: 'call' }): void {
    const { local, answer } = this.#options;
    const { call, operation, parameters } = item;
    if (this.#calls.size >= MAX_OPEN_CALLS) {
      const message = `'${operation}' was not taken: too many calls are open`;
      answer(stream, { kind: 'failure', call, code: 'full', message, cause: undefined });
      return;
    }
    const key = callKey(stream, call);
    const onCancel = (cancel: () => void): void => void this.#calls.set(key, cancel);
    // Whoever called has a timeout; what ends the call here is its cancellation.
    local.callCancellable(address, operation, parameters, onCancel).then(
      (value) => {
        this.#calls.delete(key);
        answer(stream, { kind: 'reply', call, value });
      },
      (error: unknown) => {
        this.#calls.delete(key);
        const { message, cause } = error as CallError;
        const code = (codeOf(error) ?? 'refused') as CallError['code'];
        if (code !== 'cancelled') answer(stream, { kind: 'failure', call, code, message, cause });
      },
    );
  }
}

/** A host numbers its calls for all its streams. */
function callKey(stream: string, call: number): string {
  return `${stream.slice(0, stream.lastIndexOf('/'))}/${String(call)}`;
}
