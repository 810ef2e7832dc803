/**
 * The pipe between a process and the one that it has started: one control link, one for what their walls say to
 * each other, and any number of others share it, in order. Not Node's `ipc`, on which one bad line throws uncaught in the parent.
 *
 *   open ──end of input, violation, finish()──► ended
 *     └───────────── close() ──► closed
 *
 * Invariants beyond those of every link (channel/link.ts):
 * - all links of a pipe keep one order: what was sent first on one arrives before what was sent later on another;
 * - what does not parse is reported once, then every link ends; nothing that comes in can throw here;
 * - a write that meets a dead peer is no event: the end of the input is, after everything that the peer had sent;
 * - nothing is bounded by the good will of the other side: not the size of a frame, the number of links, what
 *   is held for a link that nobody listens to, or what waits here because the other side does not read. Who
 *   exceeds one of them is cut off. What streams may have on the way is the business of the credit above.
 */
import type { Readable } from 'node:stream';
import type { AfterTurn } from '../clock.js';
import type { Link, LinkEnd, LinkMaker, LinkOpener, Transfer } from '../channel/link.js';
import type { ByteStreams } from './byte-streams.js';
import { LinkTable } from './link-table.js';
import {
  CONTROL_LINK,
  encodeHello,
  helloProblem,
  PIPE_FRAME,
  type PipeFrameKind,
  type PipeHeader,
} from './pipe-frames.js';
import type { DirectPipe } from './direct/direct-pipe.js';
import { discardEnds, FarEnd, type PipeLink } from './pipe-link.js';
import { decodeParts, encodeParts, partsOf } from './pipe-parts.js';
import { PipeReader } from './pipe-reader.js';
import { PipeWriter } from './pipe-writer.js';

/** Twice the largest message that mailboxes take by default. */
export const DEFAULT_FRAME_BYTES = 32 * 1024 * 1024;
const MAX_UNDRAINED_BYTES = 256 * 1024 * 1024;
const MAX_LINKS = 65_536;
/** So much of one pipe is read before the other pipes, ports and timers of the thread have their turn. */
const TURN_BYTES = 256 * 1024;
/** What a dead process can have left unread is less: the system's buffer of a socket. */
const FINISH_BYTES = 4 * 1024 * 1024;

/** Why a pipe ended other than in order. */
export interface PipeProblem {
  /**
   * `protocol`: what came does not parse. `bound`: the other side exceeded what a pipe allows. `cut-off`: the
   * input ended inside a frame, as it does when the other process is killed. `send`: what was to be sent
   * does not fit into a frame.
   */
  readonly kind: 'protocol' | 'bound' | 'cut-off' | 'send';
  /** For people. */
  readonly text: string;
}

export interface PipeOptions {
  readonly streams: ByteStreams;
  /** Numbers the links: each side opens its own. */
  readonly side: 'parent' | 'child';
  readonly afterTurn: AfterTurn;
  /** Whether the other side may open links and pass their ends over the control link. Default: false. */
  readonly takesEnds?: boolean;
  /**
   * Whether links are numbered by somebody else, who tells both sides: then `take` makes them, on each side, and
   * what comes for one that was not taken yet is held. Default: false.
   */
  readonly numberedElsewhere?: boolean;
  /** Bytes. No batch that comes in, with what moves along, is larger. Default: 32 MB. */
  readonly maxFrameBytes?: number;
  /** The same for what goes out: what the other side takes. Default: 32 MB. */
  readonly maxSentFrameBytes?: number;
  /** Bytes that may wait here, because the other side does not read, when more is sent. Default: 256 MB. */
  readonly maxUndrainedBytes?: number;
  /** Links that are open at a time. Default: 65,536. */
  readonly maxLinks?: number;
  /** The other side has said that it speaks this protocol. */
  readonly heard?: () => void;
  /** Told once, before every link is told its end. */
  readonly violation?: (problem: PipeProblem) => void;
  /** More than 1 MB waits here; then again: nothing does. Who can hold back what it sends should. */
  readonly congested?: (on: boolean) => void;
  /** The pipe has ended, and every link was told so. Not called after `close`. */
  readonly ended?: () => void;
}

export class Pipe implements LinkMaker, LinkOpener, DirectPipe {
  /** Always there, as the next. To close one of them is to close the pipe. */
  readonly control: Link;
  readonly wall: Link;
  readonly #options: PipeOptions;
  readonly #maxSentFrameBytes: number;
  readonly #input: Readable;
  readonly #reader: PipeReader;
  readonly #writer: PipeWriter;
  readonly #links: LinkTable;
  #state: 'open' | 'ended' | 'closed' = 'open';
  #heard = false;
  #turnBytes = 0;
  #bytesRead = 0;
  #framesRead = 0;
  #awaited: { readonly frames: number; readonly callback: () => void } | undefined;
  #paused = false;

