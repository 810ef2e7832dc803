/**
 * Which names lead across namespaces, as the host has told its kernel: those of the spec that was applied
 * last, and what `Host.grant` and `Host.revoke` have changed since. The kernel holds to them whatever restarts.
 */
import { Address, CallError, SpecError } from '@espalier/core';
import { isWithin, nameIn, readOpaqueValue } from '@espalier/core/internal/host.js';
import type { OpaqueValue, SupervisionEvent } from '@espalier/core/internal/supervisor-logic.js';
import {
  grantTo,
  holderProblem,
  seatAt,
  seatsBelow,
  spawnedBy,
  targetProblem,
  type Fault,
  type Grant,
  type Seat,
} from '../spec/grants.js';
import { isWord, word } from '../spec/kinds.js';
import type { NormalisedNode, NormalisedTree } from '../spec/normalised.js';
import { shown } from '../spec/problems.js';
import type { KernelThread } from './kernel-thread-handle.js';
import { childPath } from './events.js';
import { assertPath } from './path.js';

/** A node that is there. */
interface Found extends Pick<Seat, 'node' | 'path' | 'space'> {
  /** Of itself, or the first above it, that nobody keeps once it has ended: a temporary one, or a template's. */
  readonly passing: string | undefined;
}

/** The endpoint of the application, as the kernel knows it: its path, and a name that no spec can take. */
const APPLICATION = { path: 'application', name: 'the application' } as const;

export class Grants {
  readonly #kernel: KernelThread;
  readonly #tree: NormalisedTree;
  /** By name, with its namespace. */
  readonly #lines = new Map<string, Grant>();
  /** Paths of those whose lines end with them. */
  readonly #passing = new Set<string>();
  #isNamed: Promise<void> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** `tree`: what was started first; its name, and how its root's children live together, never change. */
  constructor(kernel: KernelThread, tree: NormalisedTree) {
    this.#kernel = kernel;
    this.#tree = tree;
    kernel.onEvent((told) => {
      if (told.kind === 'supervision') this.#happened(childPath(told.path, told.event.id), told.event);
    });
  }

