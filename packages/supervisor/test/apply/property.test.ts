/** Random trees and random edits, by the real strategies and kernel: against the model. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Model } from './model.js';
import { edit, edited, shape, type LeafShape, type SupervisorShape } from './shapes.js';
import { Simulated } from './simulated.js';

describe('against the model', () => {
  test('exactly those are stopped and started that have to be, in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        shape,
        fc.array(fc.array(edit, { maxLength: 4 }), { minLength: 1, maxLength: 4 }),
        fc.nat(1000),
        async (root, rounds, seed) => {
          const real = new Simulated(seed);
          await real.start(root);
          const model = new Model(root);
          expect(real.news()).toEqual(model.log.splice(0));
          for (const edits of rounds) {
            const target = edited(model.current, edits);
            const applied = model.apply(target);
            const result = await real.apply(target);
            const outcome = applied ? ['applied'] : ['apply-undone'];
            expect(real.news()).toEqual(['applying', ...model.log.splice(0), ...outcome]);
            if (applied) expect(result).toEqual({ ok: true, value: null });
            else expect(result).toMatchObject({ ok: false, error: 'start_failed', restored: true });
            expect((await real.running()).sort()).toEqual([...model.running].sort());
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

interface Place {
  readonly path: string;
  readonly leaf: LeafShape;
}

function leaves(root: SupervisorShape, path = root.id): Place[] {
  return root.children.flatMap((node) => {
    const at = `${path}/${node.id}`;
    return node.kind === 'leaf' ? [{ path: at, leaf: node }] : leaves(node, at);
  });
}

describe('with crashes in the midst of it', () => {
  test('the tree ends up as the one spec or as the other, and whoever is no part of it keeps its life', async () => {
    await fc.assert(
      fc.asyncProperty(
        shape.map((root) => ({ ...root, strategy: 'one_for_one' as const })),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        fc.array(fc.record({ after: fc.nat(12), pick: fc.nat() }), { maxLength: 4 }),
        fc.nat(1000),
        async (root, edits, crashes, seed) => {
          const target: SupervisorShape = { ...edited(root, edits), strategy: 'one_for_one' };
          const real = new Simulated(seed);
          const { simulation } = real;
          await real.start(root);
          real.news();

          const crashed: string[] = [];
          real.ask(target);
          for (const { after, pick } of crashes) {
            for (let step = 0; step < after && real.results.length === 0; step += 1) await simulation.step();
            const alive = (await real.running()).filter((path) => real.runs(path));
            const victim = alive[pick % alive.length];
            if (victim !== undefined && real.crash(victim)) crashed.push(victim);
          }
          await simulation.until(() => real.results.length > 0);
          await simulation.advance(60_000);

          expect(real.results).toHaveLength(1);
          const now = real.results[0]?.ok === true ? target : root;
          const running = await real.running();
          const permanent = leaves(now).filter(({ leaf }) => !leaf.temporary);
          expect(running).toEqual(expect.arrayContaining(permanent.map(({ path }) => path)));
          const known = new Set(leaves(now).map(({ path }) => path));
          expect(running.filter((path) => real.runs(path) && !known.has(path))).toEqual([]);
          for (const { leaf } of permanent) {
            const version = await simulation.settle(simulation.context.call(leaf.name, 'version', []));
            expect([leaf.name, version]).toEqual([leaf.name, leaf.version]);
          }

          const news = real.news();
          for (const node of root.children) {
            const path = `tree/${node.id}`;
            const next = target.children.find(({ id }) => id === node.id);
            const isSame = JSON.stringify(node) === JSON.stringify(next);
            if (!isSame || crashed.some((victim) => `${victim}/`.startsWith(`${path}/`))) continue;
            expect(news.filter((line) => `${line}/`.includes(` ${path}/`))).toEqual([]);
          }
        },
      ),
      { numRuns: 120 },
    );
  });
});
