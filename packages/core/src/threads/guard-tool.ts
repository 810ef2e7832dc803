/**
 * The guard's tool inside a thread: a function that reads the memory and, on demand, collects garbage first.
 * The bootstrap makes it before guest code runs and leaves it under a symbol; the guard takes it from there
 * by the inspector, so that a guest that tampers with its own copies changes nothing.
 *
 * `HeapProfiler.collectGarbage` would wait for a turn of the event loop, which a loop never gives, and
 * `queryObjects` collects up to seven times (1.3 s at 145 MB against 0.1 s), so V8's `gc` is what is used. It
 * exists only in a context that is made while its flag is set; that is done once, when it is first needed.
 */
import v8 from 'node:v8';
import vm from 'node:vm';

export const GUARD_TOOL = 'espalier.guard';

/** What the guard evaluates in the thread: hands the tool out once. */
export const TAKE_GUARD_TOOL = `(() => {
  const key = Symbol.for('${GUARD_TOOL}');
  const tool = globalThis[key];
  delete globalThis[key];
  return tool;
})()`;

/**
 * Of V8's own limit. Who has come so far is not asked to collect: a collection that finds that much alive may end the
 * process (seen at 600 of 624 MB, by one JSON.parse; V8's own may do the same there). The guard ends it by what was read.
 */
const TOO_FULL_TO_COLLECT = 0.9;

/** Another thread may unset the process-wide flag in between. */
const ATTEMPTS = 3;

type GuardTool = (collect: boolean) => [heapBytes: number, offHeapBytes: number];

/** Before `v8.setFlagsFromString` is removed. */
export function leaveGuardTool(): void {
  const { getHeapStatistics, setFlagsFromString } = v8;
  const { queryObjects } = v8 as { queryObjects?: (type: object, options: object) => unknown };
  const { runInNewContext } = vm;
  const memoryUsage = process.memoryUsage.bind(process);
  let gc: ((options?: { readonly type: 'minor' }) => void) | undefined;
  const tool: GuardTool = (wanted) => {
    const before = getHeapStatistics();
    const collect = wanted && before.used_heap_size < TOO_FULL_TO_COLLECT * before.heap_size_limit;
    for (let left = ATTEMPTS; collect && gc === undefined && left > 0; left -= 1) {
      setFlagsFromString('--expose-gc');
      gc = runInNewContext('globalThis.gc') as typeof gc;
      setFlagsFromString('--no-expose-gc');
    }
    if (collect && gc !== undefined) {
      gc();
      // Buffers that nobody holds are freed beside that, and counted until the next collection waits for it: without
      // this one, who has 60 MB of them alive under a limit of 100 MB was ended for 40 MB of garbage.
      gc({ type: 'minor' });
    } else if (collect) queryObjects?.(class {}, { format: 'count' });
    const { used_heap_size: heap, external_memory: offHeap } = getHeapStatistics();
    // Shared buffers are in the second number alone, strings and WebAssembly in the first.
    const { arrayBuffers } = memoryUsage();
    return [heap, offHeap > arrayBuffers ? offHeap : arrayBuffers];
  };
  Object.defineProperty(globalThis, Symbol.for(GUARD_TOOL), { configurable: true, value: tool });
}
