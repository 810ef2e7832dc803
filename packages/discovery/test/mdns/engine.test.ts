/** mDNS as a peer on the link sees it: packets in, packets out. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock, SeededRandom } from '@espalier/core/testing';
import fc from 'fast-check';
import { MdnsEngine } from '../../src/mdns/engine.js';
import {
  decodePacket,
  encodePacket,
  type DnsRecord,
  type Packet,
  type Question,
} from '../../src/mdns/packet.js';
import type { Found } from '../../src/mdns/querier.js';
import { Problems } from '../../src/problems.js';
import { encodeTxt } from '../../src/records/txt.js';

const TYPE = '_espalier._tcp';
const TYPE_NAME = `${TYPE}.local`;
const NAME = `me.${TYPE_NAME}`;
const PEER = '10.0.0.2';

let clock: ManualClock;
let engine: MdnsEngine;
let sent: Packet[];
let problems: Problems;

beforeEach(() => {
  clock = new ManualClock();
  sent = [];
  problems = new Problems();
  engine = new MdnsEngine({ clock, random: new SeededRandom(1), hostLabel: 'host', problems });
  const addresses = [{ family: 4, address: '10.0.0.1' }] as const;
  engine.attach({ id: 'net', addresses, send: (bytes) => sent.push(decodePacket(bytes)!) });
});

function pass(ms: number): Packet[] {
  sent = [];
  const end = clock.now() + ms;
  while (clock.fireNext(end));
  clock.moveTo(end);
  return sent;
}

function ask(question: Question, answers: readonly DnsRecord[] = []): Packet[] {
  sent = [];
  engine.receive('net', encodePacket({ kind: 'query', questions: [question], answers }), PEER);
  return [...sent, ...pass(200)];
}

function answersOf(packets: readonly Packet[]): string[] {
  return packets
    .filter(({ kind }) => kind === 'response')
    .flatMap((p) => p.answers.map(({ type, name }) => `${type} ${name}`));
}

function publish() {
  return engine.publish({ type: TYPE, label: 'me', port: 5672 }, new Map([['k', 'v']]), () => undefined);
}

describe('mDNS: a link', () => {
  const told = (): string[] => problems.all.map(({ code, subject }) => `${code} ${subject}`);

  it('that carries nothing back is deaf until something comes back', () => {
    const proof = pass(10_000).find(({ questions }) => questions.some(({ name }) => name.includes('hear')));
    expect(told()).toEqual(['deaf net']);
    engine.receive('net', encodePacket(proof as Packet), '10.0.0.1');
    expect([told(), engine.status().links]).toEqual([[], [{ id: 'net', hearing: 'heard' }]]);
  });

  it('that goes takes its deafness with it', () => {
    pass(10_000);
    engine.detach('net');
    expect(told()).toEqual([]);
  });
});

describe('mDNS: answering', () => {
  it('an instance is probed three times, 250 ms apart, then announced twice, a second apart', () => {
    publish();
    const probes = (packets: readonly Packet[]): number =>
      packets.filter(({ questions }) => questions.some(({ name, type }) => name === NAME && type === 'ANY'))
        .length;
    const before = pass(749);
    expect(probes(before)).toBe(3);
    for (const { authorities = [] } of before.filter(({ questions }) => questions[0]?.type === 'ANY')) {
      expect(authorities.map(({ type, name }) => `${type} ${name}`)).toEqual([`SRV ${NAME}`, `TXT ${NAME}`]);
    }
    expect(answersOf(before)).toEqual([]);
    const announcement = [`PTR ${TYPE_NAME}`, `SRV ${NAME}`, `TXT ${NAME}`, 'A host.local'];
    expect(answersOf(pass(251))).toEqual(announcement);
    expect(answersOf(pass(5000))).toEqual(announcement);
    expect(answersOf(pass(50_000))).toEqual([]);
  });

  it('a question for the type is answered once with all that is needed; for what the asker knows, not at all', () => {
    publish();
    pass(5000);
    const question = { name: TYPE_NAME, type: 'PTR' };
    expect(answersOf(ask(question))).toEqual([`PTR ${TYPE_NAME}`, `SRV ${NAME}`, `TXT ${NAME}`]);
    expect(answersOf(ask(question))).toEqual([]);
    pass(5000);
    const known: DnsRecord = { type: 'PTR', name: TYPE_NAME, target: NAME, ttl: 4000, flush: false };
    expect(answersOf(ask(question, [known]))).toEqual([]);
    pass(5000);
    expect(answersOf(ask(question, [{ ...known, ttl: 1000 }]))).toContain(`PTR ${TYPE_NAME}`);
  });

  it('types, addresses and the instance itself can be asked for, in any case of letters', () => {
    publish();
    pass(5000);
    expect(answersOf(ask({ name: '_services._dns-sd._udp.local', type: 'PTR' }))).toEqual([
      'PTR _services._dns-sd._udp.local',
    ]);
    expect(answersOf(ask({ name: 'HOST.local', type: 'A' }))).toEqual(['A host.local']);
    expect(answersOf(ask({ name: NAME.toUpperCase(), type: 'SRV' }))).toEqual([`SRV ${NAME}`]);
    expect(answersOf(ask({ name: `you.${TYPE_NAME}`, type: 'SRV' }))).toEqual([]);
  });

  it('what is withdrawn is said goodbye to, and no more answered for', () => {
    const publication = publish();
    pass(5000);
    sent = [];
    publication.withdraw();
    expect(sent.flatMap(({ answers }) => answers.map(({ type, ttl }) => [type, ttl]))).toEqual([
      ['PTR', 0],
      ['SRV', 0],
      ['TXT', 0],
    ]);
    expect(answersOf(ask({ name: TYPE_NAME, type: 'PTR' }))).toEqual([]);
  });

  it('new TXT data is said at once', () => {
    const publication = publish();
    pass(5000);
    sent = [];
    publication.update(new Map([['k', 'new']]));
    expect(sent.flatMap(({ answers }) => answers)).toMatchObject([{ type: 'TXT', name: NAME, flush: true }]);
  });
});

describe('mDNS: asking', () => {
  it('asks at once, then at growing intervals of at most a minute, and says what it knows', () => {
    engine.browse(TYPE, { found: () => undefined, gone: () => undefined });
    const asks = (packets: readonly Packet[]) =>
      packets.filter(({ questions }) =>
        questions.some(({ name, type }) => name === TYPE_NAME && type === 'PTR'),
      );
    expect(asks(pass(120))).toHaveLength(1);
    expect(asks(pass(8000))).toHaveLength(3);
    pass(300_000);
    hear({ type: 'PTR', name: TYPE_NAME, target: NAME, ttl: 4500, flush: false });
    const [last] = asks(pass(60_000));
    expect(last?.answers).toMatchObject([{ type: 'PTR', target: NAME }]);
    expect(asks(pass(600_000))).toHaveLength(10);
  });

  it('of a type that is followed by name only it takes what it hears, and asks for no list', () => {
    const told: string[] = [];
    engine.browse(TYPE, { byNameOnly: true, found: ({ label }) => told.push(label), gone: () => undefined });
    const packets = pass(10_000);
    hear({ type: 'TXT', name: NAME, ttl: 120, flush: true, strings: [Buffer.from('k=v')] });
    expect(told).toEqual(['me']);
    expect(
      [...packets, ...pass(120_000)].flatMap(({ questions }) => questions.map(({ name }) => name)),
    ).not.toContain(TYPE_NAME);
  });

  it('tells what is found, asks for TXT data that did not come along, and tells what is gone', () => {
    const told: string[] = [];
    engine.browse(TYPE, {
      found: ({ label, strings }: Found) => told.push(`${label} ${Buffer.concat([...strings]).toString()}`),
      gone: ({ label }) => told.push(`${label} gone`),
    });
    pass(5000);
    hear({ type: 'PTR', name: TYPE_NAME, target: NAME, ttl: 120, flush: false });
    expect(pass(200).flatMap(({ questions }) => questions)).toEqual([{ name: NAME, type: 'TXT' }]);
    hear({ type: 'TXT', name: NAME, ttl: 120, flush: true, strings: encodeTxt(new Map([['k', 'v']])) });
    hear({ type: 'PTR', name: TYPE_NAME, target: NAME, ttl: 0, flush: false });
    expect(told).toEqual(['me k=v', 'me gone']);
  });

  it('what somebody is about to claim is told from his first probe on', () => {
    const told: string[] = [];
    engine.browse(TYPE, {
      found: ({ label, strings }: Found) => told.push(`${label} ${Buffer.concat([...strings]).toString()}`),
      gone: () => undefined,
    });
    const authorities: DnsRecord[] = [
      { type: 'SRV', name: NAME, ttl: 120, flush: true, target: 'host.local', port: 1 },
      { type: 'TXT', name: NAME, ttl: 120, flush: true, strings: [Buffer.from('k=v')] },
    ];
    const questions = [{ name: NAME, type: 'ANY' }];
    engine.receive('net', encodePacket({ kind: 'query', questions, answers: [], authorities }), PEER);
    expect(told).toEqual(['me k=v']);
  });

  it('an instance that nobody speaks of any more is gone when its time is over', () => {
    const told: string[] = [];
    engine.browse(TYPE, { found: () => undefined, gone: ({ label }) => told.push(label) });
    hear({ type: 'PTR', name: TYPE_NAME, target: NAME, ttl: 120, flush: false });
    pass(115_000);
    expect(told).toEqual([]);
    pass(70_000);
    expect(told).toEqual(['me']);
  });

  function hear(record: DnsRecord): void {
    engine.receive('net', encodePacket({ kind: 'response', questions: [], answers: [record] }), PEER);
  }
});

describe('mDNS: what comes from strangers', () => {
  it('bytes that are no packet are counted, and do no harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        engine.receive('net', Buffer.from(bytes), PEER);
        clock.moveTo(clock.now() + 100);
      }),
      { numRuns: 300 },
    );
    expect(engine.status().dropped.malformed).toBeGreaterThan(0);
    publish();
    expect(answersOf(pass(1001))).toContain(`SRV ${NAME}`);
  });

  it('one sender that floods is cut off, counted, and no other with it', () => {
    publish();
    pass(5000);
    const question = encodePacket({
      kind: 'query',
      questions: [{ name: 'x.local', type: 'A' }],
      answers: [],
    });
    for (let i = 0; i < 2000; i += 1) engine.receive('net', question, '10.0.0.66');
    expect(engine.status().dropped.flood).toBe(1500);
    expect(answersOf(ask({ name: NAME, type: 'SRV' }))).toEqual([`SRV ${NAME}`]);
    clock.moveTo(clock.now() + 1000);
    engine.receive('net', question, '10.0.0.66');
    expect(engine.status().dropped.flood).toBe(1500);
  });

  it('more instances than are kept push out the oldest, and the next word of a host brings it back', () => {
    const told = new Set<string>();
    engine.browse(TYPE, { found: ({ label }) => told.add(label), gone: () => undefined });
    for (let i = 0; i < 5000; i += 1) {
      const name = `forged-${i}.${TYPE_NAME}`;
      const record: DnsRecord = { type: 'PTR', name: TYPE_NAME, target: name, ttl: 4500, flush: false };
      engine.receive(
        'net',
        encodePacket({ kind: 'response', questions: [], answers: [record] }),
        `10.1.0.${i}`,
      );
      clock.moveTo(clock.now() + 1);
    }
    // Nobody makes us ask for thousands at once, either.
    expect(pass(200).filter(({ questions }) => questions[0]?.name.startsWith('forged')).length).toBe(64);
    const text: DnsRecord = { type: 'TXT', name: NAME, ttl: 120, flush: true, strings: [Buffer.from('k=v')] };
    engine.receive('net', encodePacket({ kind: 'response', questions: [], answers: [text] }), PEER);
    expect(told).toEqual(new Set(['me']));
  });
});
