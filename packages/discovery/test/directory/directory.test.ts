/** The directory alone: what it takes, what it drops and counts, and that a model knows its every state. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Directory, type Effects, type Instance } from '../../src/directory/directory.js';
import type { NameState } from '../../src/directory/name-state.js';
import { createKeyPair } from '@espalier/core/identity';
import { HOST_TYPE, sealHostRecord, type Epoch, type HostFacts } from '../../src/records/host-record.js';
import { NAMES_TYPE, pageInstance, sealNamesPage, type ExportedName } from '../../src/records/names-page.js';
import type { Txt } from '../../src/records/txt.js';
import { TestCluster } from '../simulated-network.js';

const WALL = 1_700_000_000_000;
const SKEW_MS = 60_000;
const LEASE_MS = 5000;
const BOOT = '0123456789abcdef';

const cluster = new TestCluster();
const members = Array.from({ length: 4 }, () => cluster.member());
const [self, one, two] = members as [(typeof members)[0], (typeof members)[0], (typeof members)[0]];

interface Heard extends Instance {
  readonly txt: Txt;
}

function directory(
  options: { maxHosts?: number; staticHosts?: Parameters<typeof staticHost>[] } = {},
): Directory {
  return new Directory({
    cluster: self.cluster,
    root: self.root,
    self: { host: self.host, epoch: { startedAt: WALL, boot: BOOT } },
    maxClockSkewMs: SKEW_MS,
    maxHosts: options.maxHosts ?? 16,
    staticHosts: (options.staticHosts ?? []).map((facts) => staticHost(...facts)),
  });
}

function staticHost(host: string, ...names: string[]) {
  return { host, names: names.map((name) => ({ name })) };
}

function hostRecord(member: typeof self, facts: Partial<HostFacts> = {}): Heard {
  const all = {
    epoch: { startedAt: WALL, boot: BOOT },
    sealedAt: WALL,
    leaseMs: LEASE_MS,
    pages: [1],
    queue: 'q',
  };
  return {
    type: HOST_TYPE,
    label: member.host,
    txt: sealHostRecord({ ...all, endpoints: [], ...facts }, member),
  };
}

function page(
  member: typeof self,
  names: readonly ExportedName[],
  version = 1,
  epoch: Partial<Epoch> = {},
): Heard {
  const facts = {
    host: member.host,
    index: 0,
    epoch: { startedAt: WALL, boot: BOOT, ...epoch },
    version,
    names,
  };
  const txt = sealNamesPage(facts, member.key.privateKey);
  return { type: NAMES_TYPE, label: pageInstance(member.host, 0), txt };
}

function unique(name: string, incarnation = 1): ExportedName {
  return { name, holding: 'unique', incarnation };
}

function hear(known: Directory, { txt, ...instance }: Heard, now = 0): Effects {
  return known.hear(instance, txt, { now, wall: WALL + now });
}

function kinds({ hosts, names }: Effects): string[] {
  return [...hosts, ...names].map(({ kind }) => kind);
}

function changed(heard: Heard, change: (txt: Map<string, string>) => void): Heard {
  const txt = new Map(heard.txt);
  change(txt);
  return { ...heard, txt };
}

describe('directory: what is dropped', () => {
  const good = hostRecord(one);
  const dropped: readonly (readonly [string, Heard, string])[] = [
    ['a record without a signature', changed(good, (txt) => txt.delete('s')), 'unsigned'],
    ['a record that was changed', changed(good, (txt) => txt.set('a0', 'amqp://evil:1')), 'forged'],
    ['a record under the name of another host', { ...good, label: two.host }, 'forged'],
    ['a host that nobody has granted anything', changed(good, (txt) => txt.set('g', 'x')), 'forged'],
    ['another cluster', changed(good, (txt) => txt.set('c', 'x')), 'foreign'],
    ['another version', changed(good, (txt) => txt.set('v', '2')), 'malformed'],
    ['a lease beyond reason', hostRecord(one, { leaseMs: 3_600_000 }), 'malformed'],
    ['a record from too long ago', hostRecord(one, { sealedAt: WALL - SKEW_MS - 1 }), 'stale'],
    ['a record from the future', hostRecord(one, { sealedAt: WALL + SKEW_MS + 1 }), 'stale'],
    ['names of an unknown host', page(one, [unique('db')]), 'early'],
  ];

  it.each(dropped)('%s changes nothing and is counted', (_, heard, why) => {
    const known = directory();
    expect(hear(known, heard)).toEqual({ hosts: [], names: [], asks: [] });
    expect(known.hosts()).toEqual([]);
    expect(known.refused()).toEqual({ [why]: 1 });
  });

  it('names that the host has not signed, or of another epoch, are dropped', () => {
    const known = directory();
    hear(known, hostRecord(one));
    const names = page(one, [unique('db')]);
    hear(
      known,
      changed(names, (txt) => txt.set('n0', '1.uevil')),
    );
    hear(known, page(one, [unique('db')], 2, { boot: 'ffffffffffffffff' }));
    hear(known, { ...page(two, [unique('db')]), label: pageInstance(one.host, 0) });
    expect(known.refused()).toEqual({ forged: 2, stale: 1 });
    expect(known.names()).toEqual([]);
  });

  it('the key of one member does not speak for another', () => {
    const known = directory();
    const thief = { ...two, host: one.host };
    hear(known, hostRecord(thief));
    expect(known.refused()).toEqual({ forged: 1 });
  });

  it('a grant by another root is none', () => {
    const stranger = new TestCluster().member();
    const known = directory();
    hear(known, hostRecord({ ...stranger, cluster: self.cluster }));
    expect(known.refused()).toEqual({ forged: 1 });
  });

  it('hosts beyond the limit are dropped and counted', () => {
    const known = directory({ maxHosts: 1 });
    hear(known, hostRecord(one));
    hear(known, hostRecord(two));
    expect(known.hosts()).toHaveLength(1);
    expect(known.refused()).toEqual({ overflow: 1 });
  });
});

describe('directory: lives', () => {
  it('a record that is played back prolongs nothing, and revives nobody', () => {
    const known = directory();
    const first = hostRecord(one);
    const last = hostRecord(one, { sealedAt: WALL + 2000 });
    hear(known, first);
    hear(known, last, 2000);
    expect(hear(known, last, 4000)).toEqual({ hosts: [], names: [], asks: [] });
    hear(known, first, 4000);
    expect(kinds(known.expire(2000 + LEASE_MS))).toEqual(['lost']);
    hear(known, last, 2000 + LEASE_MS + 1);
    expect(known.hosts()).toEqual([]);
    expect(known.refused()).toEqual({ stale: 1 });
  });

  it('a silent host is asked for a sign of life before it is lost', () => {
    const known = directory();
    hear(known, hostRecord(one));
    expect(known.deadline()).toBe(LEASE_MS * 0.7);
    expect(known.expire(LEASE_MS * 0.7).asks).toEqual([{ type: HOST_TYPE, label: one.host }]);
    expect(known.expire(LEASE_MS * 0.7).asks).toEqual([]);
    expect(known.deadline()).toBeLessThan(LEASE_MS);
    expect(known.expire(LEASE_MS - 1).hosts).toEqual([]);
    expect(known.expire(LEASE_MS).hosts).toEqual([{ kind: 'lost', host: one.host }]);
    expect(known.deadline()).toBe(Infinity);
  });

  it('an unsigned goodbye ends nobody: it makes the directory ask', () => {
    const known = directory();
    hear(known, hostRecord(one));
    const instance = { type: HOST_TYPE, label: one.host };
    expect(known.doubt(instance)).toEqual({ hosts: [], names: [], asks: [instance] });
    expect(known.hosts()).toHaveLength(1);
  });

  it('a signed goodbye ends the host and its names at once, and it stays ended', () => {
    const known = directory();
    hear(known, hostRecord(one));
    hear(known, page(one, [unique('db')]));
    const before = hostRecord(one, { sealedAt: WALL + 50 });
    expect(kinds(hear(known, hostRecord(one, { sealedAt: WALL + 100, leaseMs: 0 })))).toEqual([
      'left',
      'disappeared',
    ]);
    expect(kinds(hear(known, before))).toEqual([]);
    expect(known.hosts()).toEqual([]);
  });

  it('a listed page that is missing is asked for, each time its host speaks', () => {
    const known = directory();
    const asks = [{ type: NAMES_TYPE, label: pageInstance(one.host, 0) }];
    expect(hear(known, hostRecord(one)).asks).toEqual(asks);
    expect(hear(known, hostRecord(one, { sealedAt: WALL + 1 })).asks).toEqual(asks);
    hear(known, page(one, [unique('db')]));
    expect(hear(known, hostRecord(one, { sealedAt: WALL + 2 })).asks).toEqual([]);
    expect(hear(known, hostRecord(one, { sealedAt: WALL + 3, pages: [2] })).asks).toEqual(asks);
  });

  it('a page of names that its host does not list any more is not taken for the present one', () => {
    const known = directory();
    const old = page(one, [unique('withdrawn')], 1);
    hear(known, hostRecord(one, { pages: [2] }));
    hear(known, old);
    expect(known.names()).toEqual([]);
    expect(known.refused()).toEqual({ stale: 1 });
  });

  it('nobody else replaces this very host: that its key is used twice is told', () => {
    const known = directory();
    hear(known, hostRecord(self));
    const other = hostRecord(self, {
      epoch: { startedAt: WALL + 9, boot: 'ffffffffffffffff' },
      sealedAt: WALL + 9,
    });
    expect(hear(known, other).hosts).toEqual([{ kind: 'key_used_twice', host: self.host }]);
    expect(known.hosts()[0]?.epoch).toEqual({ startedAt: WALL, boot: BOOT });
    expect(known.expire(1e9).hosts).toEqual([]);
  });
});

describe('directory: static hosts', () => {
  it('they are known from the start, and never expire', () => {
    const known = directory({ staticHosts: [[one.host, 'db']] });
    expect(known.expire(1e9)).toEqual({ hosts: [], names: [], asks: [] });
    expect(known.name('db')).toMatchObject({
      state: 'held',
      holders: [{ host: one.host, source: 'static' }],
    });
  });

  it('a host of the list that is heard is known by its own word from then on, also when it is gone', () => {
    const known = directory({ staticHosts: [[one.host, 'db', 'web']] });
    expect(kinds(hear(known, hostRecord(one)))).toEqual(['appeared', 'disappeared', 'disappeared']);
    hear(known, page(one, [unique('db')]));
    expect(known.names().map(({ name }) => name)).toEqual(['db']);
    known.expire(LEASE_MS);
    expect(known.names()).toEqual([]);
    expect(known.hosts()).toEqual([]);
  });

  it('a living host gets a unique name before one of the list', () => {
    const known = directory({ staticHosts: [['0'.repeat(32), 'db']] });
    hear(known, hostRecord(one));
    hear(known, page(one, [unique('db', 0)]));
    expect(known.name('db')).toMatchObject({ state: 'conflict', holders: [{ host: one.host }] });
  });
});

// ---- against a model

type Step =
  | { readonly do: 'beat' | 'leave' | 'restart'; readonly host: number }
  | { readonly do: 'names'; readonly host: number; readonly names: readonly number[] }
  | { readonly do: 'replay'; readonly pick: number }
  | { readonly do: 'pass'; readonly ms: number };

const host = fc.nat({ max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('beat' as const), host }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('leave' as const, 'restart' as const), host }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('names' as const),
      host,
      names: fc.uniqueArray(fc.nat({ max: 3 }), { maxLength: 3 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('replay' as const), pick: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 7000 }) }),
  },
);

/** A host as it is, and what everybody who heard all of it at once must know. */
class ModelHost {
  readonly member: typeof self;
  startedAt = WALL;
  sealedAt = 0;
  version = 0;
  names: readonly ExportedName[] = [];
  /** The present page. */
  page: Heard | undefined;
  /** Until when it is known to live. */
  until = -1;
  /** The names that are known, while it lives. */
  known: readonly ExportedName[] = [];

