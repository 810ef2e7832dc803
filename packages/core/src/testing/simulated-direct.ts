/** The application of a simulation with its direct pipes to the cells of the topmost kernel. */
import { DirectPipes } from '../cells/direct/direct-pipes.js';
import { FencedLink } from '../cells/direct/fenced-link.js';
import { Passages, type Passage } from '../cells/direct/passages.js';
import type { Delivery } from '../channel/loopback.js';
import type { Link, LinkOpener } from '../channel/link.js';
import type { AfterTurn, Clock } from '../clock.js';
import { simulatedDirectPipe, type SimulatedPipe } from './simulated-pipe.js';

export interface SimulatedDirectOptions {
  readonly clock: Clock;
  readonly afterTurn: AfterTurn;
  /** Pipes that have something to deliver. */
  readonly pipes: Set<Delivery>;
  /** Happens in its turn, as the scheduler picks. */
  later(happens: () => void): void;
}

export interface SimulatedWay {
  readonly passage: Passage;
  /** The cell's end. */
  readonly far: SimulatedPipe;
  /** The application's end is no more. */
  lost: () => void;
}

export class SimulatedDirect {
  /** What cells did that they must not. */
  readonly problems: string[] = [];
  readonly #options: SimulatedDirectOptions;
  readonly #passages = new Passages();
  readonly #pipes: DirectPipes;
  readonly #ways = new Map<number, SimulatedWay & { readonly title: string }>();

  constructor(options: SimulatedDirectOptions) {
    const { clock, later } = options;
    this.#options = options;
    this.#pipes = new DirectPipes({
      clock,
      nextTurn: (callback) => clock.after(0, callback),
      over: (id, problem) => {
        if (problem !== undefined) this.problems.push(problem);
        later(() => {
          this.#ways.get(id)?.lost();
          this.#ways.delete(id);
        });
      },
    });
  }

  /** The two ends of the application's control link, and what opens links for it. */
  control(kernels: Link, applications: Link): readonly [Link, Link] {
    return [this.#passages.application(kernels), new FencedLink(applications, this.#pipes)];
  }

  opener(links: LinkOpener): LinkOpener {
    return this.#pipes.opener(links);
  }

  /** For a cell that is about to start, whose turns end as `below` says. */
  open(title: string, below: () => AfterTurn): SimulatedWay {
    const { afterTurn, pipes } = this.#options;
    const passage = this.#passages.open();
    const inCell: AfterTurn = (callback) => {
      below()(callback);
    };
    const [near, far] = simulatedDirectPipe(title, afterTurn, inCell, pipes);
    this.#pipes.add(passage.id, ({ ended }) => {
      near.ended = ended;
      return near;
    });
    const way = { title, passage, far, lost: () => undefined };
    this.#ways.set(passage.id, way);
    return way;
  }

  /** The pipe to the cell breaks, and nothing else. False if there is none. */
  tear(title: string): boolean {
    const way = [...this.#ways.values()].findLast((one) => one.title === title);
    way?.far.tear();
    return way !== undefined;
  }
}
