/** The runs that one environment is handling. */
import type { RunBody } from '../protocol/run.js';
import { IncomingRun, type RunSite } from './incoming-run.js';
import type { InboundStream, Mailbox } from './mailbox.js';
import type { Peering } from './peer-channel.js';

export type RunsSite = Omit<RunSite, 'put' | 'withdraw' | 'over'>;

export class IncomingRuns {
  readonly #site: RunsSite;
  readonly #mailbox: Mailbox;
  readonly #isPaced: boolean;
  readonly #open = new Set<IncomingRun>();

  /** `isPaced`: messages are counted by time, and a run counts as one. So none is taken that has more than one. */
  constructor(site: RunsSite, mailbox: Mailbox, isPaced: boolean) {
    this.#site = site;
    this.#mailbox = mailbox;
    this.#isPaced = isPaced;
  }

  /** False if its sender had no credit for it. */
  arrived(
    body: RunBody,
    peering: Peering,
    from: number,
    number: number,
    stream: InboundStream,
    bytes: number,
  ): boolean {
    const { credit } = this.#mailbox;
    if (!credit.arrived(stream, bytes)) return false;
    const { slot, watchedCalls } = this.#site;
    const run = new IncomingRun(
      body,
      {
        slot,
        watchedCalls,
        encode: (value, transfer, maxBytes) => this.#site.encode(value, transfer, maxBytes),
        decode: (encoded) => this.#site.decode(encoded),
        now: () => this.#site.now(),
        put: (call, turn) => {
          this.#mailbox.received++;
          this.#mailbox.pushReserved(call, turn);
        },
        withdraw: (call) => this.#mailbox.removeReserved((item) => item === call),
        over: (ended) => {
          this.#open.delete(ended);
          // All of it lies in memory until here.
          credit.taken(stream, bytes);
        },
      },
      peering,
      from,
      number,
    );
    this.#open.add(run);
    if (this.#isPaced && body.length > 2) run.refuse('too_large', 'messages are taken one at a time here');
    else run.next();
    return true;
  }

  cancelled(peering: Peering, from: number, number: number): void {
    for (const run of this.#open) if (run.is(peering, from, number)) run.cancel();
  }

  prolonged(peering: Peering, from: number, number: number, ms: number): void {
    for (const run of this.#open) if (run.is(peering, from, number)) run.prolong(ms);
  }

  callerGone(peering: Peering, from: number): void {
    for (const run of this.#open) if (run.isFrom(peering, from)) run.cancel();
  }

  /** Their environment ends: what is in hand has no reply any more. */
  ended(): void {
    for (const run of this.#open) run.serverEnded();
  }
}
