/** The way from a client to a daemon: over its socket, or to one in the same process. */
import type { Missed } from './contract/index.js';

export interface AdminRequest {
  readonly method: string;
  /** With its parameters percent-encoded, and with the query. */
  readonly path: string;
  /** As JSON can hold it. */
  readonly body?: unknown;
  /** Gives the request up. What the daemon has begun, it goes on with. */
  readonly signal?: AbortSignal | undefined;
}

/** An entry, or the news that some were dropped before it could be read. */
export type Streamed<T> =
  { readonly kind: 'entry'; readonly entry: T } | { readonly kind: 'missed'; readonly missed: Missed };

/** Both throw what the daemon refuses with, and `daemon_unreachable`. */
export interface Connection {
  /** The document of the answer; undefined where there is none. */
  ask(request: AdminRequest): Promise<unknown>;
  /** The entries of a stream, as they come. */
  read(request: AdminRequest): AsyncIterable<Streamed<unknown>>;
}
