/** What a stand-in passes on of signals and links, and by what it ends itself. */
import { describe, expect, test } from '@jest/globals';
import type {
  Address,
  EnvironmentBehaviour,
  ExitReason,
  Received,
  ReceivedExit,
  ReceiveOptions,
} from '@espalier/core';
import { LinkedHere } from '../../src/engine/linked-here.js';
import { standIn } from '../../src/engine/stand-in.js';
import type { Item } from '../../src/wire/frames.js';

const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const address = (): Address => ({}) as Address;
const KILLED: ExitReason = { tag: 'killed' };

class Ended extends Error {}

/** A stand-in with its mailbox in the hand of the test. */
class World {
  readonly passed: Item[] = [];
  readonly lost: string[] = [];
  /** Where undefined there is room for everything. */
  room: Promise<void> | undefined;
  over: ExitReason | undefined;
  end: unknown;
  traps = false;
  readonly #mailbox: Received[] = [];
  /** Gives the item that is waited for, if it is there. */
  #take = (): void => undefined;
  readonly #ends = new Set<Received>();
  #onLink: ((other: Address, isLinked: boolean) => void) | undefined;

  async start(passesSignals = true): Promise<this> {
    const pass = (item: Item): Promise<void> | undefined => {
      this.passed.push(item);
      return this.room;
    };
    const links = new LinkedHere(
      (item) => pass(item)?.then(() => true) ?? true,
      () => this.over !== undefined,
    );
    const behaviour: EnvironmentBehaviour = standIn({
      beyond: {
        pass: (_name, item) => pass(item),
        call: () => new Promise(() => undefined),
      },
      name: 'ledger',
      links: passesSignals ? links : undefined,
      lost: (why) => this.lost.push(why),
      begun: () => undefined,
      turn: Promise.resolve(true),
      over: () => this.over,
    });
    const context = {
      trapExits: (on: boolean) => (this.traps = on),
      onLink: (told: (other: Address, isLinked: boolean) => void) => (this.#onLink = told),
      isEnd: (item: ReceivedExit) => this.#ends.has(item),
      endBy: (item: ReceivedExit) => (this.end = item.reason),
      exit: (reason: unknown) => {
        this.end = reason;
        throw new Ended();
      },
      receive: ({ match = () => true }: ReceiveOptions = {}) =>
        new Promise<Received>((resolve) => {
          this.#take = () => {
            const at = this.#mailbox.findIndex((item) => match(item));
            if (at < 0) return;
            this.#take = () => undefined;
            resolve(this.#mailbox.splice(at, 1)[0] as Received);
          };
          this.#take();
        }),
    } as never;
    await behaviour.init?.(context, undefined);
    Promise.resolve(behaviour.run(context, undefined, undefined)).catch((error: unknown) => {
      if (!(error instanceof Ended)) throw error;
    });
    return this;
  }

  link(other: Address, isLinked: boolean): void {
    this.#onLink?.(other, isLinked);
  }

  async come(...items: readonly Received[]): Promise<void> {
    this.#mailbox.push(...items);
    this.#take();
    await quiet();
  }

  sent(reason: ExitReason, from: Address | undefined = address()): ReceivedExit {
    return { type: 'exit', from, reason };
  }

  ended(from: Address, reason: ExitReason): ReceivedExit {
    const item = this.sent(reason, from);
    this.#ends.add(item);
    return item;
  }
}

const exit = (tag: string, isLast: boolean) => ({ kind: 'exit', tag, detail: undefined, isLast });

describe('a stand-in', () => {
  test('says when the first has linked with it, and when nobody is linked any more', async () => {
    const world = await new World().start();
    const [one, other] = [address(), address()];
    for (const [who, isLinked] of [
      [one, true],
      [other, true],
      [one, true],
      [one, false],
      [other, false],
      [other, false],
      [one, true],
    ] as const)
      world.link(who, isLinked);
    expect(world.passed).toEqual([{ kind: 'link' }, { kind: 'unlink' }, { kind: 'link' }]);
  });

  test('passes on ends and signals behind what came before, and says which was the last link', async () => {
    const world = await new World().start();
    const [one, other] = [address(), address()];
    world.link(one, true);
    world.link(other, true);
    await world.come(
      { type: 'message', value: 1 },
      world.sent({ tag: 'normal' }, one),
      world.ended(one, KILLED),
      world.sent({ tag: 'shutdown' }),
      world.ended(other, { tag: 'limit', detail: 'x'.repeat(2000) }),
    );
    expect(world.passed).toEqual([
      { kind: 'link' },
      { kind: 'message', value: 1 },
      exit('normal', false),
      exit('killed', false),
      exit('shutdown', false),
      { ...exit('limit', true), detail: 'x'.repeat(1000) },
    ]);
    expect(world.end).toBeUndefined();
  });

  test('says nothing of links once its mailbox has ended, which ends it with that reason', async () => {
    const world = await new World().start();
    const one = address();
    world.link(one, true);
    world.over = { tag: 'error', detail: [1] };
    world.link(one, false);
    await world.come({ type: 'message', value: 1 }, world.sent({ tag: 'error', detail: 'another' }));
    expect([world.passed, world.lost]).toEqual([[{ kind: 'link' }], ['it has ended']]);
    expect(world.end).toEqual({ tag: 'error', detail: [1] });
  });

  test('leaves unread what waits for room when its mailbox ends', async () => {
    const world = await new World().start();
    let room = (): void => undefined;
    world.room = new Promise((resolve) => (room = resolve));
    const messages = [1, 2, 3].map((value) => ({ type: 'message', value }) as const);
    await world.come(...messages);
    world.over = KILLED;
    await world.come(world.sent(KILLED));
    room();
    await quiet();
    expect([world.passed, world.lost]).toEqual([[{ kind: 'message', value: 1 }], []]);
    expect(world.end).toEqual(KILLED);
  });

  test('ends as only kernels say by the signal that says so, whoever else ends meanwhile', async () => {
    const world = await new World().start();
    world.over = KILLED;
    await world.come(
      world.ended(address(), { tag: 'limit', detail: 'heapMb' }),
      world.sent({ tag: 'error' }),
    );
    expect(world.end).toBeUndefined();
    await world.come(world.sent(KILLED));
    expect([world.end, world.passed]).toEqual([KILLED, []]);
  });

  test('ends when its supervisor asks for it', async () => {
    const world = await new World().start();
    await world.come({ type: 'exit', from: undefined, reason: { tag: 'shutdown' } });
    expect([world.end, world.passed]).toEqual([{ tag: 'shutdown' }, []]);
  });

  test('of a mailbox that outlives its holder leaves signals and links to itself', async () => {
    const world = await new World().start(false);
    world.link(address(), true);
    expect([world.traps, world.passed]).toEqual([false, []]);
  });
});
