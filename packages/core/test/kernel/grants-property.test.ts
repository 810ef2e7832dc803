/** Whatever is granted, revoked, crashes and comes back: who is granted reaches, and nobody else does. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Address } from '../../src/index.js';
import { nameIn } from '../../src/kernel/names.js';
import { Simulation } from '../../src/testing/index.js';
import puppet from '../conformance/modules/puppet.js';
import { Puppet } from '../conformance/puppets.js';
import { restarting } from '../conformance/restarting.js';

const MANY = 4;
const ids = Array.from({ length: MANY }, (_, n) => `c${String(n)}`);

const one = fc.nat(MANY - 1);
const command = fc.record({
  op: fc.constantFrom('grant', 'revoke', 'crash', 'send', 'run', 'grant', 'send'),
  who: one,
  whom: one,
});

/** Each in a thread, in a cell, or all of them in one cell. */
const place = fc.constantFrom('thread', 'cell', 'mixed', 'together');

test('grants: what is reached is what is granted, after any history', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), place, fc.array(command, { maxLength: 40 }), async (seed, at, commands) => {
      const simulation = new Simulation({ seed, logic: restarting });
      const settle = <T>(promise: Promise<T>): Promise<T> => simulation.settle(promise);
      const grid = { context: simulation.context, settle };
      const children = ids.map((id, n) => {
        const child = simulation.child(id, { behaviour: puppet, name: 'me' });
        return at === 'cell' || (at === 'mixed' && n % 2 === 0) ? simulation.inCell(child) : child;
      });
      const all = simulation.group('all', children, { siblings: 'isolate', intensity: 1000 });
      await simulation.start([at === 'together' ? simulation.inCell(all) : all], { intensity: 1000 });
      const path = (n: number): string => `tree/all/${ids[n] as string}`;
      const address = (n: number): Promise<Address> => settle(simulation.address(path(n)));
      const granted = new Set<string>();

      for (const { op, who, whom } of commands) {
        const name = nameIn(path(who), `to${String(whom)}`);
        if (op === 'grant' && who !== whom && !granted.has(name)) {
          granted.add(name);
          const target = nameIn(path(whom), 'me');
          void simulation.supervise({ op: 'grant', name, target, path: path(whom) });
        } else if (op === 'revoke') {
          granted.delete(name);
          void simulation.supervise({ op: 'revoke', name });
        } else if (op === 'crash') {
          const runs = simulation.alive.includes(path(who));
          if (runs) simulation.crash(path(who));
        } else if (op === 'send') {
          const to = simulation.alive.includes(path(who))
            ? await address(who).catch(() => undefined)
            : undefined;
          if (to !== undefined)
            void simulation.context
              .cast(to, 'perform', [[['sendMany', `to${String(whom)}`, 3]]])
              .catch(() => undefined);
        } else for (let n = 0; n < 20; n++) await simulation.step();
      }
      await simulation.quiet();

      for (let who = 0; who < MANY; who++) {
        const asking = new Puppet(grid, await address(who));
        for (let whom = 0; whom < MANY; whom++) {
          const [byName] = await asking.do(['whereis', `to${String(whom)}`]);
          const isGranted = granted.has(nameIn(path(who), `to${String(whom)}`));
          const target = await address(whom);
          expect(byName).toEqual({ value: isGranted ? target : undefined });
          const mayCall = isGranted || who === whom;
          const [called] = await asking.do(['call', target, 'state', []]);
          if (mayCall) expect(called).toEqual({ value: expect.any(Number) });
          else expect(called).toMatchObject({ code: 'noproc' });
        }
      }
      // Nothing of what went on was anybody's fault.
      expect(simulation.events.filter(({ kind }) => kind === 'violation')).toEqual([]);
    }),
    { numRuns: 60 },
  );
}, 120_000);
