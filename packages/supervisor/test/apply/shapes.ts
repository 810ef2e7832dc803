/** Random trees, and random edits that lead from one to the next. */
import type { Strategy } from '@espalier/core/internal/supervisor-logic.js';
import fc from 'fast-check';

export interface LeafShape {
  readonly kind: 'leaf';
  /** In the whole tree there is one of each. */
  readonly id: string;
  readonly name: string;
  /** What needs a restart to be changed. `bad` never starts. */
  readonly version: string;
  /** What does not. */
  readonly shutdown: number;
  readonly temporary: boolean;
}

export interface SupervisorShape {
  readonly kind: 'supervisor';
  readonly id: string;
  readonly strategy: Exclude<Strategy, 'simple_one_for_one'>;
  readonly children: readonly NodeShape[];
}

export type NodeShape = LeafShape | SupervisorShape;

const STRATEGIES = ['one_for_one', 'one_for_all', 'rest_for_one'] as const;

const leaf = fc.record({
  version: fc.constantFrom('1', '2'),
  shutdown: fc.constantFrom(50, 60),
  temporary: fc.boolean(),
});

export type Edit =
  | { readonly do: 'version'; readonly pick: number; readonly version: string }
  | {
      readonly do: 'inPlace' | 'remove' | 'move' | 'turn' | 'rename' | 'replace';
      readonly pick: number;
      readonly to: number;
    }
  | {
      readonly do: 'add';
      readonly pick: number;
      readonly to: number;
      readonly node: Omit<LeafShape, 'kind' | 'id' | 'name'>;
    }
  | { readonly do: 'strategy'; readonly pick: number; readonly strategy: SupervisorShape['strategy'] };

const at = fc.nat(30);
export const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('version' as const),
      pick: at,
      version: fc.constantFrom('1', '2', '3', 'bad'),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'inPlace' as const,
        'remove' as const,
        'move' as const,
        'turn' as const,
        'rename' as const,
        'replace' as const,
      ),
      pick: at,
      to: at,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('add' as const), pick: at, to: at, node: leaf }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('strategy' as const),
      pick: at,
      strategy: fc.constantFrom(...STRATEGIES),
    }),
  },
);

interface Drawn {
  readonly strategy: SupervisorShape['strategy'];
  readonly nodes: readonly (Omit<LeafShape, 'kind' | 'id' | 'name'> | Drawn)[];
}

function drawn(depth: number): fc.Arbitrary<Drawn> {
  const node =
    depth === 0 ? leaf : fc.oneof({ weight: 3, arbitrary: leaf }, { weight: 1, arbitrary: drawn(depth - 1) });
  return fc.record({
    strategy: fc.constantFrom(...STRATEGIES),
    nodes: fc.array(node, { minLength: 1, maxLength: 5, size: 'max' }),
  });
}

/** Up to three levels; ids count through the tree. */
export const shape: fc.Arbitrary<SupervisorShape> = drawn(2).map((root) => {
  let count = 0;
  const number = ({ strategy, nodes }: Drawn, id: string): SupervisorShape => {
    const children = nodes.map((node): NodeShape => {
      const own = `n${(count += 1)}`;
      return 'nodes' in node ? number(node, own) : { kind: 'leaf', id: own, name: own, ...node };
    });
    return { kind: 'supervisor', id, strategy, children };
  };
  return number(root, 'tree');
});

export function edited(root: SupervisorShape, edits: readonly Edit[]): SupervisorShape {
  return edits.reduce(change, root);
}

function change(root: SupervisorShape, edit: Edit): SupervisorShape {
  const all = below(root);
  const supervisors = [root, ...all.filter((node) => node.kind === 'supervisor')];
  const leaves = all.filter((node) => node.kind === 'leaf');
  const leaf = leaves[edit.pick % leaves.length];
  const node = all[edit.pick % all.length];
  switch (edit.do) {
    case 'add': {
      const into = supervisors[edit.pick % supervisors.length] ?? root;
      const id = free(root);
      return inserted(root, into.id, edit.to, { kind: 'leaf', id, name: id, ...edit.node });
    }
    case 'strategy': {
      const { id } = supervisors[edit.pick % supervisors.length] ?? root;
      return mapped(root, (each) =>
        each.id === id && each.kind === 'supervisor' ? { ...each, strategy: edit.strategy } : each,
      );
    }
    case 'version':
      return mapped(root, (each) => (each === leaf ? { ...each, version: edit.version } : each));
    case 'inPlace':
      return mapped(root, (each) => (each === leaf ? { ...each, shutdown: 40 + edit.to } : each));
    case 'rename': {
      // Two leaves change names, so each takes one that is still held by the other.
      const other = leaves[edit.to % leaves.length];
      if (leaf === undefined || other === undefined) return root;
      return mapped(root, (each) => {
        if (each === leaf) return { ...leaf, name: other.name };
        return each === other ? { ...other, name: leaf.name } : each;
      });
    }
    case 'replace':
      // The same id, of another kind.
      return mapped(root, (each) =>
        each === leaf ? { kind: 'supervisor', id: each.id, strategy: 'one_for_one', children: [] } : each,
      );
    case 'turn':
      return mapped(root, (each) =>
        each.kind === 'supervisor' && each.id === (supervisors[edit.pick % supervisors.length] ?? root).id
          ? { ...each, children: [...each.children.slice(1), ...each.children.slice(0, 1)] }
          : each,
      );
    case 'remove':
      return node === undefined ? root : without(root, node.id);
    case 'move': {
      if (node === undefined) return root;
      const rest = without(root, node.id);
      const places = [rest, ...below(rest).filter((each) => each.kind === 'supervisor')];
      return inserted(rest, (places[edit.to % places.length] ?? rest).id, edit.to, node);
    }
  }
}

export function below(node: NodeShape): NodeShape[] {
  return node.kind === 'leaf' ? [] : node.children.flatMap((child) => [child, ...below(child)]);
}

function free(root: SupervisorShape): string {
  const taken = new Set(
    below(root).flatMap((node) => (node.kind === 'leaf' ? [node.id, node.name] : [node.id])),
  );
  for (let n = 1; ; n += 1) if (!taken.has(`n${n}`)) return `n${n}`;
}

function mapped(node: SupervisorShape, map: (node: NodeShape) => NodeShape): SupervisorShape {
  const inner = (each: NodeShape): NodeShape => {
    const made = map(each);
    return made.kind === 'supervisor' ? { ...made, children: made.children.map(inner) } : made;
  };
  return inner(node) as SupervisorShape;
}

function without(root: SupervisorShape, id: string): SupervisorShape {
  return mapped(root, (each) =>
    each.kind === 'supervisor'
      ? { ...each, children: each.children.filter((child) => child.id !== id) }
      : each,
  );
}

function inserted(root: SupervisorShape, into: string, where: number, node: NodeShape): SupervisorShape {
  return mapped(root, (each) => {
    if (each.kind === 'leaf' || each.id !== into) return each;
    const place = where % (each.children.length + 1);
    return { ...each, children: [...each.children.slice(0, place), node, ...each.children.slice(place)] };
  });
}
