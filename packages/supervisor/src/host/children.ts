/**
 * OTP's operations on the children of a supervisor, as the application asks for them: what it gives is
 * checked, encoded and built on its own side; the supervisor's strategy, in the kernel, decides.
 */
import { CallError, SupervisionError, type Context } from '@espalier/core';
import { opaqueValue, readOpaqueValue } from '@espalier/core/internal/host.js';
import type {
  ChildCounts,
  ChildHandle,
  ChildInfo as ChildAnswer,
  ChildState,
  OpaqueValue,
  Restart,
  SupervisorOperation,
  SupervisorValue,
} from '@espalier/core/internal/supervisor-logic.js';
import { isPlainObject } from '../spec/field.js';
import { normaliseChild } from '../spec/normalise.js';
import type { NormalisedNode } from '../spec/normalised.js';
import { isIsolating } from '../spec/reservations.js';
import type { ChildSpecInput } from '../spec/tree-spec.js';
import type { CellWalls } from './cell-walls.js';
import type { Grants } from './grants.js';
import type { HostParts } from './host.js';
import type { ImageSource } from './image-source.js';
import type { KernelThread, ReachableChild } from './kernel-thread-handle.js';
import { assertPath } from './path.js';
import { prepareChild } from './prepare-tree.js';
import type { Reservations } from './reservations.js';
import { Started } from './started-child.js';
import { refusalOf, type Asked } from './supervision-error.js';

/** For one more child of a template. OTP: the extra arguments of `start_child`. */
export interface ExtraArguments {
  /**
   * Any value of docs/values.md but addresses. `init` gets it as its arguments; where the template has
   * `args` of its own, `init` gets the list of both.
   */
  readonly args?: unknown;
}

/** A child as `Host.whichChildren` lists it. */
export interface ChildInfo {
  readonly path: string;
  /** As specified; null for a child of a template, which has none. */
  readonly id: string | null;
  readonly kind: NormalisedNode['kind'];
  readonly restart: Restart;
  readonly state: ChildState;
  /** Counts its starts; 0 for a child that was never started. */
  readonly incarnation: number;
}

const NO_PATH = { field: 'path', value: '', remedy: 'Ask `tree()` for the paths of those that are there.' };

interface Done {
  readonly value: SupervisorValue;
  readonly child: ReachableChild | undefined;
}

export class Children {
  readonly #kernel: KernelThread;
  readonly #context: Context;
  readonly #images: ImageSource;
  readonly #walls: CellWalls;
  readonly #grants: Grants;
  readonly #reservations: Reservations;
  readonly #base: string;
  /** Resolves when the last change that was called for has been asked of the kernel. */
  #lastAsked: Promise<unknown> = Promise.resolve();

  /** `base`: the folder of the host's spec, as a `file:` URL. */
  constructor(
    {
      kernel,
      images,
      walls,
      grants,
      base,
    }: Pick<HostParts, 'kernel' | 'images' | 'walls' | 'grants' | 'base'>,
    reservations: Reservations,
  ) {
    this.#reservations = reservations;
    this.#kernel = kernel;
    this.#context = kernel.context;
    this.#images = images;
    this.#walls = walls;
    this.#grants = grants;
    this.#base = base;
  }

