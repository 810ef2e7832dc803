/**
 * What `ChildSpec.version` is made of. An environment's or a pool's: the hash of its image, and one of
 * the fields that its thread is started with. A supervisor's: one of everything below it.
 */
import type { SupervisorSpec } from '@espalier/core/internal/supervisor-logic.js';
import type { NormalisedEnvironment, NormalisedPool, NormalisedProcessLimits } from '../spec/normalised.js';
import { supervisorIn } from '../strategies/supervisor-in.js';
import { fieldsOf } from './field-effects.js';
import { fingerprint } from './fingerprint.js';

const BETWEEN = '+';

export function threadVersion(node: NormalisedEnvironment | NormalisedPool, imageHash: string): string {
  const started = fieldsOf(node).filter(({ effect }) => effect === 'restart');
  const settings = fingerprint([node.kind, ...started.map(({ name, value }) => [name, value])]);
  return `${imageHash}${BETWEEN}${settings}`;
}

/** `reserved`: what its children reserve parts of. */
export function supervisorVersion(
  { children, ...options }: SupervisorSpec,
  reserved?: NormalisedProcessLimits,
): string {
  // What a child is started from is named by its version already.
  const known = children.map(({ start: _start, source: _source, ...child }) => child);
  return fingerprint({ ...options, ...(reserved === undefined ? {} : { reserved }), children: known });
}

/** The hash of the image that a thread runs. */
export function imageOf(version: string): string {
  return version.slice(0, version.indexOf(BETWEEN));
}

/** The version of every node below the root, by its path. */
export function versionsOf(root: string, spec: SupervisorSpec): ReadonlyMap<string, string> {
  const versions = new Map<string, string>();
  const note = (path: string, { children }: SupervisorSpec): void => {
    for (const child of children) {
      const at = `${path}/${child.id}`;
      versions.set(at, child.version);
      if (child.kind === 'supervisor') note(at, supervisorIn(child.start));
    }
  };
  note(root, spec);
  return versions;
}
