/** Whatever an operation is given: it is refused by an error with a code, at once, and the host goes on. */
import { describe, expect, test } from '@jest/globals';
import type { Host } from '../../src/index.js';
import { cellStarter, cell } from '../cells/cells.js';

const startTree = cellStarter();
const CHILD = 'tree/c/x';

const JUNK: readonly (readonly [string, unknown])[] = [
  ['nothing', undefined],
  ['null', null],
  ['a number', 5],
  ['an empty text', ''],
  ['an object', {}],
  ['a list', []],
  ['a text of 100,000 characters', 'x'.repeat(100_000)],
  ['a symbol', Symbol('s')],
  ['a function', () => 1],
  ['a bigint', 10n],
  ['no number', NaN],
];

/** Good arguments; those marked are tried with junk, but for what is right there. */
interface Operation {
  readonly given: readonly unknown[];
  readonly wrong: readonly number[];
  /** Junk that is a proper argument of it. */
  readonly right?: readonly string[];
}

const PATH: Operation = { given: [CHILD], wrong: [0] };
const HOST: Readonly<Record<string, Operation>> = {
  onEvent: { given: [undefined], wrong: [0], right: ['a function'] },
  apply: { given: ['spec'], wrong: [0] },
  address: PATH,
  startChild: { given: [CHILD, undefined], wrong: [0] },
  terminateChild: PATH,
  restartChild: PATH,
  deleteChild: PATH,
  whichChildren: PATH,
  countChildren: PATH,
  getChildSpec: PATH,
  grant: { given: [CHILD, 'name', CHILD], wrong: [0, 1, 2] },
  revoke: { given: [CHILD, 'name'], wrong: [0, 1] },
  kill: PATH,
  suspend: PATH,
  resume: PATH,
  setLimits: { given: [CHILD, { heapMb: 64 }], wrong: [0, 1] },
  state: PATH,
  statistics: PATH,
  usage: { ...PATH, right: ['nothing'] },
};
const CONTEXT: Readonly<Record<string, Operation>> = {
  ref: { given: ['x'], wrong: [0], right: ['a text of 100,000 characters'] },
  send: { given: ['x', 1], wrong: [0] },
  cast: { given: ['x', 'print', []], wrong: [0, 1, 2] },
  call: { given: ['x', 'depth', []], wrong: [0, 1, 2] },
  monitor: { given: ['x'], wrong: [0] },
  demonitor: { given: ['x'], wrong: [0] },
  link: { given: ['x'], wrong: [0] },
  unlink: { given: ['x'], wrong: [0] },
  register: { given: ['y'], wrong: [0] },
  unregister: { given: ['y'], wrong: [0] },
  whereis: { given: ['x'], wrong: [0] },
  sendExit: { given: ['x', { tag: 'shutdown' }], wrong: [0, 1] },
  kill: { given: ['x'], wrong: [0] },
  trapExits: { given: [true], wrong: [0] },
  sendAfter: { given: [1, 'x', 1], wrong: [0, 1] },
};
/** What is a proper text, name, list, message or delay. */
const PROPER: Readonly<Record<string, readonly string[]>> = {
  cast: ['an empty text', 'a text of 100,000 characters', 'a list'],
  call: ['a list'],
  sendAfter: ['a number'],
};

async function outcome(on: object, name: string, given: readonly unknown[]): Promise<unknown> {
  try {
    return await (on as Record<string, (...given: readonly unknown[]) => unknown>)[name]?.(...given);
  } catch (error) {
    return error;
  }
}

describe('wrong arguments', () => {
  test('each operation refuses each of them by an error with a code, and the host goes on', async () => {
    const { host } = await startTree([cell('c', [{ id: 'x', module: './eater.ts' }])]);
    const faults: string[] = [];
    const tried = async (on: Host | Host['context'], table: typeof HOST): Promise<void> => {
      for (const [name, { given, wrong, right = [] }] of Object.entries(table)) {
        for (const at of wrong) {
          for (const [what, junk] of JUNK) {
            if (right.includes(what) || PROPER[name]?.includes(what) === true) continue;
            const ended = await outcome(on, name, given.with(at, junk));
            const { code } = (ended ?? {}) as { readonly code?: unknown };
            if (!(ended instanceof Error) || typeof code !== 'string' || code.startsWith('ERR_'))
              faults.push(`${name}, argument ${String(at)}: ${what}: ${String(ended)}`);
          }
        }
      }
    };
    await tried(host, HOST);
    await tried(host.context, CONTEXT);
    expect(faults).toEqual([]);
    expect((await host.tree())?.children).toHaveLength(1);
    expect(await host.context.call('x', 'depth', [])).toBeGreaterThan(0);
  }, 60_000);
});
