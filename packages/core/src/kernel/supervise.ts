/** Operations on the tree: asked by the administrator, and in a cell by the kernel above. */
import type { AnswerValue } from '../protocol/notices.js';
import type { SuperviseOperation } from '../protocol/system-calls.js';
import type { Guest } from './guest.js';
import type { Lifecycle } from './lifecycle.js';
import { OWN } from './numbers.js';
import type { Asker } from './parts.js';
import type { Tree } from './tree.js';

export function supervise(
  { tree, lifecycle }: { readonly tree: Tree; readonly lifecycle: Lifecycle },
  asker: Asker,
  id: number,
  operation: Exclude<SuperviseOperation, { readonly op: 'stop' }>,
): void {
  if (operation.op === 'tree') {
    void tree.snapshot(operation.withinMs).then((data) => asker.answer(id, { data }));
    return;
  }
  const { op, path } = operation;
  const cell = tree.cell(path);
  if (cell !== undefined && !(op === 'kill' && path === cell.path)) {
    cell.guest.supervise(operation, (answer) => {
      if (answer.ok) asker.answer(id, passOn(answer.value, cell.guest, asker));
      else asker.refuse(id, answer.code, answer.text, answer.reason);
    });
    return;
  }
  if (op === 'request') {
    const asked = tree.request(path, operation.request, (data) => {
      // A hold on the life that was started, given before that can end.
      const child = tree.started(path, data);
      if (child === undefined) asker.answer(id, { data });
      else if (child.guest.role === 'cell') {
        // Nobody deals with the cell itself, but with the environment that it was started for, if it is one.
        child.guest.supervise({ op: 'address', path: child.path }, (answer) => {
          const handle = answer.ok ? passOn(answer.value, child.guest, asker) : undefined;
          asker.answer(id, typeof handle === 'number' ? { data, child: { handle, name: null } } : { data });
        });
      } else asker.answer(id, { data, child: { handle: asker.pass(child.identity), name: child.spec.name } });
    });
    if (!asked) asker.refuse(id, 'noproc', `there is no supervisor at '${path}'`);
    return;
  }
  const environment = tree.environment(path);
  if (environment === undefined) {
    asker.refuse(id, 'noproc', `there is no environment at '${path}'`);
  } else if (op === 'address') {
    asker.answer(id, asker.pass(environment.identity));
  } else if (op === 'kill') {
    lifecycle.kill(environment);
    asker.answer(id, undefined);
  } else {
    environment.guest.inspect(environment.slot, operation.query, (value) =>
      asker.answer(id, { data: value }),
    );
  }
}

/** What a cell has answered, with handles of the asker's for those that it names by its own numbers. */
function passOn(value: AnswerValue, cell: Guest, asker: Asker): AnswerValue {
  if (typeof value === 'number') return asker.pass(cell.own(value - OWN));
  if (value === undefined || !('child' in value) || value.child === undefined) return value;
  return { ...value, child: { ...value.child, handle: asker.pass(cell.own(value.child.handle - OWN)) } };
}
