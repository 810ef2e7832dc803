/**
 * A part of a host's directory as it goes over the broker: the names that changed after version `from`, up to version
 * `to`, in that order, each once, as it is now. From 0 on it is all that the host offers. It is signed with host,
 * epoch and both versions, so a part can be taken for no other.
 *
 *   question  {"v":1,"e":epoch,"from":version,"base":version}
 *   answer    {"body":"{\"v\":1,\"h\":host,\"e\":epoch,\"from\":…,\"to\":…,\"head\":…,\"n\":[[name,incarnation,holding]|[name],…]}","s":signature}
 *
 * A name alone is withdrawn.
 */
import type { Holding } from '@espalier/core/directory';
import { isSignedBy, signBytes } from '@espalier/core/identity';
import { epochText, readEpoch, type Epoch, type Refusal } from './host-record.js';
import { MAX_NAME_BYTES, type ExportedName } from './names-page.js';

export interface NamesChange {
  readonly host: string;
  readonly epoch: Epoch;
  readonly from: number;
  readonly to: number;
  /** The last version there was. What lies beyond `to` has to be asked for. */
  readonly head: number;
  readonly names: readonly NameChange[];
}

/** What a name is now; nothing where it was withdrawn. */
export interface NameChange {
  readonly name: string;
  readonly entry: ExportedName | undefined;
}

export interface NamesQuestion {
  readonly epoch: Epoch;
  readonly from: number;
  /** No withdrawal up to that version is missing: who is told everything knows of those before he began. */
  readonly base: number;
}

/** So many bytes of names go into one answer. */
export const CHANGE_BYTES = 48_000;
const MAX_QUESTION_BYTES = 200;
const MAX_ANSWER_BYTES = 64 * 1024;
const PURPOSE = 'espalier directory 1\n';
const HOLDINGS: readonly unknown[] = ['unique', 'host', 'many'] satisfies Holding[];

export function encodeQuestion({ epoch, from, base }: NamesQuestion): Buffer {
  return Buffer.from(JSON.stringify({ v: 1, e: epochText(epoch), from, base }));
}

/** Nothing where it is no question. */
export function decodeQuestion(bytes: Uint8Array): NamesQuestion | undefined {
  const { v, e, from, base } = readObject(bytes, MAX_QUESTION_BYTES) ?? {};
  const epoch = typeof e === 'string' ? readEpoch(e) : undefined;
  if (v !== 1 || epoch === undefined || !isVersion(from) || !isVersion(base)) return undefined;
  return { epoch, from, base };
}

export function sealNamesChange(change: NamesChange, privateKey: string): Buffer {
  const { host, epoch, from, to, head, names } = change;
  const n = names.map(({ name, entry }) =>
    entry === undefined ? [name] : [name, entry.incarnation, entry.holding],
  );
  const body = JSON.stringify({ v: 1, h: host, e: epochText(epoch), from, to, head, n });
  return Buffer.from(JSON.stringify({ body, s: signBytes(privateKey, signedBytes(body)) }));
}

/** Reads, and checks the signature of the host that holds this key. */
export function openNamesChange(bytes: Uint8Array, publicKey: string): NamesChange | Refusal {
  const { body, s } = readObject(bytes, MAX_ANSWER_BYTES) ?? {};
  if (typeof body !== 'string') return 'malformed';
  if (typeof s !== 'string') return 'unsigned';
  if (!isSignedBy(publicKey, signedBytes(body), s)) return 'forged';
  const { v, h, e, from, to, head, n } = readObject(Buffer.from(body), MAX_ANSWER_BYTES) ?? {};
  const epoch = typeof e === 'string' ? readEpoch(e) : undefined;
  if (v !== 1 || typeof h !== 'string' || epoch === undefined || !Array.isArray(n)) return 'malformed';
  if (!isVersion(from) || !isVersion(to) || !isVersion(head)) return 'malformed';
  if (to < from || head < to) return 'malformed';
  const names = n.map(readName);
  if (!names.every((change) => change !== undefined)) return 'malformed';
  return { host: h, epoch, from, to, head, names };
}

function readName(value: unknown): NameChange | undefined {
  if (!Array.isArray(value)) return undefined;
  const [name, incarnation, holding] = value as unknown[];
  if (typeof name !== 'string' || name === '' || Buffer.byteLength(name) > MAX_NAME_BYTES) return undefined;
  if (value.length === 1) return { name, entry: undefined };
  if (!isVersion(incarnation) || !HOLDINGS.includes(holding)) return undefined;
  return { name, entry: { name, incarnation, holding: holding as Holding } };
}

function isVersion(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function signedBytes(body: string): Buffer {
  return Buffer.from(PURPOSE + body);
}

function readObject(bytes: Uint8Array, most: number): Record<string, unknown> | undefined {
  if (bytes.byteLength > most) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
