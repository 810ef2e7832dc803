/**
 * What holds of every program, under every order of events and every crash. A failing program is
 * printed with its seed, smallest first; put it into `fc.assert(..., { seed, path })` to replay it.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { World, type Command, type Life, type Place, type Program } from './programs.js';

const weighted: readonly (readonly [Command['op'], number])[] = [
  ['send', 8],
  ['burst', 4],
  ['large', 3],
  ['call', 4],
  ['abort', 1],
  ['monitor', 4],
  ['demonitor', 1],
  ['link', 1],
  ['trap', 1],
  ['kill', 1],
  ['exit', 1],
  ['crash', 1],
  ['crashCell', 1],
  ['pause', 2],
  ['resume', 2],
  ['pass', 3],
  ['run', 10],
  ['wait', 2],
];

const command = fc.record({
  op: fc.oneof(...weighted.map(([op, weight]) => ({ arbitrary: fc.constant(op), weight }))),
  who: fc.nat(4),
  whom: fc.nat(4),
  n: fc.integer({ min: 1, max: 20 }),
});

const fields = {
  seed: fc.nat(0xffff),
  environments: fc.integer({ min: 2, max: 4 }),
  commands: fc.array(command, { minLength: 20, maxLength: 90 }),
};
const inThreads: fc.Arbitrary<Program> = fc.record(fields);
const place = fc.constantFrom<Place>('thread', 'own', 'shared', 'shared', 'deep', 'deep');
const inCells: fc.Arbitrary<Program> = fc.record({
  ...fields,
  places: fc.array(place, { minLength: 4, maxLength: 4 }),
});

async function run(given: Program): Promise<World> {
  const world = new World(given);
  await world.start();
  for (const one of given.commands) await world.perform(one);
  await world.finish();
  return world;
}

const RUNS = { numRuns: 60 };

/** Every message that any life of an environment took, in the order of its lives. */
const takenBy = (world: World, id: string) =>
  world.lives
    .filter((life) => life.id === id)
    .flatMap((life) => life.log.flatMap((entry) => (entry.type === 'message' ? [entry.stamp] : [])));

/** The only life that an environment had. */
const onlyLife = (world: World, id: string): Life | undefined => {
  const lives = world.lives.filter((life) => life.id === id);
  return lives.length === 1 && lives[0]?.ended === false ? lives[0] : undefined;
};

describe.each([
  ['in threads', inThreads],
  ['in threads and cells', inCells],
])('programs %s', (_, program) => {
  const always = (check: (world: World) => void): Promise<void> =>
    fc.assert(
      fc.asyncProperty(program, async (given) => {
        check(await run(given));
      }),
      RUNS,
    );

  test('order: of one life of a sender, every receiver takes messages in the order sent, each once, over restarts too', async () => {
    await always((world) => {
      for (const id of world.names) {
        const last = new Map<string, number>();
        for (const { life, seq } of takenBy(world, id)) {
          expect(seq).toBeGreaterThan(last.get(life) ?? 0);
          last.set(life, seq);
        }
      }
    });
  });

  test('calls: each ends exactly once', async () => {
    await always((world) => {
      for (const life of world.lives) {
        for (const { endings } of life.calls) {
          if (life.ended) expect(endings).toBeLessThanOrEqual(1);
          else expect(endings).toBe(1);
        }
      }
    });
  });

  test('monitors: each fires at most once, and not while its target lives; when all others have ended, each has fired', async () => {
    await fc.assert(
      fc.asyncProperty(program, async (given) => {
        const world = await run(given);
        for (const life of world.lives) {
          if (life.ended) continue;
          for (const watch of life.watches) {
            const downs = life.downs(watch);
            expect(downs.length).toBeLessThanOrEqual(1);
            // `noproc`: the name was not held when the call arrived; its next life was starting.
            if (watch.targetLife?.ended === false && !watch.maybeEarlier)
              expect(downs.filter(({ noproc }) => !noproc)).toEqual([]);
          }
        }
        const watcher = world.lives.find((life) => !life.ended);
        if (watcher === undefined) return;
        watcher.context.trapExits(true);
        for (const id of world.names) if (id !== watcher.id) watcher.context.kill(id);
        await world.finish();
        for (const watch of watcher.watches) {
          if (!watch.demonitored && watch.to !== watcher.id) expect(watcher.downs(watch)).toHaveLength(1);
        }
      }),
      RUNS,
    );
  });

  test('monitors: after a `down` nothing comes from the one that has ended', async () => {
    await always((world) => {
      for (const life of world.lives) {
        life.log.forEach((entry, at) => {
          if (entry.type !== 'down' || entry.noproc) return;
          const watch = life.watches.find(({ monitor }) => monitor === entry.monitor);
          // The life that was running when it was asked for, unless that had ended before: then a later one.
          if (watch?.targetLife?.ended !== true || watch.maybeEarlier) return;
          const { key } = watch.targetLife;
          const later = life.log.slice(at).filter((one) => one.type === 'message' && one.stamp.life === key);
          expect(later).toEqual([]);
        });
      }
    });
  });

  test('bounds: no mailbox ever holds more than its capacity and the first windows of its senders', async () => {
    await always((world) => {
      expect(world.broken).toEqual([]);
      expect(world.simulation.events.filter(({ kind }) => kind === 'violation')).toEqual([]);
    });
  });

  test('sends: between two that live on, what was sent arrives and what was refused does not, and nothing waits for ever', async () => {
    await always((world) => {
      for (const id of world.names) {
        const receiver = onlyLife(world, id);
        for (const senderId of world.names) {
          const sender = onlyLife(world, senderId);
          if (sender === undefined) continue;
          for (const { outcome } of sender.sends) expect(outcome).toBeDefined();
          if (receiver === undefined) continue;
          const sent = sender.sends
            .filter(({ to, outcome }) => to === id && outcome === 'sent')
            .map(({ seq }) => seq);
          const taken = takenBy(world, id).flatMap(({ life, seq }) => (life === sender.key ? [seq] : []));
          expect(taken).toEqual(sent);
        }
      }
    });
  });

  test('replay: the same seed gives the same events', async () => {
    await fc.assert(
      fc.asyncProperty(program, async (given) => {
        const [one, two] = [await run(given), await run(given)];
        expect(two.simulation.events).toEqual(one.simulation.events);
        expect(two.lives.map(({ key, log }) => [key, log.length])).toEqual(
          one.lives.map(({ key, log }) => [key, log.length]),
        );
      }),
      { numRuns: 20 },
    );
  });
});
