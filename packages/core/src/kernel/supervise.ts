/** Operations on the tree: asked by the administrator, and in a cell by the kernel above. */
import type { AnswerValue } from '../protocol/notices.js';
import type { SubtreeOperation } from '../protocol/system-calls.js';
import type { Guest } from './guest.js';
import type { Lifecycle } from './lifecycle.js';
import { OWN } from './numbers.js';
import type { Asker } from './parts.js';
import type { Tree } from './tree.js';

export function supervise(
  { tree, lifecycle }: { readonly tree: Tree; readonly lifecycle: Lifecycle },
  asker: Asker,
  id: number,
  operation: SubtreeOperation,
): void {
  const answer = (value: AnswerValue): void => asker.reply(id, { ok: true, value });
  const refuse = (text: string): void => asker.reply(id, { ok: false, code: 'noproc', text });
  if (operation.op === 'tree') {
    void tree.snapshot(operation.withinMs).then((data) => answer({ data }));
    return;
  }
  const { op, path } = operation;
  const cell = tree.cell(path);
  if (cell !== undefined && !(op === 'kill' && path === cell.path)) {
    cell.guest.supervise(operation, (told) => {
      asker.reply(id, told.ok ? { ok: true, value: passOn(told.value, cell.guest, asker) } : told);
    });
    return;
  }
  if (op === 'request') {
    const asked = tree.request(path, operation.request, (data) => {
      // A hold on the life that was started, given before that can end.
      const child = tree.started(path, data);
      if (child === undefined) answer({ data });
      else if (child.guest.role === 'cell') {
        // Nobody deals with the cell itself, but with the environment that it was started for, if it is one.
        child.guest.supervise({ op: 'address', path: child.path }, (told) => {
          const handle = told.ok ? passOn(told.value, child.guest, asker) : undefined;
          answer(typeof handle === 'number' ? { data, child: { handle, name: null } } : { data });
        });
      } else answer({ data, child: { handle: asker.pass(child.identity), name: child.spec.name } });
    });
    if (!asked) refuse(`there is no supervisor at '${path}'`);
    return;
  }
  const environment = tree.environment(path);
  if (environment === undefined) {
    refuse(`there is no environment at '${path}'`);
  } else if (op === 'address') {
    answer(asker.pass(environment.identity));
  } else if (op === 'kill') {
    lifecycle.kill(environment);
    answer(undefined);
  } else {
    environment.guest.inspect(environment.slot, operation.query, (value) => answer({ data: value }));
  }
}

/** What a cell has answered, with handles of the asker's for those that it names by its own numbers. */
function passOn(value: AnswerValue, cell: Guest, asker: Asker): AnswerValue {
  if (typeof value === 'number') return asker.pass(cell.own(value - OWN));
  if (value === undefined || !('child' in value) || value.child === undefined) return value;
  return { ...value, child: { ...value.child, handle: asker.pass(cell.own(value.child.handle - OWN)) } };
}
