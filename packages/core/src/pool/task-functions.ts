/** Which functions of a module a pool runs: its default export, under the name `run`, and its named ones. */
import { EnvironmentError } from '../errors.js';

export type TaskFunction = (this: unknown, ...parameters: unknown[]) => unknown;

/** Throws `EnvironmentError` `module_unfit`. */
export function taskFunctions(exports: unknown, entry: string): ReadonlyMap<string, TaskFunction> {
  const functions = new Map<string, TaskFunction>();
  const named: object = isObject(exports) ? exports : { default: exports };
  // Own properties only: no task is reached through a prototype.
  for (const [name, value] of Object.entries(named)) {
    if (typeof value === 'function' && name !== 'default') functions.set(name, value as TaskFunction);
  }
  const { default: run } = named as { default?: unknown };
  if (typeof run === 'function' && !functions.has('run')) functions.set('run', run as TaskFunction);
  if (functions.size > 0) return functions;
  throw new EnvironmentError('module_unfit', `${entry} exports no function that a pool could run`, {
    path: entry,
    remedy: 'Write `export default function (…) {…}`, or export functions by name.',
  });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
