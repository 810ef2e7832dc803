/** Entry of the loader's thread: makes the image of a module that an environment wants to spawn. */
import { basename } from 'node:path';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { EspalierError } from '../errors.js';
import type { SpawnRequest } from '../guest/context.js';
import { DEFAULT_TERMS } from '../guest/route.js';
import { ImageBuilder } from '../images/image-builder.js';
import type { LoadResult } from '../kernel/parts.js';
import type { MailboxTerms, RefusalCode } from '../protocol/notices.js';
import { OVERFLOW_POLICIES } from '../protocol/overflow.js';
import { decodeOnce } from '../values/index.js';
import { bootValue } from './boot-value.js';
import type { LoadAnswer, LoadRequest, LoaderSettings } from './loader-thread-handle.js';
import { KERNEL_ENTRIES } from './limits.js';
import { nodeTextCodec } from './node-text-codec.js';

const port = parentPort as MessagePort;
const { base, limits } = workerData as LoaderSettings;
const builder = new ImageBuilder();
let count = 0;

port.on('message', ({ id, request }: LoadRequest) => {
  void load(request).then((result) => {
    port.postMessage({ id, result } satisfies LoadAnswer);
  });
});

async function load(bytes: Uint8Array): Promise<LoadResult> {
  try {
    const request = decodeOnce(bytes, { text: nodeTextCodec }) as SpawnRequest & { readonly base?: string };
    const terms = termsOf(request);
    if (terms === undefined) return { ok: false, code: 'start_failed', text: UNFIT_TERMS };
    const image = await builder.build({ module: request.module, base: request.base ?? base });
    const name = typeof request.name === 'string' ? request.name : null;
    const boot = bootValue({ image, args: request.args, bindings: {} });
    const id = `${basename(request.module).replace(/\.[^.]*$/, '')}-${String(++count)}`;
    return {
      ok: true,
      id,
      spec: {
        boot,
        name,
        terms,
        limits,
        unresponsiveMs: 'infinity',
        mostEntries: KERNEL_ENTRIES,
        env: {},
      },
    };
  } catch (error) {
    const code = error instanceof EspalierError ? (error.code as RefusalCode) : 'start_failed';
    return { ok: false, code, text: error instanceof Error ? error.message : String(error) };
  }
}

const UNFIT_TERMS = `overflow must be one of ${OVERFLOW_POLICIES.join(', ')}, sendTimeoutMs whole milliseconds`;

/** Undefined where it asks for what there is not. */
function termsOf({ overflow, sendTimeoutMs }: SpawnRequest): MailboxTerms | undefined {
  const terms = {
    ...DEFAULT_TERMS,
    ...(overflow === undefined ? {} : { overflow }),
    ...(sendTimeoutMs === undefined ? {} : { sendTimeoutMs }),
  };
  const isTime =
    Number.isSafeInteger(terms.sendTimeoutMs) && terms.sendTimeoutMs >= 0 && terms.sendTimeoutMs < 2 ** 31;
  return isTime && OVERFLOW_POLICIES.includes(terms.overflow) ? terms : undefined;
}
