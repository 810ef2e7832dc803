/** A spec file as it goes to a daemon: its text, checked here first, where it is known at which line of the file each part stands. */
import {
  normaliseSpec,
  parseSpec,
  readSpecText,
  type NormalisedTree,
  type SpecFile,
} from '@espalier/supervisor';
import type { ApplyRequest } from '@espalier/supervisor/client';
import { setFields } from './set-fields.js';

export interface SpecToApply {
  readonly request: ApplyRequest;
  readonly tree: NormalisedTree;
  readonly locate: SpecFile['locate'];
}

/** Throws `SpecError`. */
export async function specToApply(file: string, set: readonly string[]): Promise<SpecToApply> {
  const { text, base, path } = await readSpecText(file);
  const spec = parseSpec(text, { path, base });
  setFields(spec.input, set);
  const tree = normaliseSpec(spec.input, spec);
  const { locate } = spec;
  if (set.length === 0) return { request: { text, base, source: path }, tree, locate };
  // JSON has no infinity, YAML has.
  const { stringify } = await import('yaml');
  const request = { text: stringify(spec.input), base, source: `${path} with ${set.join(' ')}` };
  return { request, tree, locate };
}
