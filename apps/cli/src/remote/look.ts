/** Commands that look: what runs, what was applied, what happened, what was printed. */
import type { EventEntry, LogLine, LogStream, Streamed, TreeNode } from '@espalier/supervisor/client';
import { recordText } from '../record-text.js';
import type { Paint } from '../colour.js';
import { logLineText } from '../log-line-text.js';
import { offersOfOthers } from './cluster.js';
import type { Remote } from './command.js';

export async function status({ client, terminal }: Remote): Promise<number> {
  const found = await client.status();
  terminal.tell(found, () => {
    const { tree, state, revision, reason, startedAt, version } = found;
    const of = revision === null ? '' : `, revision ${revision}`;
    return [
      `${tree ?? 'no tree'}: ${state}${reason === undefined ? '' : ` (${reason})`}${of}`,
      `espalierd ${version}, since ${startedAt}`,
    ];
  });
  return found.state === 'running' || found.state === 'empty' ? 0 : 1;
}

/** `withHosts`: and what is offered elsewhere. */
export async function tree(remote: Remote, withHosts: boolean): Promise<undefined> {
  const { client, terminal } = remote;
  const found = await client.tree();
  const hosts = withHosts ? await offersOfOthers(remote) : undefined;
  terminal.tell(hosts === undefined ? found : { ...found, hosts }, () => [
    ...found.nodes.map((node) => nodeText(node, terminal.paint)),
    ...(hosts ?? []).flatMap(({ host, names }) => [`host ${host}`, ...names.map((name) => `  ${name}`)]),
  ]);
}

function nodeText({ path, depth, kind, state }: TreeNode, paint: Paint): string {
  const id = path.slice(path.lastIndexOf('/') + 1);
  const says = state === 'running' ? paint('green', state) : paint('yellow', state);
  return `${'  '.repeat(depth)}${id}  ${says}${kind === 'supervisor' ? paint('dim', '  supervisor') : ''}`;
}

export async function show({ client, terminal }: Remote, path: string): Promise<undefined> {
  const found = await client.show(path);
  terminal.tell(found, () => {
    const { spec, statistics, ...facts } = found;
    return [...fieldLines('', facts), ...fieldLines('spec.', spec), ...fieldLines('statistics.', statistics)];
  });
}

function fieldLines(prefix: string, fields: Readonly<Record<string, unknown>> | null): readonly string[] {
  return Object.entries(fields ?? {}).flatMap(([name, value]) => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return fieldLines(`${prefix}${name}.`, value as Readonly<Record<string, unknown>>);
    }
    return [`${prefix}${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`];
  });
}

export async function history(
  { client, terminal }: Remote,
  revision: number | undefined,
): Promise<undefined> {
  if (revision !== undefined) {
    const found = await client.revision(revision);
    terminal.tell(found, () => found.text.trimEnd().split('\n'));
    return;
  }
  const found = await client.history();
  terminal.tell(found, () => {
    if (found.revisions.length === 0) return ['nothing was applied yet'];
    return found.revisions.map(({ revision: number, at, summary, source, rollbackTo }) => {
      const from = rollbackTo === null ? (source ?? 'a program') : `rollback to ${rollbackTo}`;
      return `${String(number).padStart(5)}  ${at}  ${summary}  ${terminal.paint('dim', from)}`;
    });
  });
}

export interface StreamOptions {
  readonly follow: boolean;
  readonly after?: number;
}

export async function events({ client, terminal }: Remote, options: StreamOptions): Promise<undefined> {
  await follow(terminal, client.events(options), (entry: EventEntry) => {
    return recordText(entry, clockTime(entry.at), terminal.paint);
  });
}

export interface LogOptions extends StreamOptions {
  readonly lines?: number;
  readonly stream?: LogStream;
}

export async function logs(
  { client, terminal }: Remote,
  path: string | undefined,
  options: LogOptions,
): Promise<undefined> {
  const progress = options.follow && terminal.hasStatus && !terminal.json;
  const query = { ...options, progress, ...(path === undefined ? {} : { path }) };
  await follow(terminal, client.logs(query), (line: LogLine) => {
    const text = `${terminal.paint('dim', `${line.path} |`)} ${logLineText(line, terminal.paint)}`;
    terminal.status(line.progress === true ? `${line.path} | ${line.text}` : '');
    return line.progress === true ? undefined : text;
  });
}

async function follow<T>(
  terminal: Remote['terminal'],
  stream: AsyncIterable<Streamed<T>>,
  textOf: (entry: T) => string | undefined,
): Promise<void> {
  // Who reads our output may go: `espalier logs -f | head`.
  process.stdout.on('error', () => process.exit(0));
  for await (const read of stream) {
    if (read.kind === 'missed') {
      terminal.note(`espalier: a part is missing here: it is not kept any more`);
      continue;
    }
    const text = terminal.json ? JSON.stringify(read.entry) : textOf(read.entry);
    if (text !== undefined) terminal.line(text);
  }
}

function clockTime(at: string): string {
  return at.slice(11, 23);
}
