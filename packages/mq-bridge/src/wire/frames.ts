/**
 * What the bridges say to each other, as bytes: frames, which carry the messages of one stream to one queue, and
 * presence. docs/wire.md is the page for other languages. What is not known is ignored; what is broken throws
 * `CallError` `malformed`.
 */
import type { CallError } from '@espalier/core';
import { decodeValue, CborDecoder, malformed } from './cbor-decode.js';
import { encodeValue } from './cbor-encode.js';
import { CborWriter, MAJOR } from './cbor-writer.js';
import type { ShortTexts } from './short-texts.js';

export const WIRE_VERSION = 1;

/** Room for it; it may be larger. */
const FRAME_HEAD_BYTES = 128;

type CallErrorCode = CallError['code'];

/** The first number of an item says what it is. */
export const ITEM = {
  message: 0,
  cast: 1,
  call: 2,
  reply: 3,
  failure: 4,
  cancel: 5,
  exit: 6,
  kill: 7,
  link: 8,
  unlink: 9,
} as const;

export type Item =
  | { readonly kind: 'message'; readonly value: unknown }
  | { readonly kind: 'cast'; readonly operation: string; readonly parameters: readonly unknown[] }
  | {
      readonly kind: 'call';
      /** Of the sending host; the answer goes to its inbox. */
      readonly call: number;
      readonly operation: string;
      readonly parameters: readonly unknown[];
    }
  | { readonly kind: 'reply'; readonly call: number; readonly value: unknown }
  | {
      readonly kind: 'failure';
      readonly call: number;
      readonly code: CallErrorCode;
      readonly message: string;
      readonly cause: unknown;
    }
  | { readonly kind: 'cancel'; readonly call: number }
  /** An exit signal. */
  | {
      readonly kind: 'exit';
      readonly tag: string;
      readonly detail: unknown;
      /** Who was linked has ended, and nobody of the sending incarnation is linked any more. */
      readonly isLast: boolean;
    }
  /** `link`: somebody of the sending incarnation is linked, who was the first; `unlink`: nobody is any more. */
  | { readonly kind: 'link' | 'unlink' }
  /** Whoever has that life of the mailbox. */
  | { readonly kind: 'kill'; readonly name: string; readonly life: number }
  /** Of a later version: ignored. */
  | { readonly kind: 'unknown' };

export interface Frame {
  /** Who sends, and which of his streams it is; never used twice. */
  readonly stream: string;
  /** 1, 2, 3, … in the stream. */
  readonly seq: number;
  /** Every frame below this one was confirmed by the broker before this one was published. */
  readonly low: number;
  readonly items: readonly Item[];
}

/** Throws `CallError` `value_refused`, `too_large`. */
export function encodeItem(item: Item, maxBytes: number, out?: CborWriter): Buffer {
  return encodeValue(fieldsOf(item), maxBytes, out);
}

function fieldsOf(item: Item): readonly unknown[] {
  switch (item.kind) {
    case 'message':
      return [ITEM.message, item.value];
    case 'cast':
      return [ITEM.cast, item.operation, item.parameters];
    case 'call':
      return [ITEM.call, item.call, item.operation, item.parameters];
    case 'reply':
      return [ITEM.reply, item.call, item.value];
    case 'failure':
      return [ITEM.failure, item.call, item.code, item.message, item.cause];
    case 'cancel':
      return [ITEM.cancel, item.call];
    case 'exit':
      return [ITEM.exit, item.tag, item.detail, item.isLast];
    case 'kill':
      return [ITEM.kill, item.name, item.life];
    case 'link':
    case 'unlink':
      return [ITEM[item.kind]];
    case 'unknown':
      return [-1];
  }
}

export function encodeFrame(stream: string, seq: number, low: number, items: readonly Uint8Array[]): Buffer {
  let bytes = FRAME_HEAD_BYTES;
  for (const item of items) bytes += item.length;
  const out = new CborWriter(bytes);
  out.head(MAJOR.array, 4 + items.length);
  out.head(MAJOR.unsigned, WIRE_VERSION);
  out.text(stream);
  out.head(MAJOR.unsigned, seq);
  out.head(MAJOR.unsigned, low);
  for (const item of items) out.raw(item);
  return out.finish();
}

/** @param texts of the frames before */
export function decodeFrame(bytes: Uint8Array, texts?: ShortTexts): Frame {
  const decoder = new CborDecoder(bytes, texts);
  const length = decoder.arrayLength();
  if (length < 4) throw malformed('a frame without its head');
  if (decoder.value() !== WIRE_VERSION) throw malformed('a frame of another version');
  const stream = decoder.value();
  const seq = decoder.value();
  const low = decoder.value();
  if (typeof stream !== 'string' || !isCount(seq) || !isCount(low) || low > seq)
    throw malformed('a frame with a broken head');
  const items: Item[] = [];
  for (let left = length - 4; left > 0; left--) items.push(itemOf(decoder.value()));
  if (!decoder.atEnd) throw malformed('bytes follow the frame');
  return { stream, seq, low, items };
}

