/** `espalier apply` and `espalier rollback`: what changed, with exit codes that configuration management reads. */
import { CallError } from '@espalier/core';
import type { ApplyOutcome } from '@espalier/supervisor/client';
import type { Remote } from './command.js';
import { specToApply } from '../spec-text.js';

export interface ApplyOptions {
  readonly check: boolean;
  readonly diff: boolean;
  /** Seconds. */
  readonly wait?: number;
}

export const UNCHANGED = 0;
export const CHANGED = 2;

export async function apply(
  remote: Remote,
  file: string,
  { set, ...options }: ApplyOptions & { readonly set: readonly string[] },
): Promise<number> {
  const { request } = await specToApply(file, set);
  return told(remote, options, (signal) =>
    remote.client.apply({ ...request, check: options.check }, { signal }),
  );
}

export function rollback(
  remote: Remote,
  revision: number | undefined,
  options: ApplyOptions,
): Promise<number> {
  const request = { ...(revision === undefined ? {} : { revision }), check: options.check };
  return told(remote, options, (signal) => remote.client.rollback(request, { signal }));
}

async function told(
  { terminal }: Remote,
  { diff, wait }: ApplyOptions,
  ask: (signal: AbortSignal) => Promise<ApplyOutcome>,
): Promise<number> {
  const { signal, done } = patience(wait);
  let outcome: ApplyOutcome;
  try {
    outcome = await ask(signal);
  } catch (error) {
    throw signal.aborted ? tooLong(wait as number) : error;
  } finally {
    done();
  }
  terminal.tell(outcome, () => [...(diff ? differenceOf(outcome) : []), summaryOf(outcome)]);
  return outcome.changes.length === 0 ? UNCHANGED : CHANGED;
}

function differenceOf({ description, changes }: ApplyOutcome): readonly string[] {
  return changes.length === 0 ? [] : description.split('\n').slice(0, -1);
}

function summaryOf({ outcome, revision, description }: ApplyOutcome): string {
  const summary = description.slice(description.lastIndexOf('\n') + 1);
  if (outcome === 'checked') return `would change: ${summary}`;
  return `${outcome}: ${summary} (revision ${String(revision)})`;
}

function patience(seconds: number | undefined): { readonly signal: AbortSignal; readonly done: () => void } {
  const controller = new AbortController();
  const timer =
    seconds === undefined ? undefined : setTimeout(() => controller.abort(), Math.round(seconds * 1000));
  return { signal: controller.signal, done: () => clearTimeout(timer) };
}

function tooLong(seconds: number): CallError {
  return new CallError('timeout', `not all runs after ${seconds} s; the daemon goes on with it`, {
    remedy: 'See `espalier events` for what is slow, and `espalier history` for whether it was applied.',
  });
}
