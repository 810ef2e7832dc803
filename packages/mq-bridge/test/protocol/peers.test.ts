import { describe, expect, test } from '@jest/globals';
import { ManualClock } from '@espalier/core/testing';
import { Peers } from '../../src/protocol/peers.js';
import type { Ended, Exported, Presence } from '../../src/wire/frames.js';

function host() {
  const clock = new ManualClock();
  const said: Presence[] = [];
  const heard: string[] = [];
  const peers: Peers = new Peers({
    host: 'own',
    incarnation: 'o1',
    heartbeatMs: 1000,
    downAfterMs: 5000,
    clock,
    announced: () => ({ exports: [], ended: [] }),
    say: (presence) => said.push(presence),
    appeared: ({ incarnation, name, life }) => heard.push(`appeared ${incarnation} ${name} ${String(life)}`),
    ended: ({ incarnation, name, life }, { tag }) =>
      heard.push(
        `ended ${incarnation} ${name} ${String(life)} ${tag}${peers.isAwaited(name) ? ', awaited' : ''}`,
      ),
    awaited: (name) => heard.push(`${name} is ${peers.isAwaited(name) ? 'awaited' : 'not awaited'}`),
    hostDown: (name, incarnation) => heard.push(`down ${name} ${incarnation}`),
    buried: () => heard.push('buried'),
    clash: (incarnation) => heard.push(`clash ${incarnation}`),
  });
  peers.connected();
  const alive = (
    incarnation: string,
    exports: readonly Exported[] = [],
    ended: readonly Ended[] = [],
    awaited?: readonly string[],
  ): void => peers.heard({ kind: 'alive', host: 'other', incarnation, exports, ended, awaited });
  const pass = (ms: number): void => {
    const until = clock.now() + ms;
    while (clock.fireNext(until));
    clock.moveTo(until);
  };
  return { clock, said, heard, peers, alive, pass };
}

const DB = { name: 'db', life: 1 };

describe('what a host knows of others', () => {
  test('is each mailbox that they say they export, until they say it has ended', () => {
    const { heard, peers, alive } = host();
    alive('i1', [DB]);
    alive('i1', [DB]);
    expect(peers.find('db')).toMatchObject({ host: 'other', incarnation: 'i1', life: 1 });
    alive('i1', [{ name: 'db', life: 2 }], [{ ...DB, tag: 'killed', detail: undefined }]);
    expect(heard).toEqual(['appeared i1 db 1', 'ended i1 db 1 killed', 'appeared i1 db 2']);
  });

  test('is which names will be somebody’s again, until that is so, or is said no more', () => {
    const { heard, alive } = host();
    alive('i1', [DB], [], ['log']);
    alive('i1', [], [{ ...DB, tag: 'killed', detail: undefined }], ['db', 'log']);
    alive('i1', [], [{ ...DB, tag: 'killed', detail: undefined }], ['db', 'log']);
    alive('i1', [{ name: 'db', life: 2 }], [], ['log']);
    alive('i1', [{ name: 'db', life: 2 }], [], []);
    expect(heard).toEqual([
      'appeared i1 db 1',
      'log is awaited',
      'ended i1 db 1 killed, awaited',
      'db is awaited',
      'appeared i1 db 2',
      'db is not awaited',
      'log is not awaited',
    ]);
  });

  test('is that nobody is awaited from a host that is down', () => {
    const { heard, alive, pass } = host();
    alive('i1', [DB], [], ['log']);
    heard.length = 0;
    pass(6000);
    expect(heard).toEqual(['ended i1 db 1 noconnection', 'log is not awaited', 'down other i1']);
  });

  test('ends `noconnection` once for each mailbox when a host was silent too long, and not before', () => {
    const { heard, alive, pass } = host();
    alive('i1', [DB]);
    pass(4999);
    expect(heard).toEqual(['appeared i1 db 1']);
    pass(1001);
    expect(heard.slice(1)).toEqual(['ended i1 db 1 noconnection', 'down other i1']);
    pass(20_000);
    expect(heard).toHaveLength(3);
  });

  test('ends at once when a host says that it goes, or comes back as another incarnation', () => {
    const { heard, peers, alive } = host();
    alive('i1', [DB]);
    alive('i2', [DB]);
    peers.heard({ kind: 'bye', host: 'other', incarnation: 'i1' });
    peers.heard({ kind: 'bye', host: 'other', incarnation: 'i2' });
    expect(heard).toEqual([
      'appeared i1 db 1',
      'ended i1 db 1 noconnection',
      'down other i1',
      'appeared i2 db 1',
      'ended i2 db 1 noconnection',
      'down other i2',
    ]);
  });

  test('stays ended: an incarnation that is heard again is told so, and nothing of it is taken up', () => {
    const { said, heard, alive, pass } = host();
    alive('i1', [DB]);
    pass(6000);
    said.length = 0;
    heard.length = 0;
    alive('i1', [DB]);
    expect(said).toEqual([{ kind: 'buried', host: 'other', incarnation: 'i1' }]);
    expect(heard).toEqual([]);
    alive('i2', [DB]);
    expect(heard).toEqual(['appeared i2 db 1']);
  });

  test('is not held against the others while this host itself stood still', () => {
    const { clock, heard, alive, pass } = host();
    alive('i1', [DB]);
    pass(1000);
    clock.moveTo(clock.now() + 60_000);
    pass(1000);
    expect(heard).toEqual(['appeared i1 db 1']);
    pass(6000);
    expect(heard.slice(1)).toEqual(['ended i1 db 1 noconnection', 'down other i1']);
  });

  test('is not held against them while the broker takes nothing from anybody', () => {
    const { said, heard, peers, alive, pass } = host();
    alive('i1', [DB]);
    said.length = 0;
    peers.muted(true);
    pass(60_000);
    expect(said).toEqual([]);
    peers.muted(false);
    expect(said.map(({ kind }) => kind)).toEqual(['alive']);
    pass(4000);
    expect(heard).toEqual(['appeared i1 db 1']);
    pass(2000);
    expect(heard).toHaveLength(3);
  });

  test('is answered when somebody new asks, and said with each heartbeat', () => {
    const { said, peers, pass } = host();
    expect(said.map(({ kind }) => kind)).toEqual(['hello']);
    peers.heard({ kind: 'hello', host: 'other', incarnation: 'i1', exports: [], ended: [] });
    expect(said.map(({ kind }) => kind)).toEqual(['hello', 'alive']);
    pass(3000);
    expect(said).toHaveLength(5);
  });

  test('includes that it was buried itself, and that another uses its id', () => {
    const { heard, peers } = host();
    peers.heard({ kind: 'alive', host: 'own', incarnation: 'o1', exports: [DB], ended: [] });
    peers.heard({ kind: 'buried', host: 'own', incarnation: 'o1' });
    peers.heard({ kind: 'buried', host: 'own', incarnation: 'o0' });
    peers.heard({ kind: 'alive', host: 'own', incarnation: 'x1', exports: [], ended: [] });
    expect(heard).toEqual(['buried', 'clash x1']);
  });
});
