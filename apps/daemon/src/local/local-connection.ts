/** The operations of the API for a client in the same process: its requests are carried out where they are made. */
import { CallError, EspalierError } from '@espalier/core';
import {
  errorOf,
  problemOf,
  type AdminRequest,
  type Connection,
  type EventEntry,
  type LogLine,
  type LogStream,
  type Streamed,
} from '@espalier/supervisor/client';
import type { Api } from '../api/api.js';
import { HANDLERS, type Asked } from '../api/handlers.js';
import { readingOfEvents, readingOfLogs, type Reading } from '../api/reading.js';

type Name = keyof typeof HANDLERS;

export class LocalConnection implements Connection {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  async ask({ method, path, body, signal }: AdminRequest): Promise<unknown> {
    const { name, asked } = routeOf(method, path);
    const work = Promise.resolve(HANDLERS[name](this.#api, { ...asked, body }));
    const document = await unlessAborted(work, signal).catch((error: unknown) => {
      // What went wrong in the daemon itself is told here: nobody else would.
      throw error instanceof EspalierError ? errorOf(problemOf(error)) : error;
    });
    return document === undefined ? undefined : (JSON.parse(JSON.stringify(document)) as unknown);
  }

  async *read({ path, signal }: AdminRequest): AsyncGenerator<Streamed<EventEntry | LogLine>> {
    const { pathname, searchParams: given } = new URL(path, 'http://espalier');
    const number = (name: string): object => (given.has(name) ? { [name]: Number(given.get(name)) } : {});
    const follow = given.get('follow') === 'true';
    const query = { ...number('after'), follow };
    if (pathname === '/v1/events') {
      yield* entries(readingOfEvents(this.#api, query), signal);
      return;
    }
    const of = given.get('path');
    const stream = given.get('stream') as LogStream | null;
    const progress = given.get('progress') === 'true';
    const asked = {
      ...query,
      ...number('lines'),
      progress,
      ...(of === null ? {} : { path: of }),
      ...(stream === null ? {} : { stream }),
    };
    yield* entries(await readingOfLogs(this.#api, asked), signal);
  }
}

interface Route {
  readonly name: Name;
  readonly asked: Omit<Asked, 'body'>;
}

/** Where the last part of a path is not the name of the operation. The table of operations has them all, and is slow to load. */
const NAMES: Readonly<Record<string, Name>> = { '': 'show', children: 'spawn' };

function routeOf(method: string, path: string): Route {
  const { pathname, searchParams } = new URL(path, 'http://espalier');
  const [, , first = '', at = '', verb = ''] = pathname.split('/');
  const name =
    first === 'nodes' ? (NAMES[verb] ?? verb) : first === 'history' && at !== '' ? 'revision' : first;
  if (!Object.hasOwn(HANDLERS, name))
    throw new CallError('no_such_operation', `there is no ${method} ${path}`);
  const params = name === 'revision' ? { revision: Number(at) } : { path: decodeURIComponent(at) };
  const query = Object.fromEntries(searchParams);
  return { name: name as Name, asked: { params: params as unknown as Asked['params'], query } };
}

async function* entries<T extends EventEntry | LogLine>(
  { before, cut, journal, told, asked, after, wanted, follow }: Reading<T>,
  signal: AbortSignal = new AbortController().signal,
): AsyncGenerator<Streamed<T>> {
  if (cut) yield { kind: 'missed', missed: { after: asked } };
  for (const entry of before) yield { kind: 'entry', entry };
  let last = after;
  for await (const { entries: read, missed } of journal.batchesAfter(after, { follow, signal })) {
    if (missed) yield { kind: 'missed', missed: { after: last } };
    last = read.at(-1)?.id ?? last;
    for (const entry of read) if (wanted(entry)) yield { kind: 'entry', entry: told(entry) };
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      reject(new CallError('cancelled', 'the request was given up'));
    };
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    void work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', giveUp);
    });
  });
}
