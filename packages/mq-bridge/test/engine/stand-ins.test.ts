/** Who has an imported name, and who waits for it, whatever becomes of the mailbox and however slowly environments start and end. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Address, EnvironmentBehaviour, ExitReason } from '@espalier/core';
import type { BesideContext } from '@espalier/core/internal/bridge.js';
import { ManualClock } from '@espalier/core/testing';
import { completeTerms } from '../../src/engine/settings.js';
import { StandIns } from '../../src/engine/stand-ins.js';

interface Life {
  state: 'asked' | 'booting' | 'running' | 'ended';
  readonly behaviour: EnvironmentBehaviour;
  readonly resolve: (address: Address) => void;
  readonly reject: (error: Error) => void;
  /** Whoever watches it. */
  readonly told: ((reason: ExitReason) => void)[];
  end: ExitReason | undefined;
  onLink?: (other: Address, isLinked: boolean) => void;
}

class Exit extends Error {}

/** A kernel that takes its time: what is asked of it waits until `turn` says which is done next. */
class World {
  readonly clock = new ManualClock();
  readonly lives: Life[] = [];
  readonly failed: string[] = [];
  readonly passed: unknown[] = [];
  killed = 0;
  readonly standIns: StandIns;
  #due: (() => void)[] = [];

  constructor(durable = false) {
    const context = {
      spawnBeside: (behaviour: EnvironmentBehaviour, { name }: { readonly name?: string }) => {
        expect(name).toBe('book');
        return new Promise<Address>((resolve, reject) => {
          const life: Life = { state: 'asked', behaviour, resolve, reject, told: [], end: undefined };
          this.lives.push(life);
          this.#due.push(() => this.#boot(life));
        });
      },
      sendExit: (address: Address, reason: ExitReason) => this.#signal(lifeOf(address), reason),
    } as unknown as Pick<BesideContext, 'spawnBeside' | 'sendExit'>;
    this.standIns = new StandIns({
      context,
      beyond: {
        pass: (_name, item) => void this.passed.push(item),
        call: () => Promise.resolve(),
        kill: () => this.killed++,
      },
      settings: completeTerms({ imports: { ledger: { as: 'book', durable } } }),
      clock: this.clock,
      lost: () => undefined,
      watch: (address, ended) => lifeOf(address).told.push(ended),
      failed: (_name, why) => this.failed.push(why),
    });
  }

  get idle(): boolean {
    return this.#due.length === 0;
  }

  /** As the kernel has it: held, kept for who is booting, or free. */
  get name(): 'held' | 'pending' | 'free' {
    if (this.lives.some(({ state }) => state === 'running')) return 'held';
    return this.lives.some(({ state }) => state === 'booting') ? 'pending' : 'free';
  }

  async turn(nth = 0): Promise<void> {
    this.#due.splice(nth % (this.#due.length || 1), 1)[0]?.();
    // Whatever awaits that goes on.
    await new Promise((resolve) => setImmediate(resolve));
  }

  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (!this.idle) await this.turn();
  }

  kill(life: Life): void {
    this.end(life, { tag: 'killed' });
  }

  end(life: Life, reason: ExitReason): void {
    this.#signal(life, reason);
  }

  #boot(life: Life): void {
    life.state = 'booting';
    const self = life as unknown as Address;
    const exit = (): never => {
      throw new Exit();
    };
    const context = {
      self,
      exit,
      trapExits: () => undefined,
      onLink: (told: (other: Address, isLinked: boolean) => void) => (life.onLink = told),
    };
    const init = life.behaviour.init as unknown as (given: typeof context) => Promise<void>;
    init(context).then(
      () => this.#due.push(() => this.#run(life)),
      () => this.#due.push(() => this.#end(life, { tag: 'normal' })),
    );
  }

  #run(life: Life): void {
    expect(this.name).toBe('pending');
    life.state = 'running';
    life.resolve(life as unknown as Address);
  }

  #signal(life: Life, reason: ExitReason): void {
    this.#due.push(() => this.#end(life, reason));
  }

  #end(life: Life, reason: ExitReason): void {
    if (life.state === 'ended') return;
    const { state } = life;
    life.state = 'ended';
    life.end = reason;
    if (state !== 'running') life.reject(new Error('it ended before it ran'));
    else for (const told of life.told) this.#due.push(() => told(reason));
  }
}

const lifeOf = (address: Address): Life => address as unknown as Life;
const KILLED: ExitReason = { tag: 'killed' };

