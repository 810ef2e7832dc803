/**
 * `--set NODE.FIELD=VALUE`: a field of a spec that was read from a file, replaced before it is checked.
 *
 * NODE is the ids from the root down, with slashes: `--set pricing/cache.limits.heapMb=64`; without one it
 * is a field of the root. VALUE is JSON if it can be read as such, else text.
 */
import { SpecError } from '@espalier/core';
import { jsonOrText } from './json-or-text.js';

type Node = Record<string, unknown>;

/** Changes `input` in place. Throws `SpecError` `spec_invalid`. */
export function setFields(input: unknown, settings: readonly string[]): void {
  for (const setting of settings) setField(input, setting);
}

function setField(input: unknown, setting: string): void {
  const equals = setting.indexOf('=');
  if (equals < 1) refuse(setting, 'has no `=` with a field before it.', 'Write --set NODE.FIELD=VALUE.');
  const { node, field } = findNode(input, setting, setting.slice(0, equals));
  const keys = field.split('.');
  if (keys.some((key) => key === '' || key === '__proto__')) {
    refuse(setting, `names no field: "${field}".`, 'Write --set NODE.FIELD=VALUE.');
  }
  let owner = node;
  for (const key of keys.slice(0, -1)) {
    const inner = Object.hasOwn(owner, key) ? owner[key] : undefined;
    if (isNode(inner)) owner = inner;
    else owner = owner[key] = {};
  }
  owner[keys.at(-1) as string] = jsonOrText(setting.slice(equals + 1));
}

/** Ids may contain dots, so the node's part is what matches ids that are there, the longest first. */
function findNode(input: unknown, setting: string, path: string): { node: Node; field: string } {
  if (!isNode(input)) refuse(setting, 'has nothing to set a field of.', 'The spec must be an object.');
  let node = input;
  let rest = path;
  for (;;) {
    const children = childrenOf(node);
    const child = children
      .filter(({ id }) => rest.startsWith(`${id}.`) || rest.startsWith(`${id}/`))
      .sort((a, b) => b.id.length - a.id.length)[0];
    if (child === undefined) {
      if (node === input && !rest.includes('/')) return { node, field: rest };
      refuse(
        setting,
        'names a node that is not there.',
        `Known here: ${children.map(({ id }) => id).join(', ')}.`,
      );
    }
    const inner = rest[child.id.length] === '/';
    node = child.node;
    rest = rest.slice(child.id.length + 1);
    if (!inner) return { node, field: rest };
  }
}

function childrenOf(node: Node): { id: string; node: Node }[] {
  const children: unknown[] = Array.isArray(node['children']) ? node['children'] : [];
  return children.flatMap((child) => {
    return isNode(child) && typeof child['id'] === 'string' ? [{ id: child['id'], node: child }] : [];
  });
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(setting: string, problem: string, remedy: string): never {
  throw new SpecError('spec_invalid', `--set ${setting} ${problem}`, [
    { path: '--set', value: setting, problem: `--set ${setting} ${problem}`, remedy },
  ]);
}
