/** `cluster` of a root: for which trees, and for whom. */
import { SpecError } from '@espalier/core';
import type { Place } from './field.js';
import type { NormalisedSupervisor, NormalisedTree } from './normalised.js';

/** Names of other hosts are names of the root's namespace, and what holds them is one child more. */
export function checkCluster(
  { siblings, strategy }: NormalisedSupervisor,
  { segments, problems }: Place,
): void {
  const refused =
    siblings === 'isolate'
      ? '`siblings: isolate`'
      : strategy === 'simple_one_for_one'
        ? '`strategy: simple_one_for_one`'
        : undefined;
  if (refused === undefined) return;
  const problem = `\`cluster\` and ${refused} of the root contradict each other: it takes one more child, beside the others.`;
  problems.add(
    [...segments, 'cluster'],
    'an object',
    problem,
    'Put one supervisor between the root and them.',
  );
}

/** @throws SpecError `spec_invalid`: nobody here would do what `cluster` says. */
export function checkWithoutDaemon({ cluster }: NormalisedTree): void {
  if (cluster === undefined) return;
  const problem = '`cluster` takes a daemon that is a host of the cluster.';
  throw new SpecError('spec_invalid', problem, [
    {
      path: 'cluster',
      value: 'an object',
      problem,
      remedy: 'Run `espalierd`, and give it the file by `espalier apply`; or leave `cluster` out.',
    },
  ]);
}
