/** The statistics: holds the totals, and the path of every file that it was told of. */
import { server } from '@espalier/core';
import { EXTENSIONS, extensionOf, type Extension, type Parsed, type Quarantined } from './finding.js';

export interface Totals {
  files: number;
  bytes: number;
  lines: number;
  functions: number;
  classes: number;
  imports: number;
  exports: number;
}

export interface Statistics {
  readonly extensions: Readonly<Record<Extension, Totals>>;
  /** The largest files that were parsed, the largest first. */
  readonly largest: readonly { readonly path: string; readonly bytes: number; readonly lines: number }[];
  readonly quarantined: readonly Quarantined[];
}

interface State {
  readonly extensions: Record<Extension, Totals>;
  largest: { path: string; bytes: number; lines: number }[];
  readonly quarantined: Quarantined[];
  readonly paths: string[];
}

const HOW_MANY_LARGEST = 5;

function noTotals(): Totals {
  return { files: 0, bytes: 0, lines: 0, functions: 0, classes: 0, imports: 0, exports: 0 };
}

export default server({
  init(): State {
    const entries = EXTENSIONS.map((extension) => [extension, noTotals()]);
    return {
      extensions: Object.fromEntries(entries) as Record<Extension, Totals>,
      largest: [],
      quarantined: [],
      paths: [],
    };
  },
  casts: {
    parsed({ state }, path: string, found: Parsed): void {
      const extension = extensionOf(path);
      if (extension === undefined) return;
      const totals = state.extensions[extension];
      totals.files++;
      for (const key of ['bytes', 'lines', 'functions', 'classes', 'imports', 'exports'] as const)
        totals[key] += found[key];
      state.paths.push(path);
      const smallest = state.largest.at(-1);
      if (
        state.largest.length === HOW_MANY_LARGEST &&
        smallest !== undefined &&
        found.bytes <= smallest.bytes
      )
        return;
      const largest = [...state.largest, { path, bytes: found.bytes, lines: found.lines }];
      state.largest = largest.sort((a, b) => b.bytes - a.bytes).slice(0, HOW_MANY_LARGEST);
    },
    quarantined({ state }, file: Quarantined): void {
      state.quarantined.push(file);
      state.paths.push(file.path);
    },
  },
  calls: {
    totals({ state }): Statistics {
      const { extensions, largest, quarantined } = state;
      return { extensions, largest, quarantined };
    },
    /** The paths from number `from` on: in parts, since a message has a largest size. */
    paths({ state }, from: number, atMost: number): readonly string[] {
      return state.paths.slice(from, from + atMost);
    },
  },
});
