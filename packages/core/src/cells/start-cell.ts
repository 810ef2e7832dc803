/**
 * The code of a cell: a kernel whose guest is the subtree that the kernel above gives it. The cell's process runs
 * that kernel in its main thread, and guests in threads only.
 */
import { writeSync } from 'node:fs';
import type { Link } from '../channel/link.js';
import type { SupervisorLogic } from '../kernel/index.js';
import { NO_SPARES, nodeKernel, type CellSettings } from '../threads/node-kernel.js';
import type { OpenThread } from '../threads/open-thread.js';
import { realTime } from '../threads/thread-time.js';
import { bootCell, bootEarlyCell, endAtOnce, type CellPipes } from './cell-bootstrap.js';
import type { CellModule } from './compiled-cell.js';
import { CellFence } from './direct/cell-fence.js';
import { FencedLink } from './direct/fenced-link.js';
import { decodeToCell, encodeFromCell, type FromCell } from './cell-messages.js';

/** Call it once, first of all. */
export function startCell(logic: SupervisorLogic, { setup, early }: CellModule): void {
  if (setup.addresses === undefined) runCell(logic, bootCell(setup), early);
  else
    void bootEarlyCell(setup, setup.addresses).then((pipes) => {
      runCell(logic, pipes, early);
    });
}

function runCell(
  logic: SupervisorLogic,
  { parent, direct, settings }: CellPipes,
  early: OpenThread | undefined,
): void {
  const { machine, changes, spares, ...common } = settings as CellSettings;
  process.on('uncaughtException', (error) => {
    // Where a thread is stuck `process.exit` would hang: so it is said at once, and not by a stream.
    writeSync(2, `The kernel of the cell has failed: ${error.stack ?? String(error)}\n`);
    endAtOnce();
  });
  const say = (message: FromCell): void => {
    parent.wall.send(encodeFromCell(message));
  };
  const { threads, cells, setLimits, use, close } = nodeKernel({
    logic,
    settings: common,
    machine,
    changes,
    spares,
    sparesInCells: NO_SPARES,
    early,
    holdsGuests: true,
    time: realTime(),
    observe: () => undefined,
    output: (path, stream, text, dropped) => {
      say({ tag: 'output', path, stream, text, dropped });
    },
    warning: (problem) => {
      say({ tag: 'warning', problem });
    },
    stuckForGood: (path) => {
      say({ tag: 'stuck', path });
    },
    up: {
      link: keptOpen(
        direct === undefined ? parent.control : new FencedLink(parent.control, new CellFence(direct)),
      ),
      links: parent,
      over: () => {
        // What guests printed last comes before the end.
        void close().then(() => {
          const closeParent = (): void => {
            parent.close(endAtOnce);
          };
          if (direct === undefined) closeParent();
          else direct.close(closeParent);
        });
      },
    },
  });
  parent.wall.receive({
    batch: (bytes) => {
      const asked = decodeToCell(bytes);
      if (asked.tag === 'limits') setLimits(asked.change);
      else if (asked.tag === 'machine') cells.know(asked.machine);
      else if (asked.tag === 'use') {
        void use(asked.path).then((known) => {
          say({ tag: 'use', id: asked.id, use: known });
        });
      } else {
        threads.collect(() => {
          say({ tag: 'collected' });
        });
      }
    },
    end: () => undefined,
  });
}

/** The pipe is closed when everything has been said, which the kernel cannot know. */
function keptOpen(link: Link): Link {
  return {
    send: (batch, transfers) => {
      link.send(batch, transfers);
    },
    receive: (receiver) => {
      link.receive(receiver);
    },
    drain: () => {
      link.drain();
    },
    close: () => undefined,
  };
}
