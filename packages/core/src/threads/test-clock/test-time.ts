/** What threads under a test clock are given of time and links: the application's, the kernel's, a guest's. */
import type { Clock } from '../../clock.js';
import { TERMINATE_MS } from '../../kernel/lifecycle.js';
import { SeededRandom } from '../../testing/random.js';
import { nodeClock } from '../node-clock.js';
import type { ApplicationTime, KernelTime, ThreadTime } from '../thread-time.js';
import { Board, type Side } from './board.js';
import { clockedWall } from './clocked-wall.js';
import { CountedEnd, CountedLink, countedLinks } from './counted-link.js';
import { installGuestTime } from './guest-globals.js';
import { Seat } from './seat.js';
import type { GuestTicket, KernelTicket, TestClockShare } from './tickets.js';

/** The clock as a host is given it. */
interface GivenClock {
  readonly share: TestClockShare;
  settle<T>(promise: Promise<T>): Promise<T>;
}

export function applicationTestTime(clock: GivenClock): ApplicationTime {
  const { memory, kernel, guests } = clock.share;
  const board = new Board(memory);
  const kernelSeat = board.addSeat('the kernel');
  const seat = new Seat(board, board.addSeat('the application', { host: kernelSeat }));
  const ticket: KernelTicket = {
    memory,
    seat: kernelSeat,
    control: board.addLink(),
    port: board.addLink(),
    guests,
    ...kernel,
  };
  const time: ApplicationTime = {
    ...speaking(seat, ticket, 0),
    kernel: ticket,
    passing: (work) => clock.settle(work),
    over: () => {
      board.releaseHost(kernelSeat);
      seat.gone();
    },
  };
  seat.running();
  return time;
}

export function kernelTestTime(ticket: KernelTicket): KernelTime {
  const board = new Board(ticket.memory);
  const seat = new Seat(board, ticket.seat);
  return {
    ...speaking(seat, ticket, 1),
    realClock: slowed(nodeClock(), ticket.hungAfterMs / TERMINATE_MS),
    random: new SeededRandom(ticket.seed),
    wall: (threads) => clockedWall(threads, seat, ticket.guests),
    running: () => seat.running(),
    ending: () => board.setState(ticket.seat, 'ending'),
  };
}

export function guestTestTime(ticket: GuestTicket): ThreadTime {
  const seat = new Seat(new Board(ticket.memory), ticket.seat);
  if (ticket.globals) installGuestTime(seat.clock, ticket.epochMs);
  const control = new CountedEnd(seat, ticket.control, 1);
  seat.running();
  return {
    clock: seat.clock,
    links: countedLinks(seat),
    control: (link) => new CountedLink(link, control),
    during: (work) => seat.during(work),
  };
}

/** A test may run where everything takes long: nobody is given up there as soon as in production. */
function slowed(clock: Clock, times: number): Clock {
  return {
    now: () => clock.now() / times,
    after: (delayMs, wake) => clock.after(delayMs * times, wake),
  };
}

function speaking(seat: Seat, ticket: KernelTicket, side: Side) {
  const control = new CountedEnd(seat, ticket.control, side);
  const port = new CountedEnd(seat, ticket.port, side);
  return {
    clock: seat.clock,
    links: countedLinks(seat),
    control: (link) => new CountedLink(link, control),
    saying: (post) => (message) => {
      port.posting();
      post(message);
    },
    hearing: (handle) => (message) => {
      port.taking(() => handle(message));
    },
    during: (work) => seat.during(work),
  } satisfies Omit<ApplicationTime, 'kernel' | 'passing' | 'over'>;
}