  constructor(options: PipeOptions) {
    this.#options = options;
    const { streams, side, afterTurn, maxLinks = MAX_LINKS } = options;
    const { takesEnds = false, numberedElsewhere = false } = options;
    const { maxFrameBytes = DEFAULT_FRAME_BYTES, maxSentFrameBytes = DEFAULT_FRAME_BYTES } = options;
    this.#maxSentFrameBytes = maxSentFrameBytes;
    this.#reader = new PipeReader(maxFrameBytes, (header, body) => this.#frame(header, body));
    this.#writer = new PipeWriter({
      output: streams.output,
      afterTurn,
      maxUndrainedBytes: options.maxUndrainedBytes ?? MAX_UNDRAINED_BYTES,
      congested: (on) => this.#options.congested?.(on),
      unread: () => this.#violate('bound', 'the other side does not read'),
    });
    this.#links = new LinkTable(
      { side, takesEnds, maxLinks, numberedElsewhere },
      {
        afterTurn,
        send: (link, batch, transfers) => this.#send(link, batch, transfers),
        closed: (link) => this.#closed(link),
      },
    );
    this.control = this.#links.control;
    this.wall = this.#links.wall;
    this.#input = streams.input;
    streams.receive((bytes) => this.#received(bytes));
    // Told by the end of the input, after everything that had been sent.
    this.#input.on('error', () => undefined);
    this.#input.once('end', () => this.#inputEnded());
    this.#input.once('close', () => this.#inputEnded());
    this.#writer.add(PIPE_FRAME.hello, CONTROL_LINK, [encodeHello()]);
  }

  /** A new link: an end for this process, to be opened here, and one to be sent over the control link. */
  pair(): readonly [LinkEnd, LinkEnd] {
    const link = this.#links.openOwn();
    if (this.#state === 'open') {
      this.#writer.add(PIPE_FRAME.open, link.id);
      if (this.#links.overfull) this.#violate('send', 'more links than a pipe has room for');
    } else {
      this.#links.remove(link);
      link.ended();
    }
    return [link, new FarEnd(link)];
  }

  open(end: LinkEnd): Link {
    return end as PipeLink;
  }

  /** The link with that number; each once, in rising order. What has come for it already is delivered. */
  take(id: number): PipeLink {
    const link = this.#links.take(id);
    if (this.#state !== 'open') {
      this.#links.remove(link);
      link.ended();
    }
    return link;
  }

  get sentFrames(): number {
    return this.#writer.frames;
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** One can wait at a time. */
  whenRead(frames: number, callback: () => void): boolean {
    if (this.#framesRead >= frames || this.#state !== 'open') return true;
    this.#awaited = { frames, callback };
    return false;
  }

  /** Bytes that were sent and that the system has not taken yet. */
  get undrainedBytes(): number {
    return this.#state === 'ended' ? 0 : this.#writer.undrainedBytes;
  }

  /** What was sent leaves now. */
  flush(): void {
    if (this.#state === 'open') this.#writer.flush();
  }

  /** What was sent still leaves, and then, if the other side still reads or not, `left` is called; nothing is delivered any more. */
  close(left?: () => void): void {
    if (this.#state !== 'open') {
      left?.();
      return;
    }
    this.#state = 'closed';
    this.#writer.end(left);
    this.#input.destroy();
    for (const link of this.#links.clear()) link.close();
    this.#wakeAwaiting();
  }

  /**
   * The other process has ended: reads what it had sent, then ends the pipe. Needed where the end of the
   * input may never come, because a process that it had started still holds the other end.
   */
  finish(): void {
    const most = this.#bytesRead + FINISH_BYTES;
    let before = -1;
    let quietTurns = 0;
    const look = (): void => {
      if (this.#state !== 'open') return;
      const quiet = this.#bytesRead === before && !this.#paused;
      quietTurns = quiet ? quietTurns + 1 : 0;
      before = this.#bytesRead;
      // The first of two turns may have been half over when the process ended.
      if (quietTurns === 2 || before > most) this.#inputEnded();
      else setImmediate(look);
    };
    setImmediate(look);
  }

  // ---- what comes in -------------------------------------------------------------------------------

  #received(bytes: Uint8Array): boolean {
    if (this.#state !== 'open') return false;
    this.#bytesRead += bytes.length;
    const problem = this.#reader.read(bytes);
    if (problem !== undefined) this.#violate('protocol', problem);
    if (this.#stopped()) return false;
    this.#turnBytes += bytes.length;
    if (this.#turnBytes < TURN_BYTES) return true;
    this.#turnBytes = 0;
    this.#paused = true;
    setImmediate(() => {
      this.#paused = false;
      this.#input.resume();
    });
    return false;
  }

  /** While a frame is handled the pipe may have been closed. */
  #stopped(): boolean {
    return this.#state !== 'open';
  }

  #frame({ kind, link: id }: PipeHeader, body: Uint8Array): boolean {
    const problem = this.#heard ? this.#handle(kind, id, body) : this.#hello(kind, id, body);
    if (problem !== undefined) this.#violate('protocol', problem);
    this.#framesRead += 1;
    if (this.#awaited !== undefined && this.#framesRead >= this.#awaited.frames) this.#wakeAwaiting();
    return !this.#stopped();
  }

  /** Later: it goes on with something else than with what is being delivered here. */
  #wakeAwaiting(): void {
    if (this.#awaited !== undefined) this.#options.afterTurn(this.#awaited.callback);
    this.#awaited = undefined;
  }

  #hello(kind: PipeFrameKind, id: number, body: Uint8Array): string | undefined {
    if (kind !== PIPE_FRAME.hello || id !== CONTROL_LINK) return 'the first frame is no hello';
    const problem = helloProblem(body);
    if (problem !== undefined) return problem;
    this.#heard = true;
    this.#guarded(() => this.#options.heard?.());
    return undefined;
  }

  /** Returns what is wrong with the frame, if something is. */
  #handle(kind: PipeFrameKind, id: number, body: Uint8Array): string | undefined {
    if (kind === PIPE_FRAME.hello) return 'a second hello';
    if (kind === PIPE_FRAME.open) return this.#links.openPeers(id);
    const link = this.#links.find(id);
    return link === undefined ? this.#early(kind, id, body) : this.#forLink(link, kind, body);
  }

  #early(kind: PipeFrameKind, id: number, body: Uint8Array): string | undefined {
    const link = this.#links.early(id, body.length);
    if (link === undefined) {
      return this.#links.wasOpened(id) ? undefined : 'a frame for a link that was never opened';
    }
    if (this.#links.overfull) return 'too much came for links that nobody has taken';
    return this.#forLink(link, kind, body);
  }

  #forLink(link: PipeLink, kind: PipeFrameKind, body: Uint8Array): string | undefined {
    if (kind === PIPE_FRAME.batch) return this.#deliver(link, body, [], body.length);
    if (kind === PIPE_FRAME.parts) return this.#parts(link, body);
    if (this.#isFixed(link)) return 'a link that is closed with its pipe, not alone';
    this.#links.remove(link);
    this.#guarded(() => link.ended());
    return undefined;
  }

  #parts(link: PipeLink, body: Uint8Array): string | undefined {
    const decoded = decodeParts(body);
    if (decoded === undefined) return 'the list of what moves with a batch is malformed';
    const transfers: Transfer[] = [];
    for (const part of decoded.parts) {
      if (part instanceof ArrayBuffer) {
        transfers.push(part);
        continue;
      }
      const end = link === this.control ? this.#links.takeEnd(part.link) : undefined;
      if (end === undefined) return 'the end of a link that is none, or was taken, or does not go this way';
      transfers.push(end);
    }
    return this.#deliver(link, decoded.batch, transfers, body.length);
  }

  #deliver(
    link: PipeLink,
    batch: Uint8Array,
    transfers: readonly Transfer[],
    bytes: number,
  ): string | undefined {
    let taken = true;
    this.#guarded(() => {
      taken = link.arrived(batch, transfers, bytes);
    });
    return taken ? undefined : 'too much came for a link that nobody listens to';
  }

  /** A fault of who receives is no fault of the pipe: what comes next is delivered all the same. */
  #guarded(deliver: () => void): void {
    try {
      deliver();
    } catch (error) {
      this.#options.afterTurn(() => {
        throw error;
      });
    }
  }

  #inputEnded(): void {
    if (this.#state !== 'open') return;
    if (this.#reader.cutOff) this.#violate('cut-off', 'the last frame is cut off');
    else this.#end();
  }

  #violate(kind: PipeProblem['kind'], text: string): void {
    if (this.#state !== 'open') return;
    this.#guarded(() => this.#options.violation?.({ kind, text }));
    this.#end();
  }

  #end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#input.destroy();
    this.#options.streams.output.destroy();
    for (const link of this.#links.clear()) this.#guarded(() => link.ended());
    this.#wakeAwaiting();
    this.#options.ended?.();
  }

  // ---- what goes out -------------------------------------------------------------------------------

  #send(link: PipeLink, batch: Uint8Array, transfers: readonly Transfer[]): void {
    if (transfers.length === 0 && batch.length <= this.#maxSentFrameBytes) {
      this.#writer.add(PIPE_FRAME.batch, link.id, [batch]);
      return;
    }
    const parts = partsOf(transfers, link === this.control);
    const body = parts === undefined ? [] : encodeParts(parts, batch);
    const bytes = body.reduce((sum, piece) => sum + piece.length, 0);
    if (parts !== undefined && bytes <= this.#maxSentFrameBytes) {
      this.#writer.add(PIPE_FRAME.parts, link.id, body);
      return;
    }
    // The link cannot go on without it: a gap is worse than an end.
    discardEnds(transfers);
    if (this.#isFixed(link)) this.#violate('send', 'a batch that does not fit into a frame');
    else link.abandon();
  }

  #closed(link: PipeLink): void {
    if (this.#isFixed(link)) this.close();
    else if (this.#links.remove(link)) this.#writer.add(PIPE_FRAME.close, link.id);
  }

  #isFixed(link: Link): boolean {
    return link === this.control || link === this.wall;
  }
}
