/**
 * A rehearsal: a warm spare that has nothing to do yet goes once through what a start is made of (boot
 * notice, image, init, ready, a channel, a call, a reply, an error's way out), with a runtime of its own
 * over ports whose other ends it holds itself. V8 compiles a function when it first runs; without this, that is most of the time from
 * a warm spare to `ready` (`warmSpawnVsWorker` of the benchmarks). Nothing of it stays but compiled code.
 */
import type { MessagePort } from 'node:worker_threads';
import { Channel } from '../channel/channel.js';
import { FRAME } from '../channel/frames.js';
import type { FrameCodec } from '../channel/frame-codec.js';
import type { ChannelReceiver } from '../channel/channel-receiver.js';
import type { Link, LinkEnd } from '../channel/link.js';
import { DEFAULT_TERMS } from '../guest/route.js';
import type { Runtime } from '../guest/runtime.js';
import { ValueCodec } from '../guest/value-codec.js';
import type { Image } from '../images/image.js';
import type { Notice } from '../protocol/notices.js';
import { plainCodec } from '../protocol/plain-codec.js';
import { bootValue } from './boot-value.js';
import { nodeAfterTurn } from './node-after-turn.js';
import { nodeTextCodec } from './node-text-codec.js';
import { PortLink, portLinks } from './port-link.js';

const CODE = `(function (require, module) {
  const { server } = require('@espalier/core');
  module.exports.default = server({
    init: (args) => ({ count: args.count }),
    calls: { add(context, by) { context.state.count += by.n; return context.state; } },
    casts: { fail() { throw new Error('rehearsal'); } },
  });
})`;

const IMAGE: Image = {
  hash: 'sha256-rehearsal',
  code: CODE,
  manifest: {
    format: 1,
    entry: 'rehearsal.js',
    code: 'sha256-rehearsal',
    files: [],
    packages: [],
    builtins: [],
    provided: [],
    externals: null,
  },
  base: '/',
  // Lines of their own for the code above, so that the way of an error to its place is walked, too.
  sourceMap: {
    text: JSON.stringify({
      version: 3,
      sources: ['rehearsal.ts'],
      names: [],
      mappings: 'AAAA;AACA;AACA,IAAI;AACJ;AACA;AACA,EAAE,IAAI;AACN;AACA',
    }),
  },
  codeCache: null,
  folder: null,
};

const MAX_BYTES = 1 << 20;
const ROUNDS = 3;
const CALLS = 4;

/** `makeRuntime` gives the thread's own runtime over another control link. Resolves when the rehearsal is over. */
export async function rehearse(makeRuntime: (control: Link) => Runtime): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const [near, far] = openPair();
    const answered = new Answers();
    const kernel = channelOver(near, plainCodec(nodeTextCodec), answered);
    makeRuntime(far);
    const notify = (notice: Notice, ends?: readonly LinkEnd[]): void => {
      kernel.sendValue(FRAME.control, 0, 0, 0, notice, MAX_BYTES, ends);
    };
    const boot = bootValue({ image: IMAGE, args: { count: 1 }, bindings: {} });
    notify({ notice: 'boot', env: 0, handle: 1, terms: DEFAULT_TERMS, boot, extra: undefined });
    await answered.count(1);
    const [mine, its] = portLinks.pair();
    notify({ notice: 'channel', channel: 1 }, [its]);
    const replied = new Answers();
    const peer = channelOver(portLinks.open(mine), new ValueCodec(nodeTextCodec, true), replied);
    for (let call = 1; call <= CALLS; call++) {
      peer.sendValue(FRAME.call, 0, 0, call, ['add', { n: call, text: 'x', list: [1, null] }], MAX_BYTES);
      await replied.count(call);
    }
    peer.sendValue(FRAME.cast, 0, 0, 0, ['fail'], MAX_BYTES);
    await answered.count(2);
    kernel.close();
    peer.close();
  }
}

/** Both ends in this thread. */
function openPair(): readonly [Link, Link] {
  const [near, far] = portLinks.pair();
  return [portLinks.open(near), new PortLink(far as MessagePort, { takesEnds: true })];
}

function channelOver(link: Link, codec: FrameCodec, receiver: ChannelReceiver): Channel {
  return new Channel({ link, receiver, afterTurn: nodeAfterTurn, codec });
}

/** The other end, as far as it matters here: how many values came from the runtime. */
class Answers implements ChannelReceiver {
  #come = 0;
  #awaited = 0;
  #resolve: () => void = () => undefined;

  /** Resolves when so many have come. */
  count(awaited: number): Promise<void> {
    this.#awaited = awaited;
    return new Promise((resolve) => {
      this.#resolve = resolve;
      if (this.#come >= awaited) resolve();
    });
  }

  value(): void {
    this.#come += 1;
    if (this.#come >= this.#awaited) this.#resolve();
  }

  plain(): void {}
  ticket(): undefined {}
  violation(): void {}
  ended(): void {}
}
