/**
 * Reads the memory of one thread through the inspector, and has it collect its garbage, where it stands:
 * inside `for (;;)` too.
 */
import { TAKE_GUARD_TOOL } from './guard-tool.js';
import type { Answer, InspectedThread } from './thread-inspector.js';

const BYTES_PER_MB = 1024 * 1024;
const QUERY_GROUP = 'espalier.guard';

export interface MemoryReading {
  readonly heapMb: number;
  /** ArrayBuffers, external strings and what else V8 was told of. */
  readonly offHeapMb: number;
  /** The heap alone could be read. */
  readonly partial?: true;
}

type Got = (reading: MemoryReading | undefined) => void;

export class ThreadMemory {
  readonly #thread: InspectedThread;
  #tool: string | undefined;

  constructor(thread: InspectedThread) {
    this.#thread = thread;
  }

  /** Call before guest code runs. */
  prepare(done: () => void): void {
    this.#thread.call('Runtime.evaluate', { expression: TAKE_GUARD_TOOL, silent: true }, (answer) => {
      this.#tool = (answer?.['result'] as { objectId?: string } | undefined)?.objectId;
      done();
    });
  }

  /** `got` may never be called: a thread inside a long native call answers nothing. */
  read(got: Got): void {
    this.#use(false, got);
  }

  /** What is left after all garbage has been collected. */
  readCollected(got: Got): void {
    this.#use(true, got);
  }

  #use(collect: boolean, got: Got): void {
    const params = {
      objectId: this.#tool,
      functionDeclaration: 'function (collect) { return this(collect); }',
      arguments: [{ value: collect }],
      returnByValue: true,
      silent: true,
    };
    this.#thread.call('Runtime.callFunctionOn', params, (answer) => {
      const reading = readPair(answer);
      if (reading !== undefined || answer === undefined) got(reading);
      // No room on the guest's stack for a call, for instance; these run no JavaScript.
      else if (collect) this.#collect(() => this.#readHeap(got));
      else this.#readHeap(got);
    });
  }

  /** Slower than the tool. Objects that have the tool for their prototype: there is none. */
  #collect(done: () => void): void {
    const query = { prototypeObjectId: this.#tool, objectGroup: QUERY_GROUP };
    this.#thread.call('Runtime.queryObjects', query, () => {
      this.#thread.call('Runtime.releaseObjectGroup', { objectGroup: QUERY_GROUP }, done);
    });
  }

  #readHeap(got: Got): void {
    this.#thread.call('Runtime.getHeapUsage', {}, (answer) => {
      const used = answer?.['usedSize'];
      got(
        typeof used === 'number' ? { heapMb: used / BYTES_PER_MB, offHeapMb: 0, partial: true } : undefined,
      );
    });
  }
}

function readPair(answer: Answer | undefined): MemoryReading | undefined {
  const value = (answer?.['result'] as { value?: unknown } | undefined)?.value;
  if (!Array.isArray(value)) return undefined;
  const [heap, offHeap] = value as unknown[];
  if (typeof heap !== 'number' || typeof offHeap !== 'number') return undefined;
  return { heapMb: heap / BYTES_PER_MB, offHeapMb: offHeap / BYTES_PER_MB };
}