  constructor(member: typeof self) {
    this.member = member;
  }

  seal(wall: number, leaseMs: number): Heard {
    this.sealedAt = Math.max(this.sealedAt + 1, wall);
    const epoch = { startedAt: this.startedAt, boot: BOOT };
    return hostRecord(this.member, { epoch, sealedAt: this.sealedAt, leaseMs, pages: [this.version] });
  }
}

describe('directory: against a model', () => {
  it('whatever is beaten, left, restarted and played back: known is what the living have said last', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const known = directory();
        const hosts = members.slice(1).map((member) => new ModelHost(member));
        const tape: Heard[] = [];
        const told = new Map<string, NameState>();
        let now = 0;
        const follow = (effects: Effects): void => {
          for (const { before, after } of effects.names) {
            // Each event goes on where the last one of its name ended.
            expect(before).toEqual(told.get(before.name) ?? expect.objectContaining({ state: 'absent' }));
            if (after.state === 'absent') told.delete(after.name);
            else told.set(after.name, after);
          }
        };
        const say = (heard: Heard): void => {
          tape.push(heard);
          follow(hear(known, heard, now));
        };
        for (const one of steps) {
          if (one.do === 'pass') {
            now += one.ms;
            follow(known.expire(now));
          } else if (one.do === 'replay') {
            const heard = tape[one.pick % (tape.length || 1)];
            if (heard === undefined) continue;
            follow(hear(known, heard, now));
            // What was heard before changes nothing, but for a page that its host lists still and that was forgotten
            // with the host's lease.
            for (const each of hosts) if (each.until > now && heard === each.page) each.known = each.names;
          } else {
            act(one, hosts[one.host]!, now, say);
          }
          const living = hosts.filter(({ until }) => until > now);
          const expected = new Set(living.flatMap((each) => each.known.map(({ name }) => name)));
          expect(new Set(known.names().map(({ name }) => name))).toEqual(expected);
          expect(known.hosts().map((each) => each.host)).toEqual(
            living.map(({ member }) => member.host).sort(),
          );
          expect(known.names()).toEqual([...told.values()].sort((a, b) => (a.name < b.name ? -1 : 1)));
          for (const state of known.names()) {
            const best = living
              .flatMap((each) => each.known.map((entry) => ({ ...entry, host: each.member.host })))
              .filter(({ name }) => name === state.name)
              .sort((a, b) => b.incarnation - a.incarnation || (a.host < b.host ? -1 : 1));
            expect([...state.holders, ...state.contenders].map((h) => h.host)).toEqual(
              best.map((h) => h.host),
            );
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it('who hears the same in another order comes to the same', () => {
    const claims = fc.array(fc.tuple(host, fc.nat({ max: 3 }), fc.nat({ max: 2 })), { maxLength: 6 });
    fc.assert(
      fc.property(claims, fc.nat(), (all, seed) => {
        const heard = members.slice(1).flatMap((member, i) => {
          const own = new Map(
            all.filter(([of]) => of === i).map(([, n, inc]) => [`n${n}`, unique(`n${n}`, inc)]),
          );
          return [hostRecord(member), page(member, [...own.values()])];
        });
        const states = [heard, shuffled(heard, seed)].map((order) => {
          const known = directory();
          // Twice: a page that came too early comes again, since it is asked for.
          for (const each of [...order, ...order]) hear(known, each);
          return known.names();
        });
        expect(states[0]).toEqual(states[1]);
      }),
      { numRuns: 40 },
    );
  });
});

function act(
  one: Extract<Step, { host: number }>,
  model: ModelHost,
  now: number,
  say: (heard: Heard) => void,
): void {
  const wall = WALL + now;
  if (one.do === 'restart') {
    model.startedAt = Math.max(model.startedAt + 1, wall);
    model.version = 0;
    model.names = [];
    model.page = undefined;
    model.known = [];
    model.until = now + LEASE_MS;
    say(model.seal(wall, LEASE_MS));
  } else if (one.do === 'leave') {
    model.until = -1;
    model.known = [];
    say(model.seal(wall, 0));
  } else {
    if (model.until <= now) model.known = [];
    if (one.do === 'names') {
      model.version += 1;
      model.names = one.names.map((n) => unique(`name-${n}`, n));
    }
    model.until = now + LEASE_MS;
    say(model.seal(wall, LEASE_MS));
    if (one.do !== 'names') return;
    model.known = model.names;
    model.page = page(model.member, model.names, model.version, { startedAt: model.startedAt });
    say(model.page);
  }
}

function shuffled<T>(items: readonly T[], seed: number): T[] {
  const rest = [...items];
  const out: T[] = [];
  for (let state = seed; rest.length > 0; state = Math.imul(state, 48_271) + 1) {
    out.push(...rest.splice(Math.abs(state) % rest.length, 1));
  }
  return out;
}

it('a directory without hosts has nothing to wait for', () => {
  expect(directory().deadline()).toBe(Infinity);
  expect(createKeyPair().publicKey).toHaveLength(43);
});
