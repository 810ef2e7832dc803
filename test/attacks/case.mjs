/**
 * What a case is: an attack as data and code. The code runs in a guest, in a cell and, to show that it bites,
 * in a bare worker or process; so a file of cases imports nothing but Node's own modules.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * What the attack is given where it runs.
 * @typedef {object} Kit
 * @property {(value: any) => Promise<void>} send to somebody who never reads; bare: to the main thread
 * @property {(value: any) => Promise<void>} sendSelf
 * @property {any[]} kept lives as long as the thread
 * @property {string} mark a number of seconds to sleep by which processes of this run are known
 * @property {import('@espalier/core').Context} [context] in a guest
 * @property {(bytes: Uint8Array) => void} [write] in a cell: raw bytes to its parent
 */

/**
 * How the attack shows in a bare worker with V8's own limit of 64 MB, or in what Node offers for processes:
 * - `process-ends`: the whole process is gone
 * - `hangs`: the worker's event loop stands still, and nobody ends it
 * - `unkillable`: and `terminate()` does not end it either
 * - `leaks`: the process grows by more than 200 MB
 * - `starves`: the main thread's event loop stands still for more than half a second
 * - `leaves`: a process is left behind by a worker that was ended
 * - `takes`: the attack gets what it is after
 * - `gone`: the worker is no longer there, and nobody starts it again
 * - `harmless`: no attack, but work that must not be mistaken for one
 * @typedef {'process-ends' | 'hangs' | 'unkillable' | 'leaks' | 'starves' | 'leaves' | 'takes' | 'gone' | 'harmless'} Bite
 */

/**
 * What a case drives itself, beyond one attack in one guest.
 * @typedef {object} TreeLab
 * @property {import('@espalier/supervisor').Host} host
 * @property {import('./run/events.mjs').Events} events
 * @property {readonly string[]} warnings
 * @property {(limits: any) => Promise<string | undefined>} startWith the code that a start with these limits is refused with
 */

/**
 * @typedef {object} CellLab
 * @property {(setting?: import('./run/cells.mjs').CellSetting) => Promise<import('./run/cells.mjs').LabCell>} begin
 * @property {import('../../packages/core/dist/cells/walls.js').Machine} machine
 * @property {typeof import('../../packages/core/dist/cells/index.js').chooseWalls} choose
 * @property {(order: { walls: readonly string[], attack?: string }) => Promise<import('./run/orphans.mjs').Orphan>} parent
 */

/**
 * Expectations of the levels at which the attacker is a guest of a tree. One of `ends`, `holds` and `drive`.
 * @typedef {object} TreeCase
 * @property {readonly import('@espalier/core').ExitTag[]} [ends] the attacker's end has one of these reasons
 * @property {true} [holds] the attacker goes on and gets nothing
 * @property {true} [escalates] its supervisor gives up, and takes its sibling along
 * @property {true} [recycles] its cell ends with it, whichever of the reasons comes first
 * @property {(lab: TreeLab) => Promise<string | undefined>} [drive] gives what went wrong
 * @property {(host: import('@espalier/supervisor').Host) => Promise<void>} [prepare] before anything is measured
 * @property {Record<string, number>} [limits] of the attacker
 * @property {readonly import('./levels.mjs').Level[]} [at] levels at which it makes sense; default: all of a tree
 * @property {readonly string[]} [walls] that its process requires, at the level `process`
 * @property {true} [isolated] its supervisor isolates, and the walls of its process are the default ones
 * @property {readonly string[]} [execArgv] of the process
 * @property {number} [withinMs] until the attacker's end
 */

/**
 * @typedef {object} CellCase
 * @property {readonly string[]} [cause] how the cell ends, as its parent sees it
 * @property {readonly (string | null)[]} [signal]
 * @property {true} [holds] the cell goes on, and the attack gets nothing
 * @property {number} [killAfterMs] who runs the cell ends it after this
 * @property {(lab: CellLab) => Promise<string | undefined>} [drive] gives what went wrong
 * @property {true} [inWorker] the attack runs in a worker of the cell
 * @property {import('./run/cells.mjs').CellSetting} [setting]
 * @property {readonly string[]} [needs] walls without which this machine cannot run the case
 */

/**
 * @typedef {object} Case
 * @property {string} does for people, in a few words
 * @property {readonly Bite[]} bare one of these is seen
 * @property {(kit: Kit) => unknown} [attack] what it returns is what it got; undefined for nothing
 * @property {true} [tries] what the attack throws means that it got nothing
 * @property {(kit: Kit) => unknown} [bareAttack] the same deed where the library's words are missing
 * @property {(got: any) => boolean} [took] in the bare main thread: whether what was sent is what it must not be
 * @property {'worker' | 'main' | 'ipc' | 'killed-child' | 'killed-parent'} [bareIn] what is attacked bare; default `worker`
 * @property {true} [bareSends] the bare parent sends all the while
 * @property {import('node:worker_threads').ResourceLimits} [bareLimits]
 * @property {readonly string[]} [bareExecArgv]
 * @property {true} [listens] the bare main thread listens to the worker's `error`
 * @property {TreeCase} [tree]
 * @property {CellCase} [cell]
 */

/** @typedef {Readonly<Record<string, Case>>} Cases */

/** What an attack may leave in the file system; it is removed with its run. @param {string} mark */
export const markedFile = (mark) => join(tmpdir(), `attacks-${mark}`);

/** What nobody but the host may know: an environment variable, a global and a piece of worker data of it. */
export const SECRET = 'the secret of the host';
export const SECRET_NAME = 'ATTACKS_SECRET';
/** On this BroadcastChannel the host talks to itself. */
export const SECRET_CHANNEL = 'attacks';
