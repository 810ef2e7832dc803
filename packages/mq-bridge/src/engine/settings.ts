/** What a bridge is told, and what it takes where it is told nothing. */
import { SpecError, type OverflowPolicy, type SpecProblem } from '@espalier/core';

/** Of a durable mailbox: `one` at a time, and the next when that is gone; or `many` that share the work. */
export type Holders = 'one' | 'many';

export interface ExportSettings {
  /** The local name; the exported one by default. */
  readonly to?: string;
  /** Messages outlive broker and hosts, and are handled at least once, in order. Default: false. */
  readonly durable?: boolean;
  /** Durable: how many hosts take from it. Default: `one`, in order; with `many` there is no order. */
  readonly holders?: Holders;
  /** Durable: handlings in vain before a message becomes a dead letter. Default: 5. */
  readonly attempts?: number;
}

export interface ImportSettings {
  /** The local name; the exported one by default. */
  readonly as?: string;
  /** As whoever exports it says. Default: false. */
  readonly durable?: boolean;
  /** As whoever exports it says. Default: `one`. */
  readonly holders?: Holders;
  /** What a sender here meets when there is no room on the way. Default: `block`. */
  readonly overflow?: OverflowPolicy;
  /** How long a sender waits with `block`. Milliseconds, 5000 by default. */
  readonly sendTimeoutMs?: number;
}

/** Files in PEM, read anew for each connection. */
export interface TlsSettings {
  /** Of the authority that has signed the broker's certificate. Default: those that Node knows. */
  readonly ca?: string;
  /** Of this host, where the broker asks for one; with `key`. */
  readonly certificate?: string;
  readonly key?: string;
  /** The name that stands in the broker's certificate. Default: the host of `url`. */
  readonly serverName?: string;
}

export interface BridgeSettings {
  /**
   * `amqp://user:password@host:port/vhost`, or `amqps:`; several where the broker is a cluster. Without a user the login is
   * what the ticket says; else the client certificate, if there is one; else RabbitMQ's own, `guest`.
   */
  readonly url: string | readonly string[];
  /** For `amqps:`. */
  readonly tls?: TlsSettings;
  /** File with the host's private key (PEM, as `createKeyPair` makes it): who this host is. No two may use the same. */
  readonly key: string;
  /** File with the join ticket for that key: the cluster, whose bridges see each other and no others. */
  readonly ticket: string;
  /** File with the list of revoked hosts, looked at again and again. Default: none is revoked. */
  readonly revoked?: string;
  /** By exported name. */
  readonly exports?: Readonly<Record<string, ExportSettings>>;
  /** By exported name. */
  readonly imports?: Readonly<Record<string, ImportSettings>>;
  /** The broker is a cluster: durable mailboxes are kept by several of its nodes. The same on all hosts. Default: false. */
  readonly replicated?: boolean;
  /** How often a host says that it is there. Milliseconds, 2000 by default. */
  readonly heartbeatMs?: number;
  /** A host that was silent for so long is down. Milliseconds, 10000 by default; at least twice `heartbeatMs`. */
  readonly downAfterMs?: number;
  /** The largest message, encoded. Bytes, 1 MB by default. */
  readonly messageBytes?: number;
}

type Place = Pick<BridgeSettings, 'url' | 'tls' | 'key' | 'ticket' | 'revoked'>;
/** What a bridge does, whoever it is and wherever its broker. */
export type BridgeTerms = Omit<BridgeSettings, keyof Place>;
export type CompleteTerms = Required<BridgeTerms>;
export interface CompleteSettings extends CompleteTerms, Omit<Place, 'url'> {
  readonly urls: readonly string[];
  readonly tls: TlsSettings;
}

type Fits = (value: unknown) => boolean;
const isName: Fits = (value) => typeof value === 'string' && value.length > 0 && value.length <= 255;
const isFlag: Fits = (value) => typeof value === 'boolean';
const isCount: Fits = (value) => typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
const MOST_MS = 2 ** 31 - 1;
const isDuration: Fits = (value) => value === 0 || (isCount(value) && (value as number) <= MOST_MS);
const OVERFLOWS: readonly OverflowPolicy[] = ['block', 'reject', 'drop-newest', 'drop-oldest'];
const isOverflow: Fits = (value) => OVERFLOWS.includes(value as OverflowPolicy);
const isUrl: Fits = (value) => typeof value === 'string' && /^amqps?:/.test(value) && URL.canParse(value);
const isHolders: Fits = (value) => value === 'one' || value === 'many';
const EXPORT_FIELDS: Readonly<Record<string, Fits>> = {
  to: isName,
  durable: isFlag,
  holders: isHolders,
  attempts: isCount,
};
const IMPORT_FIELDS: Readonly<Record<string, Fits>> = {
  as: isName,
  durable: isFlag,
  holders: isHolders,
  overflow: isOverflow,
  sendTimeoutMs: isDuration,
};

const TLS_FIELDS = ['ca', 'certificate', 'key', 'serverName'];
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const MOST_PATH = 4096;

/** Throws `SpecError` `spec_invalid` with every problem. The url is never repeated: it may hold a password. */
export function completeSettings(settings: BridgeSettings): CompleteSettings {
  const own = (settings as BridgeSettings | undefined) ?? ({} as BridgeSettings);
  const problems = problemsOfPlace(own);
  const terms = read(own, problems);
  throwIfAny(problems);
  const { url, tls = {}, key, ticket, revoked } = own;
  const urls = typeof url === 'string' ? [url] : url;
  return { urls, tls, key, ticket, ...(revoked === undefined ? {} : { revoked }), ...terms };
}

