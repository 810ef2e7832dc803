/** Who takes part: names that host and guests agree on, and the tree of them. */

export const PEERS = ['peer-0', 'peer-1', 'peer-2'];
export const VICTIMS = ['victim-0', 'victim-1', 'victim-2'];
/** One for each overflow policy. */
export const SINKS = /** @type {const} */ (['block', 'reject', 'drop-newest', 'drop-oldest']).map(
  (overflow) => ({ name: `sink-${overflow}`, overflow }),
);
/** Nobody ever holds these names: what is sent to the first is a dead letter, each call to the second `noproc`. */
export const VOID = 'void';
export const NOBODY = 'nobody';

/** How the host ends a victim, and the tag of the reason that its supervisor must hear. */
export const CRASHES = /** @type {const} */ ({
  throw: 'error',
  reject: 'error',
  exit: 'shutdown',
  kill: 'killed',
  loop: 'killed',
  heap: 'limit',
});
/** @typedef {keyof typeof CRASHES} Crash */

const UNLIMITED = { intensity: 1_000_000, periodMs: 1000 };

/** @returns {import('@espalier/supervisor').TreeSpec} */
export function treeOf() {
  return {
    name: 'soak',
    children: [
      { id: 'witness', module: './witness.mjs' },
      ...SINKS.map(({ name, overflow }) => ({
        id: name,
        module: './sink.mjs',
        overflow,
        ...(overflow === 'block' ? { sendTimeoutMs: 200 } : {}),
        limits: { mailbox: 20 },
      })),
      {
        id: 'victims',
        ...UNLIMITED,
        children: VICTIMS.map((id) => ({
          id,
          module: './victim.mjs',
          args: id,
          sendTimeoutMs: 1000,
          limits: { heapMb: 24 },
        })),
      },
      ...PEERS.map((id) => ({ id, module: './peer.mjs', args: id })),
    ],
  };
}
