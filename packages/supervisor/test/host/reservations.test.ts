/** Changes of reservations under way at the same time, over a kernel that answers in any order of time. */
import { describe, expect, test } from '@jest/globals';
import { SpecError } from '@espalier/core';
import fc from 'fast-check';
import type { Grants } from '../../src/host/grants.js';
import type { KernelThread } from '../../src/host/kernel-thread-handle.js';
import { Reservations } from '../../src/host/reservations.js';
import { withLimits } from '../../src/spec/changed-limits.js';
import { normaliseChild, type NormalisedNode, type NormalisedSupervisor } from '../../src/spec/index.js';

const SUPERVISOR = 'tree/t';
const LIMIT_MB = 400;
const base = '/srv/shop';
const leaf = (id: string, memoryMb: number): NormalisedNode =>
  normaliseChild({ id, module: './a.ts', limits: { memoryMb } }, { base, siblings: 'isolate' });

type Step =
  | { readonly what: 'start' | 'limit'; readonly id: string; readonly memoryMb: number }
  | { readonly what: 'delete'; readonly id: string }
  | { readonly what: 'limitAll'; readonly memoryMb: number };

const id = fc.constantFrom('a', 'b', 'c', 'd');
const memoryMb = fc.integer({ min: 16, max: 300 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ what: fc.constantFrom('start' as const, 'limit' as const), id, memoryMb }),
  fc.record({ what: fc.constant('delete' as const), id }),
  fc.record({ what: fc.constant('limitAll' as const), memoryMb: fc.integer({ min: 50, max: 600 }) }),
);

/** Of the tree: the children of one isolating supervisor, and what each has been held to. */
class World {
  readonly specs = new Map<string, NormalisedNode>();
  readonly held = new Map<string, number>();
  limitMb = LIMIT_MB;
  most = 0;
  refused = 0;
  readonly #supervisor = normaliseChild(
    { id: 't', siblings: 'isolate', limits: { memoryMb: LIMIT_MB }, children: [] },
    { base },
  ) as NormalisedSupervisor;
  readonly #reservations: Reservations;
  readonly #wait: () => Promise<void>;

  constructor(scheduler: fc.Scheduler) {
    this.#wait = () => scheduler.schedule(Promise.resolve());
    const kernel = {
      request: async () => {
        await this.#wait();
        return { result: { ok: true, value: [...this.specs.keys()].map((key) => ({ id: key, key })) } };
      },
    };
    const grants = {
      find: async (path: string) => {
        await this.#wait();
        const node =
          path === SUPERVISOR ? this.#supervisor : this.specs.get(path.slice(SUPERVISOR.length + 1));
        return node && { node };
      },
    };
    this.#reservations = new Reservations(kernel as unknown as KernelThread, grants as unknown as Grants);
  }

  async carryOut(given: Step): Promise<void> {
    if (given.what === 'delete') {
      await this.#wait();
      this.specs.delete(given.id);
      this.held.delete(given.id);
      return;
    }
    await this.#reservations
      .inTurn(async () => {
        if (given.what === 'start') await this.#start(given.id, given.memoryMb);
        else await this.#limit(given.what === 'limit' ? given.id : undefined, given.memoryMb);
      })
      .catch((error: unknown) => {
        if (!(error instanceof SpecError)) throw error;
        this.refused += 1;
      });
    const sum = [...this.held.values()].reduce((all, one) => all + one, 0);
    this.most = Math.max(this.most, sum - this.limitMb);
  }

  async #start(key: string, mb: number): Promise<void> {
    if (this.specs.has(key)) return;
    const node = leaf(key, mb);
    await this.#reservations.check({ path: `${SUPERVISOR}/${key}`, node });
    await this.#wait();
    this.specs.set(key, node);
    this.held.set(key, mb);
  }

  async #limit(key: string | undefined, mb: number): Promise<void> {
    const specified = key === undefined ? this.#supervisor : this.specs.get(key);
    if (specified === undefined) return;
    const path = key === undefined ? SUPERVISOR : `${SUPERVISOR}/${key}`;
    const limits = key === undefined ? { memoryMb: mb } : { memoryMb: mb, heapMb: 16 };
    const node = withLimits(this.#reservations.present(path, specified), limits);
    await this.#reservations.check({ path, node });
    await this.#wait();
    if (key !== undefined && this.specs.get(key) !== specified) return;
    this.#reservations.changed(path, specified, node);
    if (key === undefined) this.limitMb = mb;
    else this.held.set(key, mb);
  }
}

describe('reservations', () => {
  test('whatever is changed at the same time, the parts are together at most what is there', async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(step, { minLength: 4, maxLength: 16 }), async (s, steps) => {
        const world = new World(s);
        const all = Promise.all(steps.map((given) => world.carryOut(given)));
        await s.waitFor(all);
        expect(world.most).toBeLessThanOrEqual(0);
        refused += world.refused;
      }),
      { numRuns: 200 },
    );
    // Or nothing was tried.
    expect(refused).toBeGreaterThan(100);
  });
});
