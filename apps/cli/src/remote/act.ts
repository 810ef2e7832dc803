/** Commands that change what runs, beside the spec. */
import { pathToFileURL } from 'node:url';
import type { Remote } from './command.js';
import { VERBS, type Verb } from './verbs.js';

export async function change({ client, terminal }: Remote, verb: Verb, path: string): Promise<undefined> {
  await terminal.during(`${verb} ${path}`, client.change(verb, path));
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
  const given = args === undefined ? {} : { args: valueOf(args) };
  const body =
    module === undefined
      ? given
      : {
          child: { id: id ?? `once-${Date.now()}`, module: located(module), restart: 'temporary', ...given },
        };
  const spawned = await terminal.during(`spawn below ${path}`, client.spawn(path, body));
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
    parameters: given.map(valueOf),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
  const value = await terminal.during(`${path} ${operation}`, client.call(path, body));
  const text = JSON.stringify(value ?? null);
  terminal.tell(value ?? null, () => (value === undefined ? [] : [typeof value === 'string' ? value : text]));
}

export async function send({ client, terminal }: Remote, path: string, text: string): Promise<undefined> {
  await client.send(path, valueOf(text));
  terminal.tell({ path }, () => [`sent to ${path}`]);
}

/** JSON if it reads as such, else text; as for `--set`. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A file of this folder is elsewhere for the daemon; a package is looked up from the folder of its spec. */
function located(module: string): string {
  return /^(?:\.{0,2}\/)/.test(module) ? pathToFileURL(module).href : module;
}