  /** With a process all that was in it ends, without a word of each. */
  #happened(path: string, event: SupervisionEvent): void {
    if (event.kind !== 'stopped' && event.kind !== 'ended' && event.kind !== 'failed') return;
    const runsAgain = event.kind !== 'stopped' && event.willRestart;
    for (const passing of this.#passing) {
      if (!isWithin(passing, path) || (passing === path && runsAgain)) continue;
      this.#passing.delete(passing);
      void this.forget(passing);
    }
  }

  get lines(): readonly Grant[] {
    return [...this.#lines.values()];
  }

  /** Those and no others. What stays is not touched. */
  replace(lines: readonly Grant[]): Promise<void> {
    return this.#inTurn(async () => {
      const wanted = new Map(lines.map((line) => [line.name, line]));
      for (const line of this.lines)
        if (!isSameLine(line, wanted.get(line.name))) await this.#revoke(line.name);
      for (const line of lines) if (!this.#lines.has(line.name)) await this.#grant(line);
    });
  }

  /** Those of the node at a path, and of all below it, end: another one may come to be there. */
  forget(path: string): Promise<void> {
    return this.#inTurn(() => this.#forget(path));
  }

  async #forget(path: string): Promise<void> {
    for (const { by, name } of this.lines) if (isWithin(by, path)) await this.#revoke(name);
  }

  /** Those in the spec of a child that is about to be started. Throws as `grant` does; then none of them is left. */
  add(supervisor: string, child: NormalisedNode): Promise<void> {
    return this.#inTurn(async () => {
      const own = `${supervisor}/${child.id}`;
      const granted = [...seatsBelow(child, own, '').values()].some(
        ({ node }) => Object.keys(node.grants).length > 0,
      );
      if (!granted && !this.lines.some(({ by }) => isWithin(by, own))) return;
      const above = await this.#present(supervisor);
      const at = below(above, child);
      const seats = seatsBelow(child, at.path, at.space);
      const { name: tree } = this.#tree;
      await this.#forget(own);
      try {
        for (const { node, path, space } of seats.values()) {
          for (const [name, { send }] of Object.entries(node.grants)) {
            const target = seatAt(send, seats) ?? (await this.#target(tree + send));
            const wrong = targetProblem(send, target, space);
            if (wrong !== undefined || target === undefined)
              throw refused(`grants.${name}.send`, send, wrong ?? NOBODY);
            await this.#grant(grantTo(target, { tree, path, space, name }), at.passing);
          }
        }
      } catch (error) {
        await this.#forget(own);
        throw error;
      }
    });
  }

  grant(path: string, name: string, to: string | Address): Promise<void> {
    return this.#inTurn(async () => {
      const by = await this.#present(path);
      if (!isWord(name))
        throw refused('name', shown(name), [`A name cannot be ${shown(name)}.`, `Give ${word.expects}.`]);
      const fault = holderProblem(by);
      if (fault !== undefined) throw refused('path', path, fault);
      await this.#grant(await this.#lineTo(to, { ...by, tree: this.#tree.name, name }), by.passing);
    });
  }

  async #lineTo(to: string | Address, by: Parameters<typeof grantTo>[1]): Promise<Grant> {
    if (!Address.isAddress(to)) {
      assertPath(to);
      const target = await this.#target(to);
      const wrong = targetProblem(to, target, by.space);
      if (wrong !== undefined || target === undefined) throw refused('to', to, wrong ?? NOBODY);
      return grantTo(target, by);
    }
    if (to !== this.#kernel.context.self) throw refused('to', String(to), NOT_OURS);
    if (by.space === '') throw refused('path', by.tree + by.path, BESIDE_US);
    await (this.#isNamed ??= this.#kernel.context.register(APPLICATION.name));
    return applicationTo(by);
  }

  revoke(path: string, name: string): Promise<void> {
    return this.#inTurn(async () => {
      assertPath(path);
      const own = (line: Grant): boolean =>
        line.by === path && isWord(name) && line.name.endsWith(nameIn('', name));
      const line = this.lines.find(own);
      if (line !== undefined) {
        await this.#revoke(line.name);
        return;
      }
      const remedy =
        'Give the path of the node whose grant it is, and the name that its spec or `grant` gave.';
      throw new CallError('noproc', `'${path}' is granted no ${shown(name)}`, {
        field: 'name',
        value: typeof name === 'string' ? name : shown(name),
        remedy,
      });
    });
  }

  /** The node at a path as in `tree()`, if its supervisors know one. */
  async find(path: string): Promise<Found | undefined> {
    assertPath(path);
    const { name, root } = this.#tree;
    const [first, ...ids] = path.split('/');
    if (first !== name) return undefined;
    let found: Found = { node: root, path: '', space: '', passing: undefined };
    for (const id of ids) {
      const above = found.node;
      const node = await this.#child(name + found.path, id);
      if (above.kind !== 'supervisor' || node === undefined) return undefined;
      found = below(found, node, id);
    }
    return found;
  }

  /** The same of whom a grant may lead to: of what an environment has spawned, too. */
  async #target(path: string): Promise<Pick<Seat, 'node' | 'path' | 'space'> | undefined> {
    const found = await this.find(path);
    const at = path.lastIndexOf('/');
    if (found !== undefined || at < 1) return found;
    const above = await this.find(path.slice(0, at));
    return above && spawnedBy(above, path.slice(at + 1));
  }

  async #present(path: string): Promise<Found> {
    const found = await this.find(path);
    if (found !== undefined) return found;
    const remedy = 'Ask `tree()` for the paths of those that are there.';
    throw new CallError('noproc', `there is no node at '${path}'`, { field: 'path', value: path, remedy });
  }

  async #child(supervisor: string, id: string): Promise<NormalisedNode | undefined> {
    try {
      const { result } = await this.#kernel.request(supervisor, { op: 'getChildSpec', id });
      return result.ok ? (readOpaqueValue(result.value as OpaqueValue) as NormalisedNode) : undefined;
    } catch (error) {
      if (error instanceof CallError && error.code === 'noproc') return undefined;
      throw error;
    }
  }

  async #grant(line: Grant, passing?: string): Promise<void> {
    const { name, target, path } = line;
    await this.#kernel.supervise({ op: 'grant', name, target, path });
    this.#lines.set(name, line);
    if (passing !== undefined) this.#passing.add(this.#tree.name + passing);
  }

  async #revoke(name: string): Promise<void> {
    await this.#kernel.supervise({ op: 'revoke', name });
    this.#lines.delete(name);
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#last.then(change);
    this.#last = done.catch(() => undefined);
    return done;
  }
}

const NOBODY: Fault = ['There is nothing there.', 'Ask `tree()` for the paths of those that are there.'];

const NOT_OURS: Fault = [
  'Of all addresses, only the application’s own can be granted.',
  'Give a path, or `host.context.self`.',
];
const BESIDE_US: Fault = [
  'It lives where the application does, and may use its address.',
  'Send it `host.context.self`.',
];

/** A child of who was found; `id`: of a template's child, its own. */
function below({ node: above, path, space, passing }: Found, node: NormalisedNode, id = node.id): Found {
  const at = `${path}/${id}`;
  if (above.kind !== 'supervisor') return { node, path: at, space, passing };
  const ends = node.restart === 'temporary' || above.strategy === 'simple_one_for_one';
  return {
    node,
    path: at,
    space: above.siblings === 'isolate' ? at : space,
    passing: passing ?? (ends ? at : undefined),
  };
}

function applicationTo(by: Parameters<typeof grantTo>[1]): Grant {
  return {
    by: by.tree + by.path,
    name: nameIn(by.tree + by.space, by.name),
    target: nameIn('', APPLICATION.name),
    path: APPLICATION.path,
  };
}

function isSameLine(one: Grant, other: Grant | undefined): boolean {
  return other !== undefined && one.by === other.by && one.target === other.target && one.path === other.path;
}

function refused(field: string, value: string, [problem, remedy]: Fault): SpecError {
  return new SpecError('spec_invalid', problem, [{ path: field, value, problem, remedy }]);
}
