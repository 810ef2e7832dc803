/** A cell is one guest: what its kernel says of anything but itself is not believed, and ends it. */
import { expect, test } from '@jest/globals';
import { OWN } from '../../src/kernel/numbers.js';
import { FRAME } from '../../src/channel/frames.js';
import { RawKernel, type RawGuest } from './raw-guest.js';

const TERMS = {
  capacity: 1,
  capacityBytes: 1,
  messageBytes: 1,
  overflow: 'block',
  sendTimeoutMs: 1,
} as const;
const PRESENT = { call: 'present', number: 1, path: 'tree/c/a', name: null, terms: TERMS } as const;

/** A cell that runs, beside one environment. */
function start() {
  const raw = new RawKernel();
  const [beside] = raw.supervisor(1).children;
  if (beside === undefined) throw new Error('no child');
  const inner = { kind: 'supervisor', spec: raw.supervisor(0) };
  const spec = { ...(beside.start as { spec: object }).spec, name: null };
  const cell = {
    ...beside,
    id: 'c',
    name: null,
    kind: 'supervisor' as const,
    start: { kind: 'cell', spec, start: inner },
  };
  raw.kernel.start('tree', { ...raw.supervisor(0), children: [beside, cell] }, () => undefined);
  for (const n of [0, 1]) {
    raw.run();
    raw.say(raw.guests[n] as RawGuest, { call: 'ready', env: 0, ignore: false });
  }
  const [other, kernel] = raw.guests as [RawGuest, RawGuest];
  const say = (number: number, call: unknown) => {
    kernel.channel.sendValue(FRAME.control, 0, 0, number, call, 1 << 20);
    raw.run();
  };
  return { raw, other, kernel, say };
}

test('hostile cell: is told what to run, and may present what is in it', () => {
  const { kernel, say } = start();
  expect(kernel.notices[0]).toMatchObject({ notice: 'cell', path: 'tree/c', start: { kind: 'supervisor' } });
  say(0, PRESENT);
  say(1, { call: 'resolve', id: 1, name: 'e0', follow: false });
  expect(kernel.of('answer')).toHaveLength(1);
  expect(kernel.terminated).toBe(false);
});

test.each([
  ['presents what is not in it', 0, { ...PRESENT, path: 'tree/e0' }],
  ['presents what is beside it, by the beginning of its path', 0, { ...PRESENT, path: 'tree/c2/a' }],
  ['presents what is in a namespace outside', 0, { ...PRESENT, space: 'tree/c2' }],
  ['takes a name in a namespace outside', 0, { call: 'register', env: 0, id: 0, name: 'x', space: 'tree' }],
  [
    'gives up a name in a namespace outside',
    0,
    { call: 'unregister', env: 0, id: 0, name: 'x', space: 'tree/e0' },
  ],
  ['reports what is not in it', 0, { call: 'report', event: { kind: 'spawned', path: 'tree/e0' } }],
  ['calls by a path longer than any is', 0, { ...PRESENT, number: 2, path: `tree/c/${'a'.repeat(20_000)}` }],
  ['reports nonsense', 0, { call: 'report', event: { kind: 'spawned' } }],
  ['presents by what it has presented', 1, { ...PRESENT, number: 2 }],
  ['says nonsense for what it has presented', 1, { call: 'resolve' }],
  ['asks for operations on the tree', 0, { call: 'supervise', id: 1, operation: { op: 'reboot' } }],
])('hostile cell: one that %s is ended', (_, number, call) => {
  const { raw, other, kernel, say } = start();
  say(0, PRESENT);
  say(number, call);
  if (number === 0 || !('path' in call)) expect(kernel.terminated).toBe(true);
  else expect(kernel.notices).toContainEqual(expect.objectContaining({ notice: 'kill' }));
  expect(other.terminated).toBe(false);
  expect(raw.events.filter(({ kind }) => kind === 'violation')).toHaveLength(1);
});

/** More than any process can hold. */
const TOO_MANY = 50_010;

