/** In the application's thread: connects to a direct pipe that the kernel's thread has offered. */
import type { Socket } from 'node:net';
import { MAX_FRAME_BYTES } from '../../channel/channel.js';
import { nodeAfterTurn } from '../../threads/node-after-turn.js';
import { Pipe } from '../pipe.js';
import { connectStreams, type StreamAddress } from '../stream-offer.js';
import type { PipeEvents } from './direct-pipes.js';

export function connectDirect(address: StreamAddress, { violation, ended }: PipeEvents): Pipe {
  const streams = connectStreams(address);
  // Whether the application may end is for the kernel's thread and its control link.
  for (const socket of [streams.input, streams.output]) (socket as Socket).unref();
  return new Pipe({
    streams,
    side: 'parent',
    numberedElsewhere: true,
    maxSentFrameBytes: MAX_FRAME_BYTES,
    afterTurn: nodeAfterTurn,
    // Then its far ends are where they belong.
    heard: () => {
      streams.output.uncork();
    },
    // Cut off inside a frame: as by any kill.
    violation: ({ kind, text }) => {
      if (kind !== 'cut-off') violation(text);
    },
    ended,
  });
}
