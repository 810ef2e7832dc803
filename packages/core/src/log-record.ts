/**
 * What an environment logs. A record travels as one JSON text beside what the environment prints, in the same
 * way and under the same quota; so nothing on its way knows more of it than that it is whole or not there.
 */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogRecord {
  readonly level: LogLevel;
  /** At most 8,192 UTF-16 units; may have line feeds. */
  readonly text: string;
  /** What JSON has a form for; at most 8,192 characters of it. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Why not all is here that was given: the rest of the text is cut off, or the fields are left out. */
  readonly incomplete?: string;
}

const LONGEST = 8192;

/** Never throws, and never more than a bounded text: an environment does not end because of what it has logged. */
export function encodeLogRecord(level: LogLevel, text: string, fields: unknown): string {
  let incomplete = text.length > LONGEST ? `the text had ${text.length} characters` : undefined;
  let written: string | undefined;
  try {
    written = fields === undefined ? undefined : JSON.stringify(fields, readable);
    if (written !== undefined && written.length > LONGEST) {
      incomplete = `the fields had ${written.length} characters`;
      written = undefined;
    }
  } catch (error) {
    // A cycle, or a getter of the guest's own that throws whatever it likes.
    incomplete = `the fields cannot be written${error instanceof TypeError ? ': they have a cycle, or throw' : ''}`;
    written = undefined;
  }
  const record = JSON.stringify({ level, text: text.slice(0, LONGEST), incomplete });
  return written === undefined ? record : `${record.slice(0, -1)},"fields":${written}}`;
}

/** The record. Of a thread that has forged one: what it has sent, as a text. */
export function readLogRecord(written: string): LogRecord {
  return recordIn(written) ?? { level: 'info', text: written.slice(0, LONGEST) };
}

function recordIn(written: string): LogRecord | undefined {
  let record: unknown;
  try {
    record = JSON.parse(written);
  } catch {
    return undefined;
  }
  if (typeof record !== 'object' || record === null) return undefined;
  const { level, text, fields, incomplete } = record as Record<string, unknown>;
  if (!isLogLevel(level) || typeof text !== 'string' || text.length > LONGEST) return undefined;
  return {
    level,
    text,
    ...(isRecord(fields) ? { fields } : {}),
    ...(typeof incomplete === 'string' ? { incomplete } : {}),
  };
}

export function isLogLevel(level: unknown): level is LogLevel {
  return (LOG_LEVELS as readonly unknown[]).includes(level);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What values have and JSON has not, as people would write it. */
function readable(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Map || value instanceof Set) return [...value];
  if (!(value instanceof Error)) return value;
  const { name, message, cause, stack } = value;
  return { name, message, code: (value as { readonly code?: unknown }).code, cause, stack };
}
