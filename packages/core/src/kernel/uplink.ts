/**
 * The way from the kernel of a cell to the kernel above it, which takes the cell for one guest: what it says is
 * system calls, what it hears is notices, over the pipe's control link.
 *
 *   process wall above                           in the cell
 *   wall.start({ boundary: 'process', … })  ───► a process with a pipe; new Kernel({ …, up: { link, links, over } })
 *     gives a WallThread:                          link: the pipe's control link; links: the pipe
 *       link: the pipe's control link              over: called once, when the process is to end at once
 *       site: the pipe                                  (its last words were given to the link; or the link ended)
 *       terminate: SIGKILL                       notice `cell` { path, start, extra }: the node to run, by the kernel itself;
 *       onEnd: with the evidence of wall.ts        nobody else starts anything in a cell's kernel
 *
 * The life of the cell is that of an environment: `ready` when its tree runs, `exit` with the reason for which
 * that has ended or not started, and the order to stop, which stops it.
 */
import { Channel, MAX_FRAME_BYTES } from '../channel/channel.js';
import { FRAME } from '../channel/frames.js';
import type { ExitReason } from '../exit-reason.js';
import type {
  Answer,
  AnswerValue,
  CellNotice,
  Notice,
  RefusalCode,
  WireReason,
} from '../protocol/notices.js';
import { plainCodec } from '../protocol/plain-codec.js';
import type { SystemCall } from '../protocol/system-calls.js';
import type { KernelEvent } from './events.js';
import type { Lifecycle } from './lifecycle.js';
import type { KernelOptions, UplinkOptions } from './parts.js';
import { supervise, type Asker } from './supervise.js';
import type { NodeStart } from './supervisor-node.js';
import type { Tree } from './tree.js';

export class Uplink implements Asker {
  readonly #channel: Channel;
  readonly #up: UplinkOptions;
  #tree: Tree | undefined;
  #lifecycle: Lifecycle | undefined;

  constructor({ afterTurn, text }: KernelOptions, up: UplinkOptions) {
    this.#up = up;
    const over = (): void => {
      this.#over();
    };
    this.#channel = new Channel({
      link: up.link,
      afterTurn,
      codec: plainCodec(text),
      receiver: {
        value: (_kind, _to, _from, _correlation, value) => {
          this.#notice(value as Notice | CellNotice);
        },
        // Credit: who reads the calls of a whole cell is bounded by the pipe.
        plain: () => undefined,
        ticket: () => undefined,
        violation: over,
        ended: over,
      },
    });
  }

  /** From now on what comes is for these. */
  serve(tree: Tree, lifecycle: Lifecycle): void {
    this.#tree = tree;
    this.#lifecycle = lifecycle;
  }

  readonly report = (event: KernelEvent): void => {
    this.#say({ call: 'report', event });
  };

  // ---- what is asked from above ----------------------------------------------------------------------

  answer(id: number, value: AnswerValue): void {
    this.#answer(id, { ok: true, value });
  }

  refuse(id: number, code: RefusalCode, text = '', reason?: WireReason): void {
    this.#answer(id, { ok: false, code, text, ...(reason === undefined ? {} : { reason }) });
  }

  grant(): number {
    return 0;
  }

  #answer(id: number, value: Answer): void {
    this.#say({ call: 'answer', id, value });
  }

  #notice(notice: Notice | CellNotice): void {
    switch (notice.notice) {
      case 'cell':
        this.#tree?.start(notice.path, notice.start as NodeStart, notice.extra, {
          started: (ignore) => {
            this.#say({ call: 'ready', env: 0, ignore });
          },
          over: ({ tag, detail }: ExitReason) => {
            this.#say({ call: 'exit', env: 0, tag, detail });
            this.#over();
          },
        });
        return;
      case 'signal':
        // The order to stop; nobody can send a cell another.
        this.#tree?.stop(() => undefined);
        return;
      case 'supervise': {
        const { id, operation } = notice;
        if (operation.op === 'stop' || this.#tree === undefined || this.#lifecycle === undefined) return;
        supervise({ tree: this.#tree, lifecycle: this.#lifecycle }, this, id, operation);
        return;
      }
      case 'inspect':
        this.#say({ call: 'answer', id: notice.id, value: undefined });
        return;
      default:
    }
  }

  #say(call: SystemCall): void {
    this.#channel.sendValue(FRAME.control, 0, 0, 0, call, MAX_FRAME_BYTES);
  }

  #over(): void {
    if (this.#channel.closed) return;
    this.#channel.close();
    this.#up.over();
  }
}