describe('the stand-in of an imported name', () => {
  test('is there with the mailbox, and ends with its reason', async () => {
    const world = new World();
    world.standIns.appeared('ledger');
    await world.settle();
    expect(world.name).toBe('held');
    world.standIns.ended('ledger', { tag: 'normal', detail: 'done' }, false);
    await world.settle();
    expect(world.name).toBe('free');
    expect(world.lives.map(({ end }) => end)).toEqual([{ tag: 'normal', detail: 'done' }]);
    expect(world.failed).toEqual([]);
  });

  test('has one that waits started beside it before it ends, if the mailbox will be there again', async () => {
    const world = new World();
    world.standIns.appeared('ledger');
    await world.settle();
    world.standIns.ended('ledger', KILLED, true);
    expect(world.lives.map(({ state }) => state)).toEqual(['running', 'asked']);
    await world.settle();
    expect(world.lives.map(({ state }) => state)).toEqual(['ended', 'booting']);
    world.standIns.appeared('ledger');
    await world.settle();
    expect(world.lives.map(({ state }) => state)).toEqual(['ended', 'running']);
    expect(world.lives[0]?.end).toEqual(KILLED);
  });

  test('gives the name up, and says nothing, when the mailbox will not come after all', async () => {
    const world = new World();
    world.standIns.awaited('ledger', true);
    await world.settle();
    expect(world.name).toBe('pending');
    world.standIns.awaited('ledger', false);
    await world.settle();
    expect([world.name, world.failed]).toEqual(['free', []]);
  });

  test('ends all the same if the next one cannot be started, which is said and tried again', async () => {
    const world = new World();
    world.standIns.appeared('ledger');
    await world.settle();
    world.standIns.ended('ledger', KILLED, true);
    world.lives[1]?.reject(new Error('one too many'));
    await world.settle();
    expect(world.lives[0]?.end).toEqual(KILLED);
    expect(world.failed).toEqual(['Error: one too many']);
  });

  test('is replaced after a pause when somebody ends it', async () => {
    const world = new World(true);
    const started = world.standIns.start();
    await world.settle();
    await started;
    world.kill(world.lives[0]!);
    await world.settle();
    expect([world.name, world.failed]).toEqual(['free', ['killed']]);
    world.clock.fireNext();
    await world.settle();
    expect(world.name).toBe('held');
  });

  test('hands on that it was killed, and has another one in its place at once', async () => {
    const world = new World();
    world.standIns.appeared('ledger');
    await world.settle();
    world.kill(world.lives[0]!);
    await world.settle();
    expect([world.killed, world.passed, world.failed, world.name]).toEqual([1, [], [], 'held']);
    // The mailbox is killed by that: nothing is handed on of an end that comes from there.
    world.standIns.ended('ledger', KILLED, false);
    await world.settle();
    expect([world.killed, world.passed, world.name]).toEqual([1, [], 'free']);
  });

  test.each(['killed', 'protocol'] as const)(
    'says as `%s` that it has ended while somebody was linked, for who was linked has heard that',
    async (tag) => {
      const world = new World();
      world.standIns.appeared('ledger');
      await world.settle();
      world.lives[0]?.onLink?.({} as Address, true);
      world.end(world.lives[0]!, { tag });
      await world.settle();
      expect(world.passed).toEqual([
        { kind: 'link' },
        { kind: 'exit', tag, detail: undefined, isLast: true },
      ]);
    },
  );

  test('has what was said of links said again when the connection is there again', async () => {
    const world = new World();
    world.standIns.appeared('ledger');
    await world.settle();
    world.standIns.sayAgain();
    world.lives[0]?.onLink?.({} as Address, true);
    world.standIns.sayAgain();
    expect(world.passed).toEqual([{ kind: 'link' }, { kind: 'link' }]);
  });

  test('is as the mailbox is when all is quiet, and the name is never free while that is awaited', async () => {
    const kinds = ['appear', 'end', 'await', 'give up', 'turn', 'turn', 'turn'] as const;
    const steps = fc.array(fc.tuple(fc.constantFrom(...kinds), fc.nat(9)), {
      maxLength: 60,
    });
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        const world = new World();
        const { standIns } = world;
        let mailbox: 'absent' | 'awaited' | 'there' = 'absent';
        /** The name was the mailbox's, or kept for it, and nothing has been given up since. */
        let isKept = false;
        /** Those that it was given up with: the name may be theirs for a while, or once more. */
        let left: readonly Life[] = [];
        for (const [what, nth] of taken) {
          if (what === 'turn') await world.turn(nth);
          else if (what === 'appear' && mailbox !== 'there') {
            mailbox = 'there';
            standIns.appeared('ledger');
          } else if (what === 'end' && mailbox === 'there') {
            mailbox = nth % 3 === 0 ? 'absent' : 'awaited';
            standIns.ended('ledger', KILLED, mailbox === 'awaited');
          } else if (what === 'await' && mailbox === 'absent') {
            mailbox = 'awaited';
            standIns.awaited('ledger', true);
          } else if (what === 'give up' && mailbox === 'awaited') {
            mailbox = 'absent';
            standIns.awaited('ledger', false);
          }
          if (mailbox === 'absent') left = [...world.lives];
          const isLeft = left.some(({ state }) => state !== 'ended');
          isKept = mailbox !== 'absent' && (isKept || !(world.name === 'free' || isLeft));
          if (isKept) expect(world.name).not.toBe('free');
        }
        await world.settle();
        expect(world.name).toBe({ absent: 'free', awaited: 'pending', there: 'held' }[mailbox]);
        seen.add(world.name);
        expect(world.lives.filter(({ state }) => state !== 'ended').length).toBeLessThanOrEqual(1);
        expect(world.failed).toEqual([]);
      }),
      { numRuns: 300 },
    );
    expect([...seen].sort()).toEqual(['free', 'held', 'pending']);
  });
});
