/** Commands that change what runs, beside the spec. */
import { pathToFileURL } from 'node:url';
import type { LimitsOutcome, NodeLimits } from '@espalier/supervisor/client';
import { jsonOrText } from '../json-or-text.js';
import type { Remote } from './command.js';
import { VERBS, type Verb } from './verbs.js';

export async function change({ client, terminal }: Remote, verb: Verb, path: string): Promise<undefined> {
  await client.change(verb, path);
  terminal.tell({ path }, () => [`${VERBS[verb][1]} ${path}`]);
}

export interface SpawnOptions {
  readonly module?: string;
  readonly id?: string;
  readonly args?: string;
}

export async function spawn(
  { client, terminal }: Remote,
  path: string,
  options: SpawnOptions,
): Promise<undefined> {
  const { module, id, args } = options;
  const given = args === undefined ? {} : { args: jsonOrText(args) };
  const body =
    module === undefined
      ? given
      : {
          child: { id: id ?? `once-${Date.now()}`, module: located(module), restart: 'temporary', ...given },
        };
  const spawned = await client.spawn(path, body);
  terminal.tell(spawned, () => [
    spawned.path === null ? 'it does not want to run' : `started ${spawned.path}`,
  ]);
}

export async function call(
  { client, terminal }: Remote,
  path: string,
  operation: string,
  given: readonly string[],
  timeoutMs: number | undefined,
): Promise<undefined> {
  const body = {
    operation,
    parameters: given.map(jsonOrText),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
  const value = await client.call(path, body);
  const text = JSON.stringify(value ?? null);
  terminal.tell(value ?? null, () => (value === undefined ? [] : [typeof value === 'string' ? value : text]));
}

export async function send({ client, terminal }: Remote, path: string, text: string): Promise<undefined> {
  await client.send(path, jsonOrText(text));
  terminal.tell({ path }, () => [`sent to ${path}`]);
}

export async function set(
  { client, terminal }: Remote,
  path: string,
  limits: NodeLimits,
): Promise<undefined> {
  const outcome = await client.setLimits(path, limits);
  terminal.tell(outcome, () => [limitsText(outcome, limits)]);
}

function limitsText({ path, atRestart, revision }: LimitsOutcome, limits: NodeLimits): string {
  const each = Object.entries(limits).map(([name, value]) => {
    return `${name} ${value}${atRestart.includes(name) ? ' (in full from its next start on)' : ''}`;
  });
  const kept = revision === null ? 'not kept, as it is not in the applied spec' : `revision ${revision}`;
  return `${path}: ${each.join(', ')} (${kept})`;
}

/** A file of this folder is elsewhere for the daemon; a package is looked up from the folder of its spec. */
function located(module: string): string {
  return /^(?:\.{0,2}\/)/.test(module) ? pathToFileURL(module).href : module;
}
