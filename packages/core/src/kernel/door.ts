/**
 * The door: everything that comes from a guest is checked for shape here, once, and nowhere else.
 * Behind it a system call is what its type says; in front of it, it is `unknown`. A call of another
 * shape ends the caller with `protocol`, never the kernel.
 */
import { isWithin } from '../node-path.js';
import { EXIT_TAGS, GUEST_EXIT_TAGS } from '../exit-reason.js';
import type { Answer } from '../protocol/notices.js';
import { OVERFLOW_POLICIES } from '../protocol/overflow.js';
import {
  INSPECT_QUERIES,
  MAX_NAME_LENGTH,
  SYSTEM_CALLS,
  UNDELIVERED_CAUSES,
  type SystemCall,
  type SystemCallName,
} from '../protocol/system-calls.js';
import type { KernelEvent } from './events.js';
import type { SupervisorResult } from './supervisor-logic.js';
import type { TreeSnapshot } from './tree-snapshot.js';

type Check = (value: unknown) => boolean;

/** 64 levels, and what is spawned below them. */
const MAX_PATH_LENGTH = 20_000;

const slot: Check = (value) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff;
const whole: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const flag: Check = (value) => typeof value === 'boolean';
const name: Check = (value) =>
  typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME_LENGTH;
const text: Check = (value) => typeof value === 'string' && value.length <= 1000;
const target: Check = (value) => whole(value) || name(value);
const bytes: Check = (value) => value instanceof Uint8Array;
const maybeBytes: Check = (value) => value === undefined || bytes(value);
const wholes: Check = (value) => Array.isArray(value) && value.length <= 0xffff && value.every(whole);
function oneOf(values: readonly unknown[]): Check {
  return (value) => values.includes(value);
}
function maybe(check: Check): Check {
  return (value) => value === undefined || check(value);
}

const u32: Check = (value) => whole(value) && (value as number) <= 0xffff_ffff;
const path: Check = (value) => typeof value === 'string' && value.length <= MAX_PATH_LENGTH;
const terms: Check = (value) => {
  if (!isRecord(value)) return false;
  const { capacity, capacityBytes, messageBytes, overflow, sendTimeoutMs } = value;
  const numbers = [capacity, capacityBytes, messageBytes, sendTimeoutMs];
  return numbers.every(whole) && OVERFLOW_POLICIES.includes(overflow as never);
};
const maybeName: Check = (value) => value === null || name(value);
const anything: Check = () => true;
const never: Check = () => false;
const reason: Check = (value) => isRecord(value) && EXIT_TAGS.includes(value['tag'] as never);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isEvent(value: unknown): value is KernelEvent {
  if (!isRecord(value) || !path(value['path']) || value['kind'] === 'tree-ended') return false;
  const { kind, event } = value;
  if (!text(kind) || !maybe(reason)(value['reason'])) return false;
  if (kind !== 'supervision') return true;
  return isRecord(event) && text(event['kind']) && text(event['id']) && maybe(reason)(event['reason']);
}

const answerValue: Check = (value) => {
  if (value === undefined || whole(value)) return true;
  if (!isRecord(value)) return false;
  const { child } = value;
  return child === undefined || (isRecord(child) && whole(child['handle']) && maybeName(child['name']));
};

function isAnswer(value: unknown): value is Answer {
  if (!isRecord(value)) return false;
  if (value['ok'] === true) return answerValue(value['value']);
  return value['ok'] === false && text(value['code']) && maybe(text)(value['text']);
}

/** The answer of a cell to an operation; undefined if it is none. */
export function readAnswer(value: unknown): Answer | undefined {
  return isAnswer(value) ? value : undefined;
}

/** What a cell has answered about its tree, at its path and below; undefined if it is nothing of the kind. */
export function readSnapshot(answer: Answer, path: string): TreeSnapshot | undefined {
  const value = answer.ok && isRecord(answer.value) && 'data' in answer.value ? answer.value.data : undefined;
  return isSnapshot(value, path) ? value : undefined;
}

function isSnapshot(value: unknown, within: string): value is TreeSnapshot {
  if (!isRecord(value)) return false;
  const { path, kind, state, children } = value;
  return (
    typeof path === 'string' &&
    isWithin(path, within) &&
    (kind === 'supervisor' || kind === 'environment') &&
    text(state) &&
    Array.isArray(children) &&
    children.every((child) => isSnapshot(child, path))
  );
}

