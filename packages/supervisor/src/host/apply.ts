/**
 * Re-apply, as the application asks for it: the new spec is read, its images are built, the difference
 * is computed; only then the kernel is asked to make the tree so. One after the other, each compared with
 * what the one before it left.
 */
import { SpecError, SupervisionError, type ErrorFacts, type ExitReason } from '@espalier/core';
import { decodeReason } from '@espalier/core/internal/host.js';
import type { SupervisorResult, SupervisorSpec } from '@espalier/core/internal/supervisor-logic.js';
import { differenceBetween, type Difference, type VersionedTree } from '../apply/difference.js';
import { versionsOf } from '../apply/version.js';
import {
  checkWithoutDaemon,
  loadSpec,
  normaliseSpec,
  type NormalisedTree,
  type TreeSpec,
} from '../spec/index.js';
import { grantsOf } from '../spec/grants.js';
import { childPath } from './events.js';
import type { HostParts } from './host.js';
import { prepareSupervisor } from './prepare-tree.js';
import type { Reservations } from './reservations.js';
import { refusalOf } from './supervision-error.js';

export interface ApplyOptions {
  /** Only tells the difference. False by default. */
  readonly check?: boolean;
  /** Folder that relative modules of a spec object are taken from; that of the host's first spec by default. */
  readonly base?: string | URL;
}

export interface ApplyResult {
  readonly difference: Difference;
  /** `unchanged`: there is no difference, so nothing was done. */
  readonly outcome: 'applied' | 'unchanged' | 'checked';
}

/** A new spec was not applied. */
export class ApplyError extends SupervisionError {
  /** What was to be changed. */
  readonly difference: Difference;

  constructor(
    code: 'apply_undone' | 'apply_broken',
    message: string,
    difference: Difference,
    facts: ErrorFacts,
  ) {
    super(code, message, facts);
    this.difference = difference;
  }
}

/** What a host remembers of the spec that its tree runs by: no code, no start data. */
export function versioned(tree: NormalisedTree, spec: SupervisorSpec): VersionedTree {
  return { tree, versions: versionsOf(tree.name, spec) };
}

export class Applier {
  readonly #parts: HostParts;
  readonly #reservations: Reservations;
  #applied: VersionedTree;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: HostParts, reservations: Reservations) {
    this.#parts = parts;
    this.#reservations = reservations;
    this.#applied = parts.applied;
  }

  async apply(spec: TreeSpec | string, options: ApplyOptions): Promise<ApplyResult> {
    // An object is read when it is given: its owner may change it afterwards.
    const { check = false, base = this.#parts.base } = options;
    const given = typeof spec === 'string' ? spec : normaliseSpec(spec, { base });
    const result = this.#last.then(() => this.#apply(given, check));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #apply(given: NormalisedTree | string, check: boolean): Promise<ApplyResult> {
    const { images, walls } = this.#parts;
    const { name, root } = this.#applied.tree;
    const [tree, spec] = await images.use(async (builder) => {
      const read = typeof given === 'string' ? await loadSpec(given) : given;
      checkWithoutDaemon(read);
      if (read.name !== name) throw otherTree('name', read.name, name);
      const { siblings } = read.root;
      if (siblings !== root.siblings) throw otherTree('siblings', siblings, root.siblings);
      await walls.check(read.root);
      return [read, await prepareSupervisor(read.root, builder)] as const;
    });
    const next = versioned(tree, spec);
    return this.#reservations.inTurn(() => this.#become(next, spec, check));
  }

  async #become(next: VersionedTree, spec: SupervisorSpec, check: boolean): Promise<ApplyResult> {
    const { kernel, place, grants } = this.#parts;
    const { tree } = next;
    const difference = differenceBetween(this.#applied, next);
    await this.#reservations.checkTree(tree, this.#applied.tree);
    if (check) return { difference, outcome: 'checked' };
    if (difference.changes.length === 0) return { difference, outcome: 'unchanged' };
    // Before anybody starts who may need them.
    const before = grants.lines;
    await grants.replace(grantsOf(tree));
    const operation = { op: 'apply', spec: place.spec(tree, spec), stepwise: false } as const;
    const { result } = await kernel.request(place.path, operation);
    if (!result.ok) {
      await grants.replace(before);
      throw errorOf(place.path, result, difference);
    }
    this.#applied = next;
    return { difference, outcome: 'applied' };
  }
}

/** What is fixed for the life of a tree. */
function otherTree(field: 'name' | 'siblings', given: string, running: string): SpecError {
  const problem = {
    path: field,
    value: given,
    problem:
      field === 'name' ? `The tree that runs is called '${running}'.` : `The tree runs with '${running}'.`,
    remedy: `Write \`${field}: ${running}\`, or start a host of its own for the other tree.`,
  };
  return new SpecError('spec_invalid', `the spec is that of another tree: '${given}'`, [problem]);
}

type Refusal = Extract<SupervisorResult, { readonly ok: false }>;

function errorOf(root: string, refusal: Refusal, difference: Difference): Error {
  if (refusal.error !== 'start_failed') return refusalOf({ supervisor: root }, 'apply', refusal);
  const { path, reason } = culprit(root, refusal.reason && decodeReason(refusal.reason));
  const code = refusal.restored === true ? 'apply_undone' : 'apply_broken';
  const now =
    refusal.restored === true ? 'what ran before runs again' : 'not all that ran before runs again yet';
  const facts = { reason, path, cause: reason?.detail };
  return new ApplyError(code, `'${path}' could not be started; ${now}`, difference, facts);
}

/** Who did not start, out of the reasons of the supervisors above it. */
export function culprit(
  path: string,
  reason: ExitReason | undefined,
): { path: string; reason: ExitReason | undefined } {
  const { failedToStart, reason: inner } = (reason?.detail ?? {}) as {
    failedToStart?: string;
    reason?: ExitReason;
  };
  if (typeof failedToStart !== 'string') return { path, reason };
  return culprit(childPath(path, failedToStart), inner);
}
