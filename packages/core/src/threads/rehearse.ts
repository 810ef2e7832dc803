/**
 * A rehearsal: a warm spare that has nothing to do yet goes once through what a start is made of (boot
 * notice, image, init, ready, a channel, a call, a reply, an error's way out), with a runtime of its own
 * over a loopback. V8 compiles a function when it first runs; without this, that is most of the time from
 * a warm spare to `ready` (`warmSpawnVsWorker` of the benchmarks). Nothing of it stays but compiled code.
 */
import { Channel } from '../channel/channel.js';
import { FRAME } from '../channel/frames.js';
import type { FrameCodec } from '../channel/frame-codec.js';
import { LoopbackLinks, type LoopbackLink } from '../channel/loopback.js';
import type { ChannelReceiver } from '../channel/channel.js';
import type { LinkEnd } from '../channel/link.js';
import { DEFAULT_TERMS } from '../guest/route.js';
import type { Runtime } from '../guest/runtime.js';
import { ValueCodec } from '../guest/value-codec.js';
import type { Image } from '../images/image.js';
import type { Notice } from '../protocol/notices.js';
import { plainCodec } from '../protocol/plain-codec.js';
import { bootValue } from './boot-value.js';
import { nodeAfterTurn } from './node-after-turn.js';
import { nodeTextCodec } from './node-text-codec.js';

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
  sourceMap: { text: '{"version":3,"sources":[],"names":[],"mappings":""}' },
  codeCache: null,
  folder: null,
};

const MAX_BYTES = 1 << 20;
const ROUNDS = 3;

/** `makeRuntime` gives the thread's own runtime over other links. Resolves when the rehearsal is over. */
export async function rehearse(
  makeRuntime: (control: LoopbackLink, links: LoopbackLinks) => Runtime,
): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const links = new LoopbackLinks();
    const [near, far] = links.pair();
    makeRuntime(far, links);
    const kernel = channelOver(near, plainCodec(nodeTextCodec));
    const notify = (notice: Notice, ends?: readonly LinkEnd[]): void => {
      kernel.sendValue(FRAME.control, 0, 0, 0, notice, MAX_BYTES, ends);
    };
    const boot = bootValue({ image: IMAGE, args: { count: 1 }, bindings: {} });
    notify({ notice: 'boot', env: 0, handle: 1, terms: DEFAULT_TERMS, boot, extra: [] });
    await delivered(links);
    const [mine, its] = links.pair();
    notify({ notice: 'channel', channel: 1 }, [its]);
    const peer = channelOver(mine, new ValueCodec(nodeTextCodec, true));
    for (let call = 1; call <= 4; call++) {
      peer.sendValue(FRAME.call, 0, 0, call, ['add', { n: call, text: 'x', list: [1, null] }], MAX_BYTES);
      await delivered(links);
    }
    peer.sendValue(FRAME.cast, 0, 0, 0, ['fail'], MAX_BYTES);
    await delivered(links);
    kernel.close();
    peer.close();
  }
}

function channelOver(link: LoopbackLink, codec: FrameCodec): Channel {
  return new Channel({
    link,
    receiver: NOBODY,
    afterTurn: nodeAfterTurn,
    codec,
  });
}

/** Delivers until nothing is under way. */
async function delivered(links: LoopbackLinks): Promise<void> {
  for (let idle = 0; idle < 2;) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    const ready = links.ready();
    idle = ready.length === 0 ? idle + 1 : 0;
    for (const delivery of ready) delivery.deliver();
  }
}

const NOBODY: ChannelReceiver = {
  value: () => undefined,
  plain: () => undefined,
  ticket: () => undefined,
  violation: () => undefined,
  ended: () => undefined,
};
