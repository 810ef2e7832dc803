/**
 * The application's end of a link that goes straight to a cell. No kernel that it trusts is on the way, so what
 * comes is held here to the same account as in a relay; who exceeds it is told of, and nothing more of it arrives.
 */
import type { Link, LinkEnd, LinkReceiver, Transfer } from '../../channel/link.js';
import { Account } from '../../kernel/relay.js';

const NO_TRANSFERS: readonly Transfer[] = [];

export class AccountedLink implements Link, LinkEnd {
  declare readonly linkEnd?: never;
  readonly #link: Link;
  readonly #broken: (problem: string) => void;
  readonly #sent = new Account(true);
  readonly #received = new Account(true);

  constructor(link: Link, broken: (problem: string) => void) {
    this.#link = link;
    this.#broken = broken;
  }

  send(batch: Uint8Array, transfers = NO_TRANSFERS): void {
    // For the credit that it grants, and the calls that it makes: the application is believed.
    this.#sent.take(batch, transfers, this.#received);
    this.#link.send(batch, transfers);
  }

  receive(receiver: LinkReceiver): void {
    this.#link.receive({
      batch: (bytes, transfers) => {
        const problem = this.#received.take(bytes, transfers, this.#sent);
        if (problem === undefined) receiver.batch(bytes, transfers);
        else this.#broken(problem);
      },
      end: () => receiver.end(),
    });
  }

  drain(): void {
    this.#link.drain();
  }

  close(): void {
    this.#link.close();
  }
}