test.each<readonly [string, number, (n: number) => object]>([
  ['presents environments', 0, (n) => ({ ...PRESENT, number: n })],
  ['keeps names', 0, (n) => ({ call: 'register', env: 0, id: 0, name: `n${n}`, space: '' })],
  ['speaks of environments', 1, (n) => ({ call: 'connect', id: n, handle: OWN + n })],
])(
  'hostile cell: one that %s without end is ended',
  (_, number, call) => {
    const { raw, other, kernel, say } = start();
    say(0, PRESENT);
    const guest = raw.kernel.tree.cell('tree/c/a')?.guest;
    for (let n = 2; n < TOO_MANY; n += 1) {
      kernel.channel.sendValue(FRAME.control, 0, 0, number, call(n), 1 << 20);
      if (n % 1000 === 0) raw.run();
    }
    raw.run();
    expect([kernel.terminated, other.terminated]).toEqual([true, false]);
    expect([guest?.alive, guest?.presented.size, guest?.channels.size]).toEqual([false, 0, 0]);
    expect(raw.events.filter(({ kind }) => kind === 'violation')).toHaveLength(1);
  },
  60_000,
);

test('hostile cell: numbers that mean nothing lead nowhere', () => {
  const { kernel, say } = start();
  say(0, PRESENT);
  for (const handle of [1, 77, OWN + 1, OWN + 77, 2 ** 52]) say(1, { call: 'connect', id: handle, handle });
  const answers = kernel.of('answer').map(({ result }) => result.ok);
  // Its own environment is the one that it does know.
  expect(answers).toEqual([false, false, true, false, false]);
  say(3, { call: 'resolve', id: 1, name: 'e0', follow: false });
  expect(kernel.of('answer')).toHaveLength(5);
  expect(kernel.terminated).toBe(false);
});

test('a violation in a cell: its name waits for the next life, until the cell gives it up', () => {
  const { raw, other, kernel, say } = start();
  say(0, { call: 'register', env: 0, id: 0, name: 'a', space: '' });
  say(0, { ...PRESENT, name: 'a' });
  say(1, { call: 'register', env: 0, id: 1, name: 'a' });
  raw.say(other, { call: 'resolve', id: 1, name: 'a', follow: true });
  const [held] = other.of('answer').map(({ result }) => result.ok && result.value);
  expect(held).toMatchObject({ state: 'held', peer: { channel: expect.any(Number) } });
  const { channel } = (held as { peer: { channel: number } }).peer;
  raw.say(other, { call: 'violation', channel, problem: 'a message was sent without credit' });
  expect(kernel.notices).toContainEqual(expect.objectContaining({ notice: 'kill' }));
  expect(other.of('name').map(({ holder }) => holder.state)).toEqual(['pending']);
  say(0, { call: 'unregister', env: 0, id: 0, name: 'a', space: '' });
  expect(other.of('name').map(({ holder }) => holder.state)).toEqual(['pending', 'free']);
});

test.each([
  [7],
  [{ ok: 'yes' }],
  [{ ok: true, value: 'text' }],
  [{ ok: true, value: { data: 1, child: null } }],
  [{ ok: false, code: 1 }],
])('hostile cell: what it answers to operations is checked before anybody is told: %p', async (value) => {
  const { raw, kernel, say } = start();
  const cell = raw.kernel.tree.cell('tree/c/a');
  const answers: unknown[] = [];
  cell?.guest.supervise({ op: 'kill', path: 'tree/c/a' }, (answer) => answers.push(answer));
  raw.run();
  say(0, { call: 'answer', id: 1, value });
  expect(kernel.terminated).toBe(true);
  expect(answers).toEqual([{ ok: false, code: 'noproc' }]);
  expect(await raw.kernel.tree.snapshot()).toMatchObject({ path: 'tree' });
});

const node = (path: string, children: readonly object[] = []) => ({
  path,
  kind: 'environment',
  state: 'running',
  children,
});

const ALONE = node('tree/c');
const FULL = node('tree/c', [node('tree/c/a', [node('tree/c/a/1')])]);

test.each([
  ['of its own is', FULL, FULL],
  ['of somebody beside it is not', node('tree/e0'), ALONE],
  ['of somebody beside it, as if that were in it, is not', node('tree/c', [node('tree/e0')]), ALONE],
  ['of nobody is not', { path: 'tree/c' }, ALONE],
])('hostile cell: a tree that it shows %s believed', async (_what, data, expected) => {
  const { raw, say } = start();
  const shown = raw.kernel.tree.snapshot();
  raw.run();
  // The first that it was asked.
  say(0, { call: 'answer', id: 1, value: { ok: true, value: { data } } });
  expect((await shown)?.children).toEqual([node('tree/e0'), expected]);
});
