/**
 * The process that holds the native `mdns` package (2.7): it aborts the whole process now and then, and browsing with
 * its default resolvers always does on Node 20; so nothing else lives here. It ends with its stdin, and on every
 * error: its parent starts another one.
 *
 * The package tells that an instance has come or gone, not that its TXT data has changed; so what is known is
 * resolved again, round by round.
 */
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { nodeClock } from '@espalier/core/internal/clock.js';
import type { FromNative, ToNative } from './native-messages.js';

/** The part of the package that is used. */
interface NativeMdns {
  readonly rst: { DNSServiceResolve(): unknown };
  makeServiceType(type: string): unknown;
  createAdvertisement(
    type: unknown,
    port: number,
    options: object,
    done: (error: Error | null | undefined, registered?: { readonly name: string }) => void,
  ): NativeAdvertisement;
  createBrowser(type: unknown, options: object): NativeBrowser;
  resolve(
    service: object,
    sequence: readonly unknown[],
    done: (error: Error | undefined, found: NativeFound) => void,
  ): void;
}

interface NativeAdvertisement {
  start(): void;
  stop(): void;
  updateTXTRecord(txt: Buffer): void;
}

interface NativeBrowser {
  on(event: 'serviceUp' | 'serviceDown', listener: (found: NativeFound) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  start(): void;
}

interface NativeFound {
  readonly name: string;
  readonly type: unknown;
  readonly replyDomain: string;
  readonly interfaceIndex: number;
  readonly flags: number;
  readonly port?: number;
  readonly rawTxtRecord?: Buffer;
}

interface Offer {
  readonly advertisement: NativeAdvertisement;
  registered: boolean;
  txt: Buffer;
}

interface Seen {
  readonly type: string;
  readonly service: NativeFound;
  /** The same instance comes once per interface and family; it is gone when all of these are. */
  places: number;
  txt: string;
}

/** Instances resolved per round; with a round each 250 ms 30 instances are looked at every two seconds. */
const PER_ROUND = 4;
const ROUND_MS = 250;

// Before the package is loaded: that may throw, too.
process.on('uncaughtException', ({ message }) => fail(message));
const mdns = createRequire(import.meta.url)(process.argv[2] ?? 'mdns') as NativeMdns;
const clock = nodeClock();
const offers = new Map<string, Offer>();
const seen = new Map<string, Seen>();
let turn = 0;

function say(line: FromNative): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** The last word; the next process does better. */
function fail(why: string): void {
  process.stdout.write(`${JSON.stringify({ say: 'failed', why } satisfies FromNative)}\n`, () =>
    process.exit(1),
  );
}

function keyOf({ type, label }: { readonly type: string; readonly label: string }): string {
  return `${label}.${type}`;
}

function publish(order: ToNative & { readonly do: 'publish' }): void {
  const offer: Offer = {
    registered: false,
    txt: Buffer.from(order.txt, 'base64'),
    advertisement: mdns.createAdvertisement(
      mdns.makeServiceType(order.type),
      order.port,
      // A raw buffer: what the package makes of an object is cut at 256 bytes.
      { name: order.label, txtRecord: Buffer.from(order.txt, 'base64') },
      (error, registered) => {
        if (error) return fail(error.message);
        // Avahi knows no flag against it: who is renamed since a predecessor lingers begins anew, a little later.
        if (registered?.name !== order.label) return fail(`${order.label} is held by another program`);
        offer.registered = true;
        offer.advertisement.updateTXTRecord(offer.txt);
      },
    ),
  };
  offers.set(keyOf(order), offer);
  offer.advertisement.start();
}

function update(offer: Offer | undefined, txt: string): void {
  if (offer === undefined) return;
  offer.txt = Buffer.from(txt, 'base64');
  if (offer.registered) offer.advertisement.updateTXTRecord(offer.txt);
}

function browse(type: string): void {
  const browser = mdns.createBrowser(mdns.makeServiceType(type), {
    resolverSequence: [mdns.rst.DNSServiceResolve()],
  });
  browser.on('error', () => undefined);
  browser.on('serviceUp', (service) => {
    const key = keyOf({ type, label: service.name });
    const known = seen.get(key) ?? { type, service, places: 0, txt: '' };
    known.places += 1;
    seen.set(key, known);
    tell(known, service);
  });
  browser.on('serviceDown', ({ name: label }) => {
    const key = keyOf({ type, label });
    const known = seen.get(key);
    if (known === undefined) return;
    known.places -= 1;
    if (known.places > 0) return;
    seen.delete(key);
    say({ say: 'gone', type, label });
  });
  browser.start();
}

function tell(known: Seen, { rawTxtRecord, port = 0 }: NativeFound): void {
  const txt = rawTxtRecord?.toString('base64') ?? '';
  if (txt === '' || txt === known.txt) return;
  known.txt = txt;
  say({ say: 'found', type: known.type, label: known.service.name, port, txt });
}

function look(known: Seen): void {
  const { name, type, replyDomain, interfaceIndex, flags } = known.service;
  mdns.resolve(
    { name, type, replyDomain, interfaceIndex, flags },
    [mdns.rst.DNSServiceResolve()],
    (error, found) => {
      if (error === undefined) tell(known, found);
    },
  );
}

function round(): void {
  const all = [...seen.values()];
  for (let i = 0; i < Math.min(PER_ROUND, all.length); i += 1) {
    const known = all[(turn + i) % all.length];
    if (known !== undefined) look(known);
  }
  turn += PER_ROUND;
  clock.after(ROUND_MS, round);
}

function obey(order: ToNative): void {
  switch (order.do) {
    case 'publish':
      publish(order);
      break;
    case 'update':
      update(offers.get(keyOf(order)), order.txt);
      break;
    case 'withdraw':
      offers.get(keyOf(order))?.advertisement.stop();
      offers.delete(keyOf(order));
      break;
    case 'browse':
      browse(order.type);
      break;
    case 'refresh': {
      const known = seen.get(keyOf(order));
      if (known === undefined) break;
      // Told again though it is the same: who asks could not use it when it came, such as names before their host.
      known.txt = '';
      look(known);
    }
  }
}

createInterface({ input: process.stdin })
  .on('line', (line) => obey(JSON.parse(line) as ToNative))
  .on('close', () => process.exit(0));
round();
