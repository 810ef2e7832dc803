/**
 * The part of DNS that DNS-SD over multicast needs, as data; `dns-packet` does the bytes. Its types stay behind
 * this file, so that nobody who uses us needs them.
 */
import {
  decode,
  encode,
  encodingLength,
  type Answer,
  type Packet as RawPacket,
  type Question as RawQuestion,
} from 'dns-packet';

export interface Question {
  readonly name: string;
  readonly type: string;
}

interface RecordHead {
  readonly name: string;
  /** Seconds; 0 is a goodbye. */
  readonly ttl: number;
  /** All others of that name and type are void (the cache-flush bit): set for what has one owner. */
  readonly flush: boolean;
}

export type DnsRecord = RecordHead &
  (
    | { readonly type: 'PTR'; readonly target: string }
    | { readonly type: 'SRV'; readonly target: string; readonly port: number }
    | { readonly type: 'TXT'; readonly strings: readonly Uint8Array[] }
    | { readonly type: 'A' | 'AAAA'; readonly address: string }
  );

export interface Packet {
  readonly kind: 'query' | 'response';
  readonly questions: readonly Question[];
  readonly answers: readonly DnsRecord[];
  /** In a query: what a probe is about to claim. */
  readonly authorities?: readonly DnsRecord[];
  readonly additionals?: readonly DnsRecord[];
}

/** With IPv6 and UDP heads this stays within the 1,500 bytes of an Ethernet frame. */
export const MAX_PACKET_BYTES = 1400;

const AUTHORITATIVE = 1 << 10;

export function encodePacket(packet: Packet): Buffer {
  return encode(rawPacket(packet));
}

/** Nothing where the bytes are no DNS packet. Records of other types are left out. */
export function decodePacket(bytes: Buffer): Packet | undefined {
  try {
    const { type, questions = [], answers = [], authorities = [], additionals = [] } = decode(bytes);
    return {
      kind: type === 'response' ? 'response' : 'query',
      questions: questions.map(({ name, type: asked }) => ({ name, type: asked })),
      answers: answers.flatMap(readRecord),
      authorities: authorities.flatMap(readRecord),
      additionals: additionals.flatMap(readRecord),
    };
  } catch {
    return undefined;
  }
}

/** Packets that hold all these records and are each small enough for one frame. */
export function packRecords(records: readonly DnsRecord[]): Packet[] {
  const packets: DnsRecord[][] = [[]];
  for (const record of records) {
    const last = packets.at(-1) ?? [];
    if (last.length === 0 || fitsFrame(response([...last, record]))) last.push(record);
    else packets.push([record]);
  }
  return packets.filter((answers) => answers.length > 0).map(response);
}

/** A query with as many of these known answers as one frame takes; whoever answers in vain does no harm. */
export function packQuery(questions: readonly Question[], known: readonly DnsRecord[]): Packet {
  const answers: DnsRecord[] = [];
  const query = (): Packet => ({ kind: 'query', questions, answers });
  for (const record of known) {
    answers.push(record);
    if (fitsFrame(query())) continue;
    answers.pop();
    break;
  }
  return query();
}

export function fitsFrame(packet: Packet): boolean {
  return encodingLength(rawPacket(packet)) <= MAX_PACKET_BYTES;
}

/** Names of DNS are equal whatever their case. */
export function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function response(answers: readonly DnsRecord[]): Packet {
  return { kind: 'response', questions: [], answers };
}

function rawPacket({ kind, questions, answers, authorities = [], additionals = [] }: Packet): RawPacket {
  return {
    type: kind,
    // RFC 6762, section 18: the id is 0, and responses are authoritative.
    id: 0,
    flags: kind === 'response' ? AUTHORITATIVE : 0,
    questions: questions.map(({ name, type }) => ({ name, type: type as RawQuestion['type'] })),
    answers: answers.map(rawRecord),
    authorities: authorities.map(rawRecord),
    additionals: additionals.map(rawRecord),
  };
}

function rawRecord(record: DnsRecord): Answer {
  const { name, ttl, flush } = record;
  switch (record.type) {
    case 'PTR':
      return { name, ttl, flush, type: 'PTR', data: record.target };
    case 'SRV':
      return { name, ttl, flush, type: 'SRV', data: { target: record.target, port: record.port } };
    case 'TXT':
      return { name, ttl, flush, type: 'TXT', data: record.strings.map((bytes) => Buffer.from(bytes)) };
    case 'A':
    case 'AAAA':
      return { name, ttl, flush, type: record.type, data: record.address };
  }
}

function readRecord(answer: Answer): DnsRecord[] {
  // What dns-packet types as always there is not, for EDNS and unknown types.
  const { name, ttl = 0, flush = false } = answer as { name: string; ttl?: number; flush?: boolean };
  const head = { name, ttl, flush };
  switch (answer.type) {
    case 'PTR':
      return [{ ...head, type: 'PTR', target: answer.data }];
    case 'SRV':
      return [{ ...head, type: 'SRV', target: answer.data.target, port: answer.data.port }];
    case 'TXT': {
      const strings = [answer.data]
        .flat()
        .map((text) => (typeof text === 'string' ? Buffer.from(text) : text));
      return [{ ...head, type: 'TXT', strings }];
    }
    case 'A':
    case 'AAAA':
      return [{ ...head, type: answer.type, address: answer.data }];
    default:
      return [];
  }
}
