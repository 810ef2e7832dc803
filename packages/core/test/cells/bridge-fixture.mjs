/**
 * A process between two pipes: what comes in on one goes out on the other, links that are opened and closed
 * included. So a suite with both ends in one process runs across another one.
 */
import { streamsOfDescriptors } from '../../dist/cells/byte-streams.js';
import { Pipe } from '../../dist/cells/pipe.js';

const pipeOf = (input, output) =>
  new Pipe({
    streams: streamsOfDescriptors(input, output),
    side: 'child',
    takesEnds: true,
    afterTurn: (callback) => process.nextTick(callback),
  });

const [first, second] = [pipeOf(3, 4), pipeOf(5, 6)];

function bridge(from, to, fromPipe, toPipe) {
  const over = (end) => {
    const [mine, theirs] = toPipe.pair();
    join(fromPipe.open(end), toPipe.open(mine));
    return theirs;
  };
  from.receive({
    batch: (bytes, transfers) =>
      to.send(
        bytes,
        transfers.map((transfer) => (transfer instanceof ArrayBuffer ? transfer : over(transfer))),
      ),
    end: () => to.close(),
  });
  const join = (one, other) => {
    bridge(one, other, fromPipe, toPipe);
    bridge(other, one, toPipe, fromPipe);
  };
}

bridge(first.control, second.control, first, second);
bridge(second.control, first.control, second, first);
