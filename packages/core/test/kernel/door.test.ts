import { describe, expect, test } from '@jest/globals';
import { readSystemCall } from '../../src/kernel/door.js';
import { SYSTEM_CALLS, type SystemCall, type SystemCallName } from '../../src/protocol/system-calls.js';

const bytes = new Uint8Array([1]);

/** One good call of every name, and of every shape that a name has. */
const GOOD: { readonly [N in SystemCallName]: readonly Extract<SystemCall, { readonly call: N }>[] } = {
  ready: [{ call: 'ready', env: 0, ignore: false }],
  exit: [
    { call: 'exit', env: 0, tag: 'normal', detail: undefined },
    { call: 'exit', env: 65_535, tag: 'error', detail: bytes },
    { call: 'exit', env: 0, signal: 3 },
  ],
  spawn: [
    { call: 'spawn', env: 0, id: 1, request: bytes, link: true, monitor: false },
    {
      call: 'spawn',
      env: 0,
      id: 1,
      request: bytes,
      link: true,
      monitor: false,
      beside: { capacity: 1, capacityBytes: 1, messageBytes: 1, overflow: 'block', sendTimeoutMs: 0 },
    },
  ],
  register: [{ call: 'register', env: 0, id: 1, name: 'x'.repeat(255) }],
  unregister: [{ call: 'unregister', env: 0, id: 1, name: 'x' }],
  resolve: [{ call: 'resolve', id: 1, name: 'x', follow: true }],
  connect: [{ call: 'connect', id: 1, handle: 4 }],
  monitor: [
    { call: 'monitor', env: 0, id: 1, target: 5 },
    { call: 'monitor', env: 0, id: 1, target: 'x' },
  ],
  demonitor: [{ call: 'demonitor', env: 0, monitor: 4 }],
  link: [{ call: 'link', env: 0, handle: 2 }],
  unlink: [{ call: 'unlink', env: 0, id: 1, handle: 2 }],
  signal: [
    { call: 'signal', env: 0, target: 'x', kind: 'exit', tag: 'shutdown', detail: bytes },
    { call: 'signal', env: 0, target: 3, kind: 'kill', tag: 'error', detail: undefined },
  ],
  trapExits: [{ call: 'trapExits', env: 0, on: true }],
  ticket: [{ call: 'ticket', id: 1, handle: 2, channel: 3 }],
  drop: [{ call: 'drop', handles: [1, 2], counts: [1, 1] }],
  blocked: [{ call: 'blocked', env: 0, channel: 1, slot: 0, on: true }],
  undelivered: [{ call: 'undelivered', env: 0, target: "'x'", cause: 'dead', count: 3 }],
  violation: [{ call: 'violation', channel: 1, problem: 'what' }],
  answer: [
    { call: 'answer', id: 1, value: bytes },
    { call: 'answer', id: 1, value: undefined },
  ],
  supervise: [
    { call: 'supervise', id: 1, operation: { op: 'tree' } },
    { call: 'supervise', id: 1, operation: { op: 'stop' } },
    { call: 'supervise', id: 1, operation: { op: 'request', path: 'tree', request: 1 } },
    { call: 'supervise', id: 1, operation: { op: 'inspect', path: 'tree/a', query: 'state' } },
  ],
  present: [
    {
      call: 'present',
      number: 1,
      path: 'tree/a',
      name: 'a',
      terms: { capacity: 1, capacityBytes: 1, messageBytes: 1, overflow: 'block', sendTimeoutMs: 1 },
    },
  ],
  report: [{ call: 'report', event: { kind: 'spawned', path: 'tree/a' } }],
} as never;

const WRONG: readonly unknown[] = [
  undefined,
  null,
  -1,
  1.5,
  NaN,
  Infinity,
  2 ** 53,
  '',
  'x'.repeat(2000),
  {},
  [],
  [-1],
  ['x'],
  true,
  Symbol.iterator,
  0n,
];

/** Fields for which `undefined` is a good value. */
const OPTIONAL = new Set([
  'exit.tag',
  'exit.detail',
  'exit.signal',
  'signal.detail',
  'answer.value',
  'supervise.operation',
  'spawn.beside',
]);

