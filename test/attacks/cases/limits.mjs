/** Limits: nonsense values, which V8 misreads in silence or dies of, and hosts whose flags override them. */

/** Leaks past what the nonsense should have meant. @param {import('../case.mjs').Kit} kit */
const leak = async ({ kept }) => {
  while (kept.length < 4000) {
    for (let n = 0; n < 100; n++) kept.push(new Array(10_000).fill(kept.length));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await new Promise(() => undefined);
};

/**
 * @param {string} does @param {any} limits of a spec @param {import('../case.mjs').Bite[]} bare
 * @param {any} bareLimits @param {import('../case.mjs').Case['attack']} bareAttack @returns {import('../case.mjs').Case}
 */
function refused(does, limits, bare, bareLimits, bareAttack = leak) {
  return {
    does,
    bare,
    bareLimits,
    bareAttack,
    tree: {
      drive: async ({ startWith, host }) => {
        const code = await startWith(limits);
        if (code !== 'spec_invalid')
          return `a start with ${String(Object.values(limits)[0])} gave ${code ?? 'a tree'}`;
        // The same at run time: nothing is added, and who is there goes on.
        const child = /** @type {any} */ ({ id: 'late', module: './deaf.mjs', limits });
        const late = await host.startChild('attacks/cage', child).then(
          () => 'a child',
          (error) => error.code,
        );
        return late === 'spec_invalid' ? undefined : `a child with such limits gave ${late}`;
      },
    },
  };
}

/** @type {import('../case.mjs').Cases} */
export const limits = {
  'heap-as-text': refused('gives the heap as the text "64"', { heapMb: '64' }, ['leaks'], {
    maxOldGenerationSizeMb: '64',
  }),
  'heap-negative': refused('gives a heap of -64 MB', { heapMb: -64 }, ['process-ends'], {
    maxOldGenerationSizeMb: -64,
  }),
  'heap-nan': refused('gives NaN for the heap', { heapMb: NaN }, ['leaks'], { maxOldGenerationSizeMb: NaN }),
  'heap-astronomical': refused('gives a heap of 1e15 MB', { heapMb: 1e15 }, ['leaks'], {
    maxOldGenerationSizeMb: 1e15,
  }),
  'heap-infinite': refused('gives an infinite heap', { heapMb: Infinity }, ['leaks'], {
    maxOldGenerationSizeMb: Infinity,
  }),
  'heap-null': refused('gives null for the heap', { heapMb: null }, ['leaks'], {
    maxOldGenerationSizeMb: null,
  }),
  'heap-object': refused(
    'gives an object that becomes a number',
    { heapMb: { valueOf: () => 64 } },
    ['leaks'],
    {
      maxOldGenerationSizeMb: { valueOf: () => 64 },
    },
  ),
  'stack-tiny': refused('gives a stack of 0.2 MB', { stackMb: 0.2 }, ['process-ends'], { stackSizeMb: 0.2 }),
  'stack-huge': refused(
    'gives a stack of 4 GB',
    { stackMb: 4096 },
    ['leaks', 'process-ends'],
    { stackSizeMb: 4096 },
    () => {
      /** @param {number} n @returns {number} */
      const down = (n) => down(n + 1) + 1;
      return down(0);
    },
  ),
  'unknown-field': refused('misspells a limit, which then holds nothing', { heapMB: 64 }, ['leaks'], {
    maxOldGenerationSizeMB: 64,
  }),
  'timers-forgotten': {
    does: 'starts an interval for each of three hundred thousand requests and clears none',
    bare: ['leaks', 'process-ends'],
    tree: { holds: true, limits: { timers: 100 } },
    attack: () => {
      let started = 0;
      for (let n = 0; n < 300_000; n++) {
        try {
          setInterval(() => n, 3_600_000);
          started++;
        } catch (error) {
          if (/** @type {any} */ (error).code !== 'limit_refused') throw error;
        }
      }
      return started === 100 ? undefined : `${started} timers`;
    },
  },
  'host-flag': {
    does: 'runs on a host whose flag --max-old-space-size overrides the limits of threads',
    bare: ['leaks'],
    bareExecArgv: ['--max-old-space-size=4096'],
    bareAttack: leak,
    tree: {
      execArgv: ['--max-old-space-size=4096'],
      drive: async ({ warnings }) =>
        warnings.some((warning) => warning.includes('overrides')) ? undefined : 'nobody was warned',
    },
  },
  'host-flag-and-leak': {
    does: 'leaks on a host whose flag overrides V8’s limit: the limit from outside holds all the same',
    bare: ['leaks'],
    bareExecArgv: ['--max-old-space-size=4096'],
    tree: { ends: ['limit'], execArgv: ['--max-old-space-size=4096'], limits: { heapMb: 64 } },
    attack: leak,
  },
};