/** What a supervisor inside a cell has answered: a refusal as of one that ends, if it is no answer. */
export function resultOf(answer: Answer): SupervisorResult {
  const value = answer.ok && isRecord(answer.value) && 'data' in answer.value ? answer.value.data : undefined;
  const shaped =
    isRecord(value) &&
    (value['ok'] === true || (value['ok'] === false && typeof value['error'] === 'string'));
  return shaped && maybe(reason)(value['reason'])
    ? (value as unknown as SupervisorResult)
    : { ok: false, error: 'shutdown' };
}

const operation: Check = (value) => {
  if (typeof value !== 'object' || value === null) return false;
  const { op, path, query, withinMs, name, target } = value as Readonly<Record<string, unknown>>;
  if (op === 'tree' || op === 'stop') return maybe(whole)(withinMs);
  if (op === 'revoke') return typeof name === 'string';
  if (op === 'grant') return [name, target, path].every((one) => typeof one === 'string');
  if (op === 'request' || op === 'kill' || op === 'address') return typeof path === 'string';
  return op === 'inspect' && typeof path === 'string' && INSPECT_QUERIES.includes(query as never);
};

const FIELDS = {
  ready: { env: slot, ignore: flag },
  exit: { env: slot, tag: maybe(oneOf(GUEST_EXIT_TAGS)), detail: maybeBytes, signal: maybe(whole) },
  spawn: {
    env: slot,
    id: whole,
    request: bytes,
    link: flag,
    monitor: flag,
    beside: maybe(terms),
    name: maybe(name),
  },
  register: { env: slot, id: whole, name },
  unregister: { env: slot, id: whole, name },
  resolve: { id: whole, name, follow: flag },
  connect: { id: whole, handle: whole },
  monitor: { env: slot, id: whole, target },
  demonitor: { env: slot, monitor: whole },
  link: { env: slot, handle: whole },
  unlink: { env: slot, id: whole, handle: whole },
  signal: {
    env: slot,
    target,
    kind: oneOf(['exit', 'kill']),
    tag: oneOf(EXIT_TAGS),
    detail: maybeBytes,
  },
  trapExits: { env: slot, on: flag },
  ticket: { id: whole, handle: whole, channel: whole },
  drop: { handles: wholes, counts: wholes },
  blocked: { env: slot, channel: whole, slot, on: flag },
  undelivered: { env: slot, target: text, cause: oneOf(UNDELIVERED_CAUSES), count: whole },
  violation: { channel: whole, problem: text },
  answer: { id: whole, value: maybeBytes },
  supervise: { id: whole, operation },
  present: { number: never },
  report: { event: never },
} as const satisfies Record<SystemCallName, Readonly<Record<string, Check>>>;

/** What is different where a cell calls: the reasons and answers of its kernel are plain data of any kind. */
const OF_CELLS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  exit: { env: slot, tag: oneOf(EXIT_TAGS), detail: anything, kept: maybe(flag) },
  ticket: { id: whole, handle: whole, channel: whole, ticket: maybe(whole) },
  register: { env: slot, id: whole, name, space: maybe(path) },
  unregister: { env: slot, id: whole, name, space: maybe(path) },
  present: { number: u32, path: path, name: maybeName, terms, space: maybe(path) },
  answer: { id: whole, value: (value) => maybeBytes(value) || isAnswer(value) },
  report: { event: isEvent },
};

/** The call, or undefined if it is none. */
export function readSystemCall(value: unknown, ofCell: boolean): SystemCall | undefined {
  if (!isRecord(value)) return undefined;
  const kind = value['call'];
  if (typeof kind !== 'string' || !Object.hasOwn(SYSTEM_CALLS, kind)) return undefined;
  const fields = (ofCell ? OF_CELLS[kind] : undefined) ?? FIELDS[kind as SystemCallName];
  for (const [field, check] of Object.entries<Check>(fields)) {
    if (!check(value[field])) return undefined;
  }
  // An end has a cause: one that it chose, or the number of a signal.
  if (kind === 'exit' && value['tag'] === undefined && value['signal'] === undefined) return undefined;
  return value as unknown as SystemCall;
}
