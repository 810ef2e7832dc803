/** The wall under a test clock: each thread gets a seat when a guest is let into it, a warm spare's like a new one's. */
import type { ThreadStarter } from '../wall-messages.js';
import { CountedEnd, CountedLink } from './counted-link.js';
import type { Seat } from './seat.js';
import type { GuestTime } from './tickets.js';

/** `seat` is the kernel's, in whose thread the wall is. */
export function clockedWall(threads: ThreadStarter, seat: Seat, guests: GuestTime): ThreadStarter {
  const { board } = seat;
  return {
    start(request) {
      const guest = board.addSeat(request.title, { host: seat.number, guest: true });
      const control = board.addLink();
      const ticket = { ...guests, memory: board.memory, seat: guest, control };
      const thread = threads.start({ ...request, ticket });
      const gone = (): void => {
        seat.turned();
        board.setState(guest, 'gone');
      };
      return {
        link: new CountedLink(thread.link, new CountedEnd(seat, control, 0)),
        onEnd: (observer) => {
          thread.onEnd((end) => {
            observer(end);
            gone();
          });
        },
        isWaiting: () => thread.isWaiting(),
        terminate: () => {
          board.setState(guest, 'ending');
          thread.terminate();
        },
        markStuck: () => {
          thread.markStuck();
          gone();
        },
      };
    },
    close: () => threads.close(),
  };
}
