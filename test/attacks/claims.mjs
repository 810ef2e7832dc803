/**
 * What each level claims of each case. Read by the suite, which holds the runtime to it, and by the generator of
 * docs/security.md; nothing else says what is contained.
 */

/**
 * - `contained`: the attacker alone ends, with the right reason, or goes on and gets nothing; its supervisor
 *   restarts it, and nothing is left behind.
 * - `cell-recycled`: the cell that holds the attacker ends with all that is in it; nothing outside of it does.
 * - `not-claimed`: this level is not the place for it.
 * @typedef {'contained' | 'cell-recycled' | 'not-claimed'} Claim
 */

/** @typedef {import('./levels.mjs').Level} Level */
/** @typedef {{ readonly [L in Level]?: Claim } & { readonly why: string }} Claims */

/** For every case of a class, unless the case has a line of its own. @type {Readonly<Record<string, Claims>>} */
export const CLASS_CLAIMS = {
  life: {
    thread: 'contained',
    process: 'contained',
    cell: 'cell-recycled',
    why: 'The end of a thread is seen from outside, by its own exit, and its reason is decided there.',
  },
  loops: {
    thread: 'contained',
    process: 'contained',
    cell: 'cell-recycled',
    why: 'An event loop that stands still is noticed from outside, and a thread that runs code of V8 can be ended.',
  },
  memory: {
    thread: 'contained',
    process: 'contained',
    cell: 'cell-recycled',
    why: 'The guard reads heap and off-heap memory from outside, below a hard limit that is set far above.',
  },
  limits: {
    thread: 'contained',
    process: 'contained',
    why: 'Limits are checked before anything starts, and held from outside.',
  },
  messages: {
    thread: 'contained',
    process: 'contained',
    why: 'Every message is walked and encoded where it is sent, and every queue is bounded.',
  },
  stdio: {
    thread: 'contained',
    process: 'contained',
    cell: 'cell-recycled',
    why: 'A thread has streams of ours, with a quota, and no port of Node’s.',
  },
  authority: {
    thread: 'contained',
    process: 'contained',
    cell: 'contained',
    why: 'What reaches past the thread is removed before its code runs.',
  },
  links: {
    cell: 'cell-recycled',
    why: 'Frames are checked by their header, queues are bounded, and who breaks the protocol is killed.',
  },
};

/** @type {Readonly<Record<string, Claims>>} */
export const CASE_CLAIMS = {
  'life/processes-left': {
    thread: 'not-claimed',
    process: 'contained',
    cell: 'cell-recycled',
    why: 'A process that a thread has started is not the thread’s: only the end of its cell ends it.',
  },
  'life/processes-escaped': {
    process: 'not-claimed',
    why: 'Who leaves the session of its process is known only to a process namespace (`walls: pid`) or a cgroup.',
  },
  'life/fork-bomb': {
    process: 'contained',
    why: 'What runs in a process namespace ends with it, however much that is.',
  },
  'life/fork-bomb-held': {
    process: 'contained',
    why: 'A cgroup holds how many processes and threads there are, and all in it are killed with its cell.',
  },
  'life/abort-by-child': {
    process: 'cell-recycled',
    why: 'Its process is a cell, which may end in every way.',
  },
  'life/segfault-by-child': {
    process: 'cell-recycled',
    why: 'Its process is a cell, which may end in every way.',
  },
  'loops/sync-child': {
    thread: 'not-claimed',
    process: 'contained',
    cell: 'cell-recycled',
    why: 'A thread that waits for a process inside of a native call cannot be ended; its process can.',
  },
  'loops/unkillable': {
    thread: 'not-claimed',
    process: 'contained',
    cell: 'cell-recycled',
    why: 'Some built-ins look at no interrupt: only SIGKILL of their process ends them.',
  },
  'loops/stuck-among-others': {
    process: 'cell-recycled',
    why: 'Its place is taken by another thread of the process; the stuck one ends with the process, which is killed for it after 5 seconds.',
  },
  'loops/unkillable-nested': {
    thread: 'not-claimed',
    process: 'contained',
    why: 'A worker of a guest’s own has none of our walls, and its end waits for the worker’s, or its process’s.',
  },
  'loops/fifo': {
    thread: 'not-claimed',
    process: 'contained',
    cell: 'cell-recycled',
    why: 'A blocking open is a system call that nothing but the end of its process interrupts.',
  },
  'memory/one-step': {
    thread: 'not-claimed',
    process: 'cell-recycled',
    cell: 'cell-recycled',
    why: 'One allocation that jumps over V8’s hard limit aborts the process before anybody can look.',
  },
  'memory/deep-stack-buffers': {
    thread: 'not-claimed',
    process: 'contained',
    why: 'Where the stack has no room for a call only the heap can be read, not what lies outside of it; a process is measured from outside.',
  },
  'memory/data-limit': {
    cell: 'contained',
    why: 'The system refuses the memory, and the refusal is an error that can be caught.',
  },
  'memory/nested-heap': {
    thread: 'not-claimed',
    process: 'contained',
    cell: 'cell-recycled',
    why: 'The guard does not see the heaps of workers that a guest has started itself; a process is measured from outside.',
  },
  'stdio/raw-descriptor': {
    thread: 'not-claimed',
    process: 'contained',
    cell: 'contained',
    why: 'Descriptors are the process’s; those of a cell lead to its parent alone, which reads them with a quota.',
  },
  'stdio/pipe-stolen': {
    process: 'cell-recycled',
    why: 'Descriptors are the process’s; a kernel that hears only parts of what it is told cannot go on.',
  },
  'stdio/close-descriptors': {
    thread: 'not-claimed',
    process: 'cell-recycled',
    cell: 'cell-recycled',
    why: 'Descriptors are the process’s.',
  },
  'authority/kill-by-child': {
    thread: 'not-claimed',
    process: 'cell-recycled',
    cell: 'cell-recycled',
    why: 'Trusted code may start processes, and those may signal whoever their user may.',
  },
  'authority/kill-host': {
    process: 'not-claimed',
    why: 'A cell runs as the user of its host, who may signal it: `walls: pid, proc` or `otherUser` hold it off.',
  },
  'authority/host-environ': {
    process: 'not-claimed',
    why: 'A cell runs as the user of its host, who may read its environment: `walls: proc` or `otherUser` hold it off.',
  },
  'authority/nested-worker': {
    thread: 'not-claimed',
    process: 'contained',
    why: 'A worker of a guest’s own has Node’s built-ins whole; in a cell there is nothing for them to find.',
  },
  'authority/proc-environ': {
    thread: 'not-claimed',
    process: 'contained',
    cell: 'contained',
    why: 'Trusted code may read files, /proc among them; a cell’s process has an environment of its own.',
  },
  'authority/priority': {
    thread: 'not-claimed',
    process: 'contained',
    why: 'The system lets a process lower its own priority, whichever of its threads asks.',
  },
  'links/many-files': {
    cell: 'contained',
    why: 'The system holds the number of open files.',
  },
  'links/missing-wall': {
    cell: 'contained',
    why: 'A wall that is required and missing fails the start, with what to do about it.',
  },
};

/** @param {string} name of the case @param {Level} level @returns {{ claim: Claim, why: string }} */
export function claimOf(name, level) {
  const claims = CASE_CLAIMS[name] ?? CLASS_CLAIMS[name.split('/')[0] ?? ''];
  const claim = claims?.[level];
  if (claims === undefined || claim === undefined)
    throw new RangeError(`claims.mjs does not say what ${level} claims of ${name}`);
  return { claim, why: claims.why };
}
