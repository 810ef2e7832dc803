/** What administrators ask of what runs in cells, answered as of anything else. */
import { describe, expect, test } from '@jest/globals';
import { environment } from '@espalier/core';
import { Simulation } from '@espalier/core/testing';
import { supervisorLogic } from '../../../packages/supervisor/src/strategies/index.js';

const idle = environment(async (context) => {
  for (;;) await context.receive();
});

describe.each([1, 2, 3])('operations on cells, seed %i', (seed) => {
  const start = async () => {
    const simulation = new Simulation({ seed, logic: supervisorLogic });
    const leaf = (id: string) => simulation.child(id, { behaviour: idle });
    const inner = simulation.inCell(simulation.group('d', [leaf('x')]));
    expect(await simulation.start([simulation.inCell(simulation.group('c', [inner]))])).toBeUndefined();
    return { simulation, leaf };
  };
  const ask = (simulation: Simulation, operation: Parameters<Simulation['supervise']>[0]) =>
    simulation.settle(simulation.supervise(operation));

  test('address: of an environment in a cell in a cell is a handle of the application’s, twice the same', async () => {
    const { simulation } = await start();
    const first = await ask(simulation, { op: 'address', path: 'tree/c/d/x' });
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(100);
    expect(await ask(simulation, { op: 'address', path: 'tree/c/d/x' })).toBe(first);
    await expect(ask(simulation, { op: 'address', path: 'tree/c' })).rejects.toMatchObject({
      code: 'noproc',
    });
    await expect(ask(simulation, { op: 'address', path: 'tree/c/nobody' })).rejects.toMatchObject({
      code: 'noproc',
    });
  });

  test('tree: shows what is inside of cells', async () => {
    const { simulation } = await start();
    expect(await ask(simulation, { op: 'tree' })).toMatchObject({
      data: {
        path: 'tree',
        children: [{ path: 'tree/c', children: [{ path: 'tree/c/d', children: [{ path: 'tree/c/d/x' }] }] }],
      },
    });
  });

  test('startChild: gives a hold on the life that was started, in a cell, or in one of its own', async () => {
    const { simulation, leaf } = await start();
    for (const [n, path] of ['tree', 'tree/c/d'].entries()) {
      for (const child of [leaf(`y${n}`), simulation.inCell(leaf(`z${n}`))]) {
        const answer = await ask(simulation, { op: 'request', path, request: { op: 'startChild', child } });
        expect(answer).toMatchObject({ data: { ok: true } });
        const { handle } = (answer as { child: { handle: number } }).child;
        expect(handle).toBeGreaterThan(0);
        expect(handle).toBeLessThan(100);
      }
    }
  });

  test('inspect: is answered by the runtime in the cell', async () => {
    const { simulation } = await start();
    const answer = await ask(simulation, { op: 'inspect', path: 'tree/c/d/x', query: 'statistics' });
    expect((answer as { data: unknown }).data).toBeInstanceOf(Uint8Array);
  });
});