/** Calls that only cells make. */
const OF_CELLS = new Set(['present', 'report']);

describe('door', () => {
  test('door: has a good example of every system call here', () => {
    expect(new Set(Object.keys(SYSTEM_CALLS).filter((name) => !(name in GOOD)))).toEqual(new Set());
  });

  test.each(Object.entries(GOOD))('door: lets every good %s pass unchanged', (_, calls) => {
    for (const call of calls) expect(readSystemCall(call, OF_CELLS.has(call.call))).toBe(call);
  });

  const fields = Object.values(GOOD)
    .flat()
    .flatMap((call) =>
      Object.keys(call)
        .filter((field) => field !== 'call')
        .map((field) => [call.call, field, call] as const),
    );

  test.each(fields)('door: refuses a %s whose %s has another shape', (name, field, call) => {
    const kind = typeof (call as unknown as Record<string, unknown>)[field];
    for (const wrong of WRONG) {
      const accepted = readSystemCall({ ...call, [field]: wrong }, OF_CELLS.has(name)) !== undefined;
      if (!accepted) continue;
      // What passes is another good value of the same kind, or is allowed to be absent or a name.
      const fits =
        (wrong === undefined && OPTIONAL.has(`${name}.${field}`)) ||
        (kind === 'boolean' && wrong === true) ||
        (Array.isArray(wrong) && wrong.length === 0 && field !== 'operation') ||
        (field === 'target' && name === 'undelivered' && wrong === '') ||
        (field === 'problem' && wrong === '') ||
        (field === 'path' && typeof wrong === 'string') ||
        (field === 'name' && name === 'present' && wrong === null);
      expect([name, field, wrong, fits]).toEqual([name, field, wrong, true]);
    }
    const { [field]: _left, ...without } = call as unknown as Record<string, unknown>;
    if (!OPTIONAL.has(`${name}.${field}`))
      expect(readSystemCall(without, OF_CELLS.has(name))).toBeUndefined();
  });

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a number', 1],
    ['text', 'ready'],
    ['a list', ['ready']],
    ['no name', { env: 0 }],
    ['an unknown name', { call: 'reboot' }],
    ['a name of the prototype', { call: 'hasOwnProperty' }],
    ['an end without a cause', { call: 'exit', env: 0 }],
    ['a tag that is not the guest’s to give', { call: 'exit', env: 0, tag: 'limit' }],
    [
      'an operation of another shape',
      { call: 'supervise', id: 1, operation: { op: 'inspect', path: 'x', query: 'bribe' } },
    ],
  ])('door: refuses %s', (_, value) => {
    expect(readSystemCall(value, false)).toBeUndefined();
  });

  test('door: what only a cell may say is refused from anybody else', () => {
    for (const name of OF_CELLS) {
      for (const call of GOOD[name as keyof typeof GOOD]) expect(readSystemCall(call, false)).toBeUndefined();
    }
    for (const call of [
      { call: 'exit', env: 0, tag: 'limit', detail: { limit: 'heapMb' } },
      { call: 'answer', id: 1, value: { ok: true, value: undefined } },
    ]) {
      expect(readSystemCall(call, true)).toBe(call);
      expect(readSystemCall(call, false)).toBeUndefined();
    }
  });

  test.each([
    ['no path', { kind: 'spawned' }],
    ['no kind', { path: 'tree/a' }],
    ['the end of the whole tree', { kind: 'tree-ended', path: 'tree/a', reason: { tag: 'normal' } }],
    ['a reason that is none', { kind: 'spawn-ended', path: 'tree/a', reason: { tag: 'bored' } }],
    ['a history without an event', { kind: 'supervision', path: 'tree/a' }],
    [
      'an event with a reason that is none',
      { kind: 'supervision', path: 'tree/a', event: { kind: 'ended', id: 'b', reason: 'none' } },
    ],
  ])('door: refuses a report with %s', (_, event) => {
    expect(readSystemCall({ call: 'report', event }, true)).toBeUndefined();
  });
});
