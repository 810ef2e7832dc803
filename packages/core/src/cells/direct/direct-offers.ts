/**
 * In the thread of the host's kernel: pipes that the application's thread has connected to before there is a cell
 * for them, so that no start waits for that. One is kept ready; a cell that finds none has its links relayed.
 *
 *   offered ──the application has connected──► ready ──take()──► a cell's ──over()──► gone
 *      └──── refused, or given up ──► gone ◄─────┘
 */
import type { FarStreams, StreamAddress, StreamOffer } from '../stream-offer.js';
import { offerStreams } from '../stream-offer.js';
import { Passages, type Passage } from './passages.js';

/** For the wall that starts a cell. */
export interface DirectWay {
  readonly passage: Passage;
  /** The cell's, or to be destroyed, from here on; undefined where the application connects to the cell itself. */
  readonly far: FarStreams | undefined;
  /** The application's end is no more. `problem`: what the cell did that it must not. */
  lost: (problem: string | undefined) => void;
  /** The cell has said something: it is up. */
  heard(): void;
  /** The cell has ended: call it before anybody is told. */
  over(): void;
}

interface Offered {
  readonly passage: Passage;
  readonly offer: StreamOffer;
  far: FarStreams | undefined;
}

export class DirectOffers {
  readonly passages = new Passages();
  readonly #tell: (id: number, address: StreamAddress) => void;
  readonly #ways = new Map<number, DirectWay>();
  #offered: Offered | undefined;
  #closed = false;

  /** `tell`: the application's thread, which is to connect. */
  constructor(tell: (id: number, address: StreamAddress) => void) {
    this.#tell = tell;
  }

  /** Resolves when one is ready, or there will be none. */
  async prepare(): Promise<void> {
    if (this.#offered !== undefined || this.#closed) return;
    const passage = this.passages.open();
    const offered: Offered = { passage, offer: offerStreams(), far: undefined };
    this.#offered = offered;
    this.#tell(passage.id, offered.offer.address);
    try {
      offered.far = await offered.offer.far;
    } catch {
      // The system refuses: then there is none.
    }
    if (offered.far === undefined) this.#giveUp(offered);
    else if (this.#offered !== offered) destroy(offered.far);
  }

  take(): DirectWay | undefined {
    const { far, passage } = this.#offered ?? {};
    if (far === undefined || passage === undefined) return undefined;
    this.#offered = undefined;
    return this.#way(passage, far);
  }

  /** To a cell that has been there before its kernel, and listens itself. */
  to(address: StreamAddress): DirectWay {
    const passage = this.passages.open();
    this.#tell(passage.id, address);
    return this.#way(passage, undefined);
  }

  #way(passage: Passage, far: FarStreams | undefined): DirectWay {
    const prepareNext = (): void => void this.prepare();
    const way: DirectWay = {
      passage,
      far,
      lost: () => undefined,
      heard: prepareNext,
      over: () => {
        this.#ways.delete(passage.id);
        passage.over();
        prepareNext();
      },
    };
    this.#ways.set(passage.id, way);
    return way;
  }

  /** The application's end of it is no more. */
  lost(id: number, problem: string | undefined): void {
    this.#ways.get(id)?.lost(problem);
    if (this.#offered?.passage.id === id) this.#giveUp(this.#offered);
  }

  close(): void {
    this.#closed = true;
    if (this.#offered !== undefined) this.#giveUp(this.#offered);
  }

  #giveUp(offered: Offered): void {
    if (this.#offered === offered) this.#offered = undefined;
    offered.offer.withdraw();
    destroy(offered.far);
    this.passages.forget(offered.passage);
  }
}

function destroy(far: FarStreams | undefined): void {
  for (const socket of far ?? []) socket.destroy();
}
