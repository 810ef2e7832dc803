/**
 * The buffers and views of one message, gathered while it is walked and written into its trailer.
 *
 * The problem: views that share a buffer must still share one on the other side, but a view on a
 * buffer out of a pool must not carry its neighbours' bytes along; and whether a second view comes
 * is known only at the end of the walk.
 *
 * Invariants: only bytes that some view shows, or that belong to an ArrayBuffer which is itself in
 * the message, are copied; gaps between views are zeros. Views of one buffer share one buffer
 * afterwards, unless the gaps would be more than half of it: then only those that overlap do. What
 * `transfer` lists is handed over whole, and the message's views of it are views of the whole.
 */
import type { ByteWriter } from './byte-writer.js';
import { writeVarint } from './write-message.js';
import { bufferByteLength } from './classify.js';
import { Refusal, refuseValue } from './refusal.js';
import { COPIED, MOVED } from './wire.js';

interface Entry {
  readonly buffer: ArrayBuffer;
  readonly start: number;
  readonly end: number;
  /** The ArrayBuffer itself stands in the message, not a view of it. */
  readonly whole: boolean;
  /** Which of the trailer's buffers it became, and where that one starts in `buffer`. */
  target: number;
  base: number;
}

/** Where a view starts must stay a multiple of its element's size. */
const ALIGNMENT = 8;

export class BinaryOut {
  #entries: Entry[] = [];
  #written = 0;

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  add(buffer: ArrayBuffer, start: number, length: number, whole: boolean): void {
    // A detached buffer claims to be empty; only making a view of it tells the two apart.
    if (length === 0) assertAttached(buffer);
    this.#entries.push({ buffer, start, end: start + length, whole, target: 0, base: start });
  }

  clear(): void {
    if (this.#entries.length > 0) this.#entries = [];
  }

  /**
   * Writes the trailer's part. Buffers of `transfer` are appended to `moved`; one that is detached,
   * listed twice or not in the message is refused.
   */
  write(out: ByteWriter, transfer: readonly ArrayBuffer[], moved: ArrayBuffer[]): void {
    const entries = this.#entries;
    const [first] = entries;
    this.#written = 0;
    if (entries.length === 1 && first !== undefined && transfer.length === 0) {
      writeVarint(out, 1);
      this.#copy(out, [first], first.start, first.end);
    } else {
      const groups = new Map<ArrayBuffer, Entry[]>();
      for (const entry of entries) {
        const group = groups.get(entry.buffer);
        if (group === undefined) groups.set(entry.buffer, [entry]);
        else group.push(entry);
      }
      assertTransferable(transfer, groups);
      const listed = new Set(transfer);
      const clusters = [...groups].flatMap(([buffer, group]) =>
        listed.has(buffer) ? [group] : clustersOf(group),
      );
      writeVarint(out, clusters.length);
      for (const cluster of clusters) {
        const [{ buffer }] = cluster as [Entry];
        if (listed.has(buffer)) this.#move(out, cluster, buffer, moved);
        else if (cluster.some((entry) => entry.whole)) this.#copyWhole(out, cluster);
        else this.#copyShown(out, cluster);
      }
    }
    writeVarint(out, entries.length);
    for (const { target, start, end, base } of entries) {
      writeVarint(out, target);
      writeVarint(out, start - base);
      writeVarint(out, end - start);
    }
  }

  #place(cluster: readonly Entry[], base: number): void {
    for (const entry of cluster) {
      entry.target = this.#written;
      entry.base = base;
    }
    this.#written++;
  }

  #move(out: ByteWriter, cluster: readonly Entry[], buffer: ArrayBuffer, moved: ArrayBuffer[]): void {
    out.u8(MOVED);
    writeVarint(out, moved.push(buffer) - 1);
    this.#place(cluster, 0);
  }

  #copy(out: ByteWriter, cluster: readonly Entry[], start: number, end: number): void {
    const [{ buffer }] = cluster as [Entry];
    out.u8(COPIED);
    writeVarint(out, end - start);
    out.ensure(end - start);
    out.raw(new Uint8Array(buffer, start, end - start));
    this.#place(cluster, start);
  }

  #copyWhole(out: ByteWriter, cluster: readonly Entry[]): void {
    const end = lastEnd(cluster);
    // A resizable buffer can grow or shrink by a getter of the same message.
    if (!cluster.every((entry) => !entry.whole || entry.end === end)) {
      throw new Refusal('value_refused', 'holds a buffer that was resized while it was read');
    }
    this.#copy(out, cluster, 0, end);
  }

  #copyShown(out: ByteWriter, cluster: readonly Entry[]): void {
    const [first] = cluster as [Entry];
    if (cluster.length === 1) {
      this.#copy(out, cluster, first.start, first.end);
      return;
    }
    const base = alignedStart(cluster);
    const length = lastEnd(cluster) - base;
    out.u8(COPIED);
    writeVarint(out, length);
    out.ensure(length);
    out.bytes.fill(0, out.offset, out.offset + length);
    for (const { start, end } of cluster) {
      out.bytes.set(new Uint8Array(first.buffer, start, end - start), out.offset + start - base);
    }
    out.offset += length;
    this.#place(cluster, base);
  }
}

function lastEnd(cluster: readonly Entry[]): number {
  return cluster.reduce((highest, entry) => Math.max(highest, entry.end), 0);
}

function alignedStart(cluster: readonly Entry[]): number {
  const start = cluster.reduce((lowest, entry) => Math.min(lowest, entry.start), Infinity);
  return start - (start % ALIGNMENT);
}

/** Which views of one buffer go on sharing one. */
function clustersOf(group: Entry[]): Entry[][] {
  if (group.length === 1 || group.some((entry) => entry.whole)) return [group];
  const sorted = group.toSorted((a, b) => a.start - b.start);
  const clusters: Entry[][] = [];
  let current: Entry[] = [];
  let end = -1;
  let shown = 0;
  for (const entry of sorted) {
    if (entry.start >= end && current.length > 0) {
      clusters.push(current);
      current = [];
    }
    shown += Math.max(0, entry.end - Math.max(entry.start, end));
    end = Math.max(end, entry.end);
    current.push(entry);
  }
  clusters.push(current);
  const span = end - alignedStart(sorted);
  return span <= Math.max(2 * shown, ALIGNMENT) ? [group] : clusters;
}

function assertAttached(buffer: ArrayBuffer): void {
  try {
    new Uint8Array(buffer);
  } catch (cause) {
    throw new Refusal('value_refused', 'is a view of a detached ArrayBuffer, or one itself', {
      value: 'detached ArrayBuffer',
      cause,
    });
  }
}

function assertTransferable(
  transfer: readonly ArrayBuffer[],
  present: { has(buffer: ArrayBuffer): boolean },
): void {
  const met = new Set<ArrayBuffer>();
  for (const [index, buffer] of transfer.entries()) {
    const refused = refusedTransfer(buffer, met, present);
    if (refused !== undefined) {
      refused.segments.push(`(transfer[${String(index)}])`);
      throw refused;
    }
    met.add(buffer);
  }
}

function refusedTransfer(
  buffer: ArrayBuffer,
  met: ReadonlySet<ArrayBuffer>,
  present: { has(buffer: ArrayBuffer): boolean },
): Refusal | undefined {
  try {
    bufferByteLength.call(buffer);
  } catch {
    return refuseValue(buffer, 'is no ArrayBuffer, so it cannot be transferred');
  }
  if (met.has(buffer)) return refuseValue(buffer, 'is listed twice');
  if (!present.has(buffer)) return refuseValue(buffer, 'does not occur in the message');
  return undefined;
}
