/**
 * What a cell prints: read always, so that nothing of it piles up; passed on up to its quota, the rest counted.
 * Who exceeds the quota is read slowly: its writes wait, and reading them costs the kernel's thread next to
 * nothing. (Read at full speed, one cell that writes without end takes all of that thread's time.)
 */
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Clock } from '../clock.js';
import { OutputQuota } from '../threads/output-quota.js';
import type { PrintedStream } from '../threads/wall-messages.js';

/** `dropped` counts what exceeded the quota and was not passed on, in UTF-16 units. */
export type TakeOutput = (stream: PrintedStream, text: string, dropped: number) => void;

/** A read gives 64 kB: so 6 MB a second at most of what is dropped. */
const OVER_QUOTA_PAUSE_MS = 10;

export class CellOutput {
  readonly #clock: Clock;
  readonly #quota: OutputQuota;
  readonly #take: TakeOutput;
  readonly #streams: Readable[] = [];
  #silent = false;

  constructor(clock: Clock, bytesPerSecond: number, take: TakeOutput) {
    this.#clock = clock;
    this.#quota = new OutputQuota(bytesPerSecond, () => clock.now());
    this.#take = take;
  }

  read(name: PrintedStream, stream: Readable): void {
    this.#streams.push(stream);
    const decoder = new StringDecoder('utf8');
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => {
      if (this.#silent) return;
      const text = this.#quota.take(decoder.write(chunk));
      const dropped = this.#quota.takeDropped();
      if (text !== '' || dropped > 0) this.#take(name, text, dropped);
      if (dropped === 0) return;
      stream.pause();
      this.#clock.after(OVER_QUOTA_PAUSE_MS, () => {
        stream.resume();
      });
    });
  }

  /** What was passed on so far, in UTF-16 units. */
  get passed(): number {
    return this.#quota.passed;
  }

  set bytesPerSecond(most: number) {
    this.#quota.bytesPerSecond = most;
  }

  /** Nothing more is passed on. */
  silence(): void {
    this.#silent = true;
  }

  /** A process that the cell has started may still hold the other end. */
  close(): void {
    for (const stream of this.#streams) stream.destroy();
  }
}
