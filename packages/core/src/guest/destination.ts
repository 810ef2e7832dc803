/**
 * What can be sent to and watched: an address, or a name of the own namespace; and what else of a guest's
 * goes into system calls. Checked here, so that a slip of its code is an error of its own and not a broken
 * system call, for which the kernel would end it. All throw `CallError` `operation_refused`.
 */
import { CallError } from '../errors.js';
import { GUEST_EXIT_TAGS } from '../exit-reason.js';
import { isLogLevel } from '../log-record.js';
import { MAX_NAME_LENGTH } from '../protocol/system-calls.js';
import { Address } from './address.js';

export function assertDestination(target: unknown): void {
  if (Address.isAddress(target)) return;
  if (isName(target)) return;
  const problem = `a target is a name of 1 to ${String(MAX_NAME_LENGTH)} characters, or an address`;
  refuse('target', target, problem, 'Give a name, or an address that was received or spawned.');
}

/** What is taken, given up or looked up. */
export function assertName(name: unknown): void {
  if (!isName(name))
    refuse('name', name, `a name has 1 to ${String(MAX_NAME_LENGTH)} characters`, 'Give a text.');
}

/** OTP: `link` takes a pid, and no name. */
export function assertAddress(address: unknown): void {
  if (Address.isAddress(address)) return;
  refuse('address', address, 'only an address can be linked', 'Ask `whereis` for the address behind a name.');
}

/** `tags`: those that may be given. */
export function assertSignal(reason: unknown, tags: readonly string[] = GUEST_EXIT_TAGS): void {
  const tag = typeof reason === 'object' && reason !== null && 'tag' in reason ? reason.tag : undefined;
  if (tags.includes(tag as never)) return;
  refuse('reason', tag ?? reason, 'that is no exit reason of a guest', "Give e.g. `{ tag: 'shutdown' }`.");
}

/** Milliseconds. */
export function assertDelay(delayMs: unknown): void {
  if (typeof delayMs === 'number' && delayMs >= 0 && delayMs < Infinity) return;
  refuse('delayMs', delayMs, 'a delay is a number of milliseconds', 'Give 0 or more.');
}

export function assertFlag(field: string, value: unknown): void {
  if (typeof value !== 'boolean')
    refuse(field, value, 'that is neither true nor false', 'Give one of the two.');
}

/** What is called or cast, and with what. */
export function assertOperation(operation: unknown, parameters: unknown): void {
  if (typeof operation !== 'string')
    refuse('operation', operation, 'an operation is named by a text', 'Give its name.');
  if (!Array.isArray(parameters))
    refuse('parameters', parameters, 'parameters are a list', 'Give `[]` where there are none.');
}

/** One that has fired, or was given up before, is one all the same. */
export function assertMonitor(monitor: unknown): void {
  if (typeof monitor === 'object' && monitor !== null && 'target' in monitor) return;
  refuse('monitor', monitor, 'that is no monitor', 'Give what `monitor` resolved with.');
}

export function assertLogged(level: unknown, text: unknown): void {
  if (!isLogLevel(level))
    refuse('level', level, 'that is no level of a log', "Give 'debug', 'info', 'warn' or 'error'.");
  if (typeof text !== 'string')
    refuse('text', text, 'a record of the log has a text', 'Give values as fields.');
}

export function assertMatch(match: unknown): void {
  if (match !== undefined && typeof match !== 'function')
    refuse('match', match, 'that is no function', 'Give one that says of an item whether it is wanted.');
}

export function assertSpawn(request: unknown): void {
  const module =
    typeof request === 'object' && request !== null && 'module' in request ? request.module : undefined;
  if (typeof module !== 'string' || module === '')
    refuse('module', module, 'that names no module', "Give e.g. `{ module: './worker.js' }`.");
}

function isName(name: unknown): boolean {
  return typeof name === 'string' && name.length > 0 && name.length <= MAX_NAME_LENGTH;
}

function refuse(field: string, value: unknown, problem: string, remedy: string): never {
  throw new CallError('operation_refused', problem, { field, value: shown(value), remedy });
}

function shown(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : typeof value;
}
