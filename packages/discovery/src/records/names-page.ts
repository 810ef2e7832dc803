/**
 * The names that a host exports, a page of them in the TXT data of each instance `<host id>-<page>._espalier-name._tcp.local`.
 * Pages, because a signature for each name would be most of what goes over the link. A page counts for the epoch it
 * was signed in, and only while the host lives.
 *
 *   v=1  e=epoch  d=version  n0=<incarnation>.<holding><name>  n1=…  s=signature
 */
import { HostError } from '@espalier/core';
import type { Holding } from '@espalier/core/directory';
import { epochText, MAX_PAGES, readEpoch, type Epoch, type Refusal } from './host-record.js';
import { isUnsigned, MAX_TXT_STRING, signTxt, type Txt } from './txt.js';

export interface ExportedName {
  readonly name: string;
  readonly holding: Holding;
  /** Grows with each life of what is behind the name, on this host or another. */
  readonly incarnation: number;
}

export interface NamesPage {
  readonly host: string;
  readonly index: number;
  readonly epoch: Epoch;
  readonly version: number;
  readonly names: readonly ExportedName[];
}

export const NAMES_TYPE = '_espalier-name._tcp';
export const NAMES_PURPOSE = 'espalier names 1';
/** A name has 1 to so many bytes of UTF-8. */
export const MAX_NAME_BYTES = 100;

/** So many bytes of names make a page: with signature and the records around it a packet stays below 1,300. */
export const PAGE_BYTES = 800;

const LETTERS = { unique: 'u', host: 'h', many: 'm' } as const satisfies Record<Holding, string>;
const HOLDINGS = new Map(Object.entries(LETTERS).map(([holding, letter]) => [letter, holding as Holding]));
const ENTRY = /^([\da-z]{1,11})\.([uhm])(.+)$/su;
const INSTANCE = /^([\da-f]{32})-(\d{1,2})$/;

export function pageInstance(host: string, index: number): string {
  return `${host}-${index}`;
}

/** Host and index of a page, from its instance's name. */
export function readPageInstance(instance: string): { host: string; index: number } | undefined {
  const [, host, index] = INSTANCE.exec(instance) ?? [];
  if (host === undefined || Number(index) >= MAX_PAGES) return undefined;
  return { host, index: Number(index) };
}

export function sealNamesPage(page: NamesPage, privateKey: string): Txt {
  const txt = new Map([
    ['v', '1'],
    ['e', epochText(page.epoch)],
    ['d', String(page.version)],
    ...page.names.map((entry, i): [string, string] => [`n${i}`, entryText(entry)]),
  ]);
  return signTxt(NAMES_PURPOSE, pageInstance(page.host, page.index), txt, privateKey);
}

/** Reads, and checks everything but the signature. */
export function readNamesPage(instance: string, txt: Txt): NamesPage | Refusal {
  const place = readPageInstance(instance);
  const epoch = readEpoch(txt.get('e'));
  const version = txt.get('d') ?? '';
  if (isUnsigned(txt)) return 'unsigned';
  if (place === undefined || epoch === undefined || txt.get('v') !== '1' || !/^\d{1,9}$/.test(version)) {
    return 'malformed';
  }
  const names: ExportedName[] = [];
  for (let i = 0; txt.has(`n${i}`); i += 1) {
    const entry = readEntry(txt.get(`n${i}`) ?? '');
    if (entry === undefined) return 'malformed';
    names.push(entry);
  }
  return { ...place, epoch, version: Number(version), names };
}

/** How many bytes of a page a name takes. */
export function entryBytes(entry: ExportedName): number {
  return Buffer.byteLength(entryText(entry)) + 6;
}

/** @throws HostError `host_unfit` (`field: name`) for what no record takes */
export function checkName(name: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes >= 1 && bytes <= MAX_NAME_BYTES && !/[\p{Cc}\p{Cs}]/u.test(name)) return;
  throw new HostError(
    'host_unfit',
    'A name that is advertised has 1 to 100 bytes and no control characters',
    {
      field: 'name',
      value: name,
      remedy: 'Choose a shorter name, or advertise a hash of it.',
    },
  );
}

function entryText({ name, holding, incarnation }: ExportedName): string {
  return `${incarnation.toString(36)}.${LETTERS[holding]}${name}`;
}

function readEntry(text: string): ExportedName | undefined {
  const [, incarnation, letter, name] = ENTRY.exec(text) ?? [];
  const holding = HOLDINGS.get(letter as 'u');
  if (incarnation === undefined || name === undefined || holding === undefined) return undefined;
  const number = Number.parseInt(incarnation, 36);
  if (!Number.isSafeInteger(number) || Buffer.byteLength(text) > MAX_TXT_STRING) return undefined;
  return Buffer.byteLength(name) > MAX_NAME_BYTES ? undefined : { name, holding, incarnation: number };
}
