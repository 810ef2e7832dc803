/** The conformance suite of links, with a real process in between. */
import { spawn, type ChildProcess } from 'node:child_process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, expect } from '@jest/globals';
import { Pipe, type PipeProblem } from '../../src/cells/pipe.js';
import { connectStreams, offerStreams, type FarStreams } from '../../src/cells/stream-offer.js';
import { nodeAfterTurn } from '../../src/threads/node-after-turn.js';
import { linkSuite } from '../channel/link-suite.js';

const BRIDGE = fileURLToPath(new URL('./bridge-fixture.mjs', import.meta.url));
const bridges: { child: ChildProcess; problems: PipeProblem[] }[] = [];

afterEach(() => {
  for (const { child, problems } of bridges.splice(0)) {
    child.kill('SIGKILL');
    expect(problems).toEqual([]);
  }
});

linkSuite({
  name: 'pipes to another process and back',
  real: true,
  drainsUnread: false,
  pair: async () => {
    const problems: PipeProblem[] = [];
    const offers = [offerStreams(), offerStreams()];
    const streams = offers.map(({ address }) => connectStreams(address));
    const sockets = (await Promise.all(offers.map(({ far }) => far as Promise<FarStreams>))).flat();
    const child = spawn(process.execPath, [BRIDGE], {
      env: {},
      stdio: ['ignore', 'inherit', 'inherit', ...sockets],
    });
    for (const socket of sockets) socket.destroy();
    bridges.push({ child, problems });
    const [near, far] = streams.map((ends) => {
      ends.output.uncork();
      return new Pipe({
        streams: ends,
        side: 'parent',
        takesEnds: true,
        afterTurn: nodeAfterTurn,
        violation: (problem) => problems.push(problem),
      });
    }) as [Pipe, Pipe];
    return { near: near.control, far: far.control, maker: near, opener: far, turn: () => nextTurn() };
  },
});