/** The same, of a bridge that learns elsewhere who and where it is. */
export function completeTerms(terms: BridgeTerms): CompleteTerms {
  const problems: SpecProblem[] = [];
  const complete = read(terms, problems);
  throwIfAny(problems);
  return complete;
}

function throwIfAny(problems: readonly SpecProblem[]): void {
  if (problems.length === 0) return;
  throw new SpecError('spec_invalid', 'the settings of the bridge have problems', problems);
}

function problemsOfPlace(given: Partial<Record<keyof Place, unknown>>): SpecProblem[] {
  const problems: SpecProblem[] = [];
  const problem = (path: string, value: unknown, what: string, remedy: string): void => {
    problems.push({ path, value, problem: what, remedy });
  };
  const urls: readonly unknown[] = Array.isArray(given.url) ? given.url : [given.url];
  if (urls.length === 0 || !urls.every(isUrl))
    problem('url', typeof given.url, 'must be an amqp: or amqps: address, or some', 'Write amqp://host.');
  const tls: Readonly<Record<string, unknown>> = isRecord(given.tls) ? given.tls : {};
  if (given.tls !== undefined && !isRecord(given.tls))
    problem('tls', typeof given.tls, 'must be an object', 'Write { ca, certificate, key, serverName }.');
  for (const field of Object.keys(tls))
    if (!TLS_FIELDS.includes(field))
      problem(`tls.${field}`, undefined, 'is no field', `The fields are ${TLS_FIELDS.join(', ')}.`);
  if ((tls['certificate'] === undefined) !== (tls['key'] === undefined))
    problem(
      'tls',
      Object.keys(tls),
      'must have both or neither of certificate and key',
      'Add the other one.',
    );
  if (tls['serverName'] !== undefined && !isName(tls['serverName']))
    problem(
      'tls.serverName',
      tls['serverName'],
      'must be the name of a host',
      'Write what the certificate says.',
    );
  if (given.tls !== undefined && urls.some((url) => isUrl(url) && !(url as string).startsWith('amqps:')))
    problem('tls', undefined, 'is for amqps: addresses only', 'Write amqps: in url, or leave out tls.');
  const { key, ticket, revoked } = given;
  const { ca, certificate, key: tlsKey } = tls;
  const files = { key, ticket, revoked, 'tls.ca': ca, 'tls.certificate': certificate, 'tls.key': tlsKey };
  for (const [field, value] of Object.entries(files)) {
    if (value === undefined && field !== 'key' && field !== 'ticket') continue;
    // A secret may have been written here instead of the name of its file.
    if (typeof value !== 'string' || value === '' || value.length > MOST_PATH || /[\n\0]/.test(value))
      problem(
        field,
        typeof value,
        'must be the path of a file',
        'Write it to a file, and here the path of that.',
      );
  }
  return problems;
}

function read(own: BridgeTerms, problems: SpecProblem[]): CompleteTerms {
  const given: Partial<Record<keyof BridgeTerms, unknown>> = own;
  const problem = (path: string, value: unknown, what: string, remedy: string): void => {
    problems.push({ path, value, problem: what, remedy });
  };
  if (given.replicated !== undefined && !isFlag(given.replicated))
    problem('replicated', given.replicated, 'must be true or false', 'Leave it out for false.');
  const number = (field: keyof BridgeTerms, fallback: number, least: number, most: number): number => {
    const value = given[field] ?? fallback;
    if (typeof value === 'number' && value >= least && value <= most) return value;
    const range = `${String(least)} to ${String(most)}`;
    problem(field, value, `must be a number from ${range}`, `Leave it out for ${String(fallback)}.`);
    return fallback;
  };
  const heartbeatMs = number('heartbeatMs', 2000, 10, MOST_MS / 2);
  const complete = {
    exports: own.exports ?? {},
    imports: own.imports ?? {},
    replicated: own.replicated === true,
    heartbeatMs,
    downAfterMs: number('downAfterMs', Math.max(10_000, 2 * heartbeatMs), 2 * heartbeatMs, MOST_MS),
    messageBytes: number('messageBytes', 1024 * 1024, 1, 64 * 1024 * 1024),
  };
  for (const [field, fields] of [
    ['exports', EXPORT_FIELDS],
    ['imports', IMPORT_FIELDS],
  ] as const) {
    for (const [name, how] of Object.entries(complete[field]) as [string, unknown][]) {
      const path = `${field}.${name}`;
      if (typeof how !== 'object' || how === null) {
        problem(path, how, 'must be an object', 'Write {} for the defaults.');
        continue;
      }
      for (const [key, value] of Object.entries(how) as [string, unknown][]) {
        const fits = Object.hasOwn(fields, key) ? fields[key] : undefined;
        const known = Object.keys(fields).join(', ');
        if (fits === undefined) problem(`${path}.${key}`, value, 'is no field', `The fields are ${known}.`);
        else if (!fits(value))
          problem(`${path}.${key}`, value, 'is not what it must be', 'See docs/bridge.md.');
      }
    }
  }
  return complete;
}