  async start<M>(
    supervisor: string,
    child: ChildSpecInput | ExtraArguments = {},
  ): Promise<Started<M> | undefined> {
    if (isExtra(child)) {
      const extra = child.args === undefined ? undefined : opaqueValue(child.args, 'args');
      return this.#start({ supervisor, given: child }, { op: 'startChild', extra });
    }
    // Read at once, for its owner may change it afterwards; which of the two it is depends on its supervisor.
    const grouped = normaliseChild(child, { base: this.#base });
    const isolated = normaliseChild(child, { base: this.#base, siblings: 'isolate' });
    const path = `${supervisor}/${grouped.id}`;
    const turn = this.#reservations.enter();
    let isNew = false;
    const prepare = async (): Promise<SupervisorOperation> => {
      const isolates = isIsolating((await this.#grants.find(supervisor))?.node);
      if (!isolates) turn.leave();
      const node = isolates ? isolated : grouped;
      await this.#walls.check(node);
      const spec = await this.#images.use((builder) => prepareChild(node, builder));
      if (isolates) {
        await turn.ready;
        await this.#reservations.check({ path, node });
      }
      isNew = (await this.#grants.find(path)) === undefined;
      // Before it starts, for it may need them at once; who is there already keeps his own.
      if (isNew) await this.#grants.add(supervisor, node);
      return { op: 'startChild', child: spec };
    };
    try {
      return await this.#start({ supervisor, id: grouped.id, given: child }, prepare());
    } catch (error) {
      // Unless another one was started there meanwhile: then they are that one's.
      if (isNew && (await this.#grants.find(path)) === undefined) await this.#grants.forget(path);
      throw error;
    } finally {
      turn.leave();
    }
  }

  async restart<M>(path: string): Promise<Started<M> | undefined> {
    const asked = split(path);
    return this.#start(asked, { op: 'restartChild', id: asked.id });
  }

  async terminate(path: string): Promise<void> {
    const asked = split(path);
    await this.#change(asked, { op: 'terminateChild', id: asked.id });
  }

  async delete(path: string): Promise<void> {
    const asked = split(path);
    await this.#change(asked, { op: 'deleteChild', id: asked.id });
    await this.#grants.forget(path);
  }

  async which(supervisor: string): Promise<readonly ChildInfo[]> {
    const { value } = await this.#ask({ supervisor }, { op: 'whichChildren' });
    return (value as readonly ChildAnswer[]).map(({ key, ...info }) => {
      return { path: `${supervisor}/${key}`, ...info };
    });
  }

  async count(supervisor: string): Promise<ChildCounts> {
    return (await this.#ask({ supervisor }, { op: 'countChildren' })).value as ChildCounts;
  }

  async spec(path: string): Promise<NormalisedNode> {
    const asked = split(path);
    const { value } = await this.#ask(asked, { op: 'getChildSpec', id: asked.id });
    return readOpaqueValue(value as OpaqueValue) as NormalisedNode;
  }

  async #start<M>(
    asked: Asked,
    operation: SupervisorOperation | Promise<SupervisorOperation>,
  ): Promise<Started<M> | undefined> {
    const { value, child: reachable } = await this.#change(asked, operation);
    const { child } = value as ChildHandle;
    return child === null ? undefined : new Started<M>(asked.supervisor, child, reachable, this.#context);
  }

  /** Changes are asked for in the order in which they were called for, however long each takes to prepare. */
  async #change(asked: Asked, operation: SupervisorOperation | Promise<SupervisorOperation>): Promise<Done> {
    const turn = Promise.allSettled([this.#lastAsked, operation]);
    const sent = turn.then(async () => ({ answer: this.#ask(asked, await operation) }));
    this.#lastAsked = sent.catch(() => undefined);
    return (await sent).answer;
  }

  async #ask(asked: Asked, operation: SupervisorOperation): Promise<Done> {
    // The supervisor of the cell that a tree runs in is the kernel's own.
    if (asked.supervisor === '') throw new CallError('noproc', "there is no supervisor at ''", NO_PATH);
    const { result, child } = await this.#kernel.request(asked.supervisor, operation);
    if (!result.ok) throw refusalOf(asked, operation.op, result);
    return { value: result.value, child };
  }
}

function isExtra(child: ChildSpecInput | ExtraArguments): child is ExtraArguments {
  return isPlainObject(child) && Object.keys(child).every((key) => key === 'args');
}

/** A path names the child; its supervisor is what stands before. */
function split(path: string): { readonly supervisor: string; readonly id: string } {
  assertPath(path);
  const at = path.lastIndexOf('/');
  if (at > 0) return { supervisor: path.slice(0, at), id: path.slice(at + 1) };
  const facts = {
    field: 'path',
    value: path,
    remedy: 'Give the path of a child: <path of its supervisor>/<id>.',
  };
  throw new SupervisionError('not_found', `'${path}' is no path of a child`, facts);
}
