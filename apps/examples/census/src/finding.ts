/** What is found out about one file: the words that the environments of the census share. */

/** A file that was parsed. */
export interface Parsed {
  readonly outcome: 'parsed';
  readonly bytes: number;
  readonly lines: number;
  readonly functions: number;
  readonly classes: number;
  readonly imports: number;
  readonly exports: number;
}

/** A file that cannot be parsed, by its own fault; the parser goes on. */
export interface Rejected {
  readonly outcome: 'rejected';
  readonly reason: string;
}

export type Finding = Parsed | Rejected;

/** A file that was given up, and why. */
export interface Quarantined {
  readonly path: string;
  readonly reason: string;
  /** How often it was tried: 1 for a syntax error, 2 if a parser was lost each time. */
  readonly attempts: number;
}

export const EXTENSIONS = ['.js', '.mjs', '.cjs', '.json', '.ts'] as const;

export type Extension = (typeof EXTENSIONS)[number];

export function extensionOf(path: string): Extension | undefined {
  return EXTENSIONS.find((extension) => path.endsWith(extension));
}