function itemOf(fields: unknown): Item {
  if (!Array.isArray(fields)) throw malformed('an item that is no array');
  const [kind, first, second, third, fourth] = fields as unknown[];
  switch (kind) {
    case ITEM.message:
      return { kind: 'message', value: first };
    case ITEM.cast:
      if (typeof first !== 'string' || !Array.isArray(second)) break;
      return { kind: 'cast', operation: first, parameters: second };
    case ITEM.call:
      if (!isCount(first) || typeof second !== 'string' || !Array.isArray(third)) break;
      return { kind: 'call', call: first, operation: second, parameters: third };
    case ITEM.reply:
      if (!isCount(first)) break;
      return { kind: 'reply', call: first, value: second };
    case ITEM.failure:
      if (!isCount(first) || typeof second !== 'string' || typeof third !== 'string') break;
      return { kind: 'failure', call: first, code: second as CallErrorCode, message: third, cause: fourth };
    case ITEM.cancel:
      if (!isCount(first)) break;
      return { kind: 'cancel', call: first };
    case ITEM.exit:
      if (typeof first !== 'string') break;
      return { kind: 'exit', tag: first, detail: second, isLast: third === true };
    case ITEM.kill:
      if (typeof first !== 'string' || !isCount(second)) break;
      return { kind: 'kill', name: first, life: second };
    case ITEM.link:
      return { kind: 'link' };
    case ITEM.unlink:
      return { kind: 'unlink' };
    default:
      if (typeof kind === 'number') return { kind: 'unknown' };
  }
  throw malformed('a broken item');
}

/** What a host exports: a name, and the life of the mailbox that has it now. */
export interface Exported {
  readonly name: string;
  /** 1, 2, 3, … on its host. */
  readonly life: number;
}

export interface Ended extends Exported {
  readonly tag: string;
  readonly detail: unknown;
}

export interface Announced {
  readonly exports: readonly Exported[];
  /** The lives that ended last, and why. */
  readonly ended: readonly Ended[];
  /** Exported names whose holder is being started, for the first time or again: who sends to them may wait. */
  readonly awaited?: readonly string[] | undefined;
  /** What the host's directory says to those of others. */
  readonly notice?: Uint8Array | undefined;
}

export type Presence =
  /** `alive` is said again and again, `hello` at first: whoever hears it says `alive` at once. */
  | (Announced & {
      readonly kind: 'alive' | 'hello';
      readonly host: string;
      readonly incarnation: string;
    })
  | { readonly kind: 'bye'; readonly host: string; readonly incarnation: string }
  /** Somebody has declared that incarnation down: it must not go on as if nothing had been. */
  | { readonly kind: 'buried'; readonly host: string; readonly incarnation: string };

const MAX_PRESENCE_BYTES = 1024 * 1024;
const KEY_BYTES = 32;

/** What `alive` and `hello` say beside: by it a session is begun, and what is played back is known for it. */
export interface Introduction {
  /** 1, 2, 3, …: grows with each presence of an incarnation. */
  readonly count: number;
  /** The incarnation's X25519 public key, 32 bytes. */
  readonly key: Uint8Array;
}

export interface IntroducedPresence {
  readonly presence: Presence;
  /** With `alive` and `hello`, and only with them. */
  readonly introduction: Introduction | undefined;
}

export function encodePresence({ presence, introduction }: IntroducedPresence): Buffer {
  const { notice, ...said }: Presence & Pick<Announced, 'notice'> = presence;
  const noticed = notice === undefined ? {} : { notice: new Uint8Array(notice).buffer };
  return encodeValue(
    { version: WIRE_VERSION, ...said, ...noticed, ...wireForm(introduction) },
    MAX_PRESENCE_BYTES,
  );
}

function wireForm(introduction: Introduction | undefined): Record<string, unknown> {
  if (introduction === undefined) return {};
  return { count: introduction.count, key: new Uint8Array(introduction.key).buffer };
}

/** Undefined for what a later version says. */
export function decodePresence(bytes: Uint8Array): IntroducedPresence | undefined {
  if (bytes.length > MAX_PRESENCE_BYTES) throw malformed('a presence that is too large');
  const fields = decodeValue(bytes);
  if (typeof fields !== 'object' || fields === null) throw malformed('a presence that is no map');
  const { version, kind, host, incarnation, exports, ended, awaited, notice, count, key } = fields as Record<
    string,
    unknown
  >;
  if (version !== WIRE_VERSION) return undefined;
  if (typeof host !== 'string' || typeof incarnation !== 'string') throw malformed('a presence of nobody');
  if (kind === 'bye' || kind === 'buried')
    return { presence: { kind, host, incarnation }, introduction: undefined };
  if (kind !== 'alive' && kind !== 'hello') return undefined;
  if (!isCount(count) || !(key instanceof ArrayBuffer) || key.byteLength !== KEY_BYTES)
    throw malformed('a presence without count and key');
  const presence: Presence = {
    kind,
    host,
    incarnation,
    exports: listOf(exports, exportedOf),
    ended: listOf(ended, (item) => {
      const tag = item['tag'];
      if (typeof tag !== 'string') throw malformed('an end without a reason');
      return { ...exportedOf(item), tag, detail: item['detail'] };
    }),
    ...(awaited === undefined ? {} : { awaited: namesOf(awaited) }),
    ...(notice instanceof ArrayBuffer ? { notice: new Uint8Array(notice) } : {}),
  };
  return { presence, introduction: { count, key: new Uint8Array(key) } };
}

function exportedOf({ name, life }: Record<string, unknown>): Exported {
  if (typeof name !== 'string' || !isCount(life)) throw malformed('an export without a name');
  return { name, life };
}

function namesOf(list: unknown): string[] {
  const isNames = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every((name) => typeof name === 'string');
  if (!isNames(list)) throw malformed('no list of names');
  return list;
}

function listOf<T>(list: unknown, read: (item: Record<string, unknown>) => T): T[] {
  if (!Array.isArray(list)) throw malformed('no list');
  return list.map((item: unknown) => {
    if (typeof item !== 'object' || item === null) throw malformed('a list of something else');
    return read(item as Record<string, unknown>);
  });
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;
}
