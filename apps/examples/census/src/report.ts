/** The report: as a person likes to read it, and as one line of JSON. */
import { relative, sep } from 'node:path';
import type { Completeness } from './check-complete.js';
import { EXTENSIONS } from './finding.js';
import type { Statistics, Totals } from './statistics.js';

export interface Report extends Statistics, Completeness {
  /** Parsers that were lost to a file and restarted. */
  readonly restarts: number;
  readonly seconds: number;
}

/** So many are listed; the JSON has them all. */
const LISTED = 20;

export function reportText(report: Report, cwd = process.cwd()): string {
  const { found, quarantined, restarts, seconds, largest } = report;
  const name = (path: string): string => (path.startsWith(`${cwd}${sep}`) ? relative(cwd, path) : path);
  const lines = ['', ...table(report), '', 'The largest files'];
  for (const { path, bytes, lines: count } of largest) {
    lines.push(`  ${size(bytes).padStart(9)}  ${number(count).padStart(8)} lines  ${name(path)}`);
  }
  if (quarantined.length > 0) {
    lines.push('', `In quarantine: ${number(quarantined.length)}`);
    for (const { path, reason, attempts } of quarantined.slice(0, LISTED)) {
      lines.push(`  ${name(path)}`, `    ${reason}${attempts > 1 ? `, ${attempts} times` : ''}`);
    }
    if (quarantined.length > LISTED) lines.push(`  … and ${number(quarantined.length - LISTED)} more`);
  }
  const speed = seconds > 0 ? found / seconds : 0;
  const parsed = number(parsedCount(report));
  lines.push(
    '',
    `${number(found)} files: ${parsed} parsed, ${number(quarantined.length)} in quarantine; ${completeness(report)}`,
  );
  lines.push(
    `${seconds.toFixed(1)} s, ${number(Math.round(speed))} files/s; parsers restarted: ${number(restarts)}`,
  );
  return lines.join('\n');
}

/** At least `files`, `parsed`, `quarantined`, `restarts`, `seconds`. */
export function reportLine(report: Report): string {
  const { found, extensions, largest, quarantined, missing, surplus, restarts, seconds } = report;
  return JSON.stringify({
    files: found,
    parsed: parsedCount(report),
    quarantined: quarantined.length,
    missing: missing.length,
    surplus: surplus.length,
    restarts,
    seconds: Number(seconds.toFixed(3)),
    extensions,
    largest,
    quarantine: quarantined,
  });
}

function parsedCount({ extensions }: Report): number {
  return EXTENSIONS.reduce((sum, extension) => sum + extensions[extension].files, 0);
}

function completeness({ missing, surplus }: Report): string {
  if (missing.length === 0 && surplus.length === 0) return 'none is lost';
  return `LOST ${missing.length}, SURPLUS ${surplus.length}`;
}

const COLUMNS = [
  'files',
  'bytes',
  'lines',
  'functions',
  'classes',
  'imports',
  'exports',
] as const satisfies readonly (keyof Totals)[];

function table({ extensions }: Report): string[] {
  const rows = EXTENSIONS.filter((extension) => extensions[extension].files > 0).map((extension) =>
    row(extension, extensions[extension]),
  );
  const all = COLUMNS.map((column) =>
    EXTENSIONS.reduce((sum, extension) => sum + extensions[extension][column], 0),
  );
  const sum = row(
    'all',
    Object.fromEntries(COLUMNS.map((column, index) => [column, all[index]])) as unknown as Totals,
  );
  const cells = [['', ...COLUMNS.map((column) => (column === 'bytes' ? 'size' : column))], ...rows, sum];
  const widths =
    cells[0]?.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0))) ?? [];
  return cells.map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
}

function row(label: string, totals: Totals): string[] {
  return [
    label,
    ...COLUMNS.map((column) => (column === 'bytes' ? size(totals.bytes) : number(totals[column]))),
  ];
}

function number(value: number): string {
  return value.toLocaleString('en');
}

function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(0)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
