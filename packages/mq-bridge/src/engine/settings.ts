/** What a bridge is told, and what it takes where it is told nothing. */
import { SpecError, type SpecProblem } from '@espalier/core';

export interface ExportSettings {
  /** The local name; the exported one by default. */
  readonly to?: string;
  /** Messages outlive broker and hosts, and are handled at least once, in order. Default: false. */
  readonly durable?: boolean;
  /** Durable: handlings in vain before a message becomes a dead letter. Default: 5. */
  readonly attempts?: number;
}

export interface ImportSettings {
  /** The local name; the exported one by default. */
  readonly as?: string;
  /** As whoever exports it says. Default: false. */
  readonly durable?: boolean;
}

export interface BridgeSettings {
  /** `amqp://user:password@host:port/vhost`, or `amqps:`. */
  readonly url: string;
  /** Bridges of one cluster see each other, and no others. */
  readonly cluster: string;
  /** The id of this host in its cluster. */
  readonly host: string;
  /** By exported name. */
  readonly exports?: Readonly<Record<string, ExportSettings>>;
  /** By exported name. */
  readonly imports?: Readonly<Record<string, ImportSettings>>;
  /** How often a host says that it is there. Milliseconds, 2000 by default. */
  readonly heartbeatMs?: number;
  /** A host that was silent for so long is down. Milliseconds, 10000 by default; at least twice `heartbeatMs`. */
  readonly downAfterMs?: number;
  /** How long a send waits for room. Milliseconds, 5000 by default. */
  readonly sendTimeoutMs?: number;
  /** The largest message, encoded. Bytes, 1 MB by default. */
  readonly messageBytes?: number;
}

export type CompleteSettings = Required<BridgeSettings>;

const MOST_MS = 2 ** 31 - 1;
const NAME = /^[^/]{1,255}$/;

/** Throws `SpecError` `spec_invalid` with every problem. The url is never repeated: it may hold a password. */
export function completeSettings(settings: BridgeSettings): CompleteSettings {
  const problems: SpecProblem[] = [];
  const problem = (path: string, value: unknown, what: string, remedy: string): void => {
    problems.push({ path, value, problem: what, remedy });
  };
  const given = (settings ?? {}) as Partial<Record<keyof BridgeSettings, unknown>>;
  if (typeof given.url !== 'string' || !/^amqps?:/.test(given.url) || !URL.canParse(given.url))
    problem('url', typeof given.url, 'must be an amqp: or amqps: address', 'Write amqp://host.');
  for (const field of ['cluster', 'host'] as const) {
    const value = given[field];
    if (typeof value !== 'string' || !NAME.test(value))
      problem(field, value, 'must be a name of 1 to 255 characters without /', 'Choose such a name.');
  }
  const number = (field: keyof BridgeSettings, fallback: number, least: number, most: number): number => {
    const value = given[field] ?? fallback;
    if (typeof value === 'number' && value >= least && value <= most) return value;
    const range = `${String(least)} to ${String(most)}`;
    problem(field, value, `must be a number from ${range}`, `Leave it out for ${String(fallback)}.`);
    return fallback;
  };
  const heartbeatMs = number('heartbeatMs', 2000, 10, MOST_MS / 2);
  const complete = {
    url: settings.url,
    cluster: settings.cluster,
    host: settings.host,
    exports: settings.exports ?? {},
    imports: settings.imports ?? {},
    heartbeatMs,
    downAfterMs: number('downAfterMs', Math.max(10_000, 2 * heartbeatMs), 2 * heartbeatMs, MOST_MS),
    sendTimeoutMs: number('sendTimeoutMs', 5000, 0, MOST_MS),
    messageBytes: number('messageBytes', 1024 * 1024, 1, 64 * 1024 * 1024),
  };
  if (problems.length > 0) {
    throw new SpecError('spec_invalid', 'the settings of the bridge have problems', problems);
  }
  return complete;
}
