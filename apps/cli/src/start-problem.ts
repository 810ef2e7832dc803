/**
 * Which node of the tree is meant by an error that kept it from starting: what the daemon answers says what
 * happened; where in the spec that node stands, and what its module did, are known here.
 */
import { ERROR_CODES, EnvironmentError, type ErrorCode, type ExitReason } from '@espalier/core';
import type { NormalisedTree, SpecFile } from '@espalier/supervisor';
import type { EventEntry } from '@espalier/supervisor/client';
import type { ReportedProblem } from './error-text.js';
import { reasonOf } from './reason-text.js';

type Node = NormalisedTree['root']['children'][number];

interface Placed {
  readonly node: Node;
  readonly path: string;
  readonly segments: readonly (string | number)[];
}

export class StartProblems {
  readonly #file: string;
  readonly #locate: SpecFile['locate'];
  readonly #nodes: readonly Placed[];
  #failed: { readonly path: string; readonly reason: ExitReason } | undefined;

  constructor(file: string, tree: NormalisedTree, locate: SpecFile['locate']) {
    this.#file = file;
    this.#locate = locate;
    this.#nodes = [...placed(tree.root.children, tree.name, [])];
  }

  /** The first failure counts; that of the supervisors above follows from it. */
  see(entry: EventEntry): void {
    if (entry.event !== 'failed' || entry['phase'] !== 'start') return;
    this.#failed ??= { path: entry.path, reason: reasonOf(entry) };
  }

  /** What is known about the node; undefined if the error is about none. */
  of(error: unknown): ReportedProblem | undefined {
    if (!(error instanceof EnvironmentError)) return undefined;
    if (error.code === 'start_failed') return this.#startFailed();
    const found = this.#nodes.find(({ node }) => {
      const specifier = specifierOf(node);
      return specifier !== undefined && (specifier === error.value || isAt(error.path, specifier));
    });
    if (found === undefined) return undefined;
    return { where: this.#where(found), path: found.path, value: error.value, remedy: error.remedy };
  }

  #startFailed(): ReportedProblem | undefined {
    if (this.#failed === undefined) return undefined;
    const { path, reason } = this.#failed;
    const found = this.#nodes.find((candidate) => candidate.path === path);
    const value = found === undefined ? undefined : specifierOf(found.node);
    const where = found === undefined ? undefined : this.#where(found);
    return { where, path, value, reason, remedy: remedyOf(reason) };
  }

  #where({ segments }: Placed): string {
    const place = this.#locate([...segments, 'module']);
    return place === undefined ? this.#file : `${this.#file}:${place.line}:${place.column}`;
  }
}

function* placed(
  children: readonly Node[],
  above: string,
  segments: readonly (string | number)[],
): Generator<Placed> {
  for (const [index, node] of children.entries()) {
    const here = [...segments, 'children', index];
    const path = `${above}/${node.id}`;
    yield { node, path, segments: here };
    if (node.kind === 'supervisor') yield* placed(node.children, path, here);
  }
}

function specifierOf(node: Node): string | undefined {
  if (node.kind === 'environment') return node.module.specifier;
  return node.kind === 'pool' ? node.pool.module.specifier : undefined;
}

/** `path` is a file, perhaps with line and column. */
function isAt(path: string | undefined, specifier: string): boolean {
  if (path === undefined || !specifier.startsWith('file:')) return false;
  const file = decodeURIComponent(new URL(specifier).pathname);
  return path === file || path.startsWith(`${file}:`);
}

/** What the module did was perhaps an error of ours, with a remedy of its own. */
function remedyOf({ detail }: ExitReason): string {
  const { code } = (detail ?? {}) as { readonly code?: unknown };
  const known = typeof code === 'string' && Object.hasOwn(ERROR_CODES, code);
  return known
    ? ERROR_CODES[code as ErrorCode].remedy
    : 'Mend what the reason says in the module or its init.';
}
