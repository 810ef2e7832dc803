/** What stands in the files that the settings name: who this host is, and who is revoked. */
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { SpecError } from '@espalier/core';
import {
  openJoinTicket,
  openRevocations,
  publicKeyOf,
  type Membership,
  type Revocations,
} from '@espalier/core/identity';
import type { Clock } from '@espalier/core/internal/bridge.js';
import type { CompleteSettings, TlsSettings } from '../engine/settings.js';
import type { Access, Login, TlsMaterial } from '../transport/connect.js';

/**
 * Throws `SpecError` `spec_invalid` where a file cannot be read or holds no key, and `HostError` `ticket_refused` where
 * the ticket is not for this key. What stands in the files is never repeated.
 */
export function readMembership({ key, ticket }: Pick<CompleteSettings, 'key' | 'ticket'>): Membership {
  const privateKey = textOf('key', key);
  const publicKey = publicKeyOf(privateKey);
  if (publicKey === undefined) {
    const remedy = 'Give the file in which the privateKey of createKeyPair stands.';
    throw unfit('key', key, 'holds no private Ed25519 key', remedy);
  }
  return openJoinTicket(textOf('ticket', ticket).trim(), { publicKey, privateKey });
}

/**
 * How to come to the broker. Throws `SpecError` `spec_invalid` where a file cannot be read, and where what the ticket says
 * of the broker is no login.
 */
export function readAccess(urls: Access['urls'], tls: TlsSettings, { broker }: Membership): Access {
  const { ca, certificate, key, serverName } = tls;
  const material = (): TlsMaterial => ({
    ...(ca === undefined ? {} : { ca: bytesOf('tls.ca', ca) }),
    ...(certificate === undefined ? {} : { cert: bytesOf('tls.certificate', certificate) }),
    ...(key === undefined ? {} : { key: bytesOf('tls.key', key) }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  });
  material();
  return { urls, tls: material, login: broker === undefined ? undefined : loginOf(broker) };
}

function loginOf(broker: string): Login {
  const [, user, password] = /^([^:]+):(.*)$/s.exec(broker) ?? [];
  if (user !== undefined && password !== undefined) return { user, password };
  const remedy = 'Have the ticket made anew, with `user:password`.';
  throw unfit('ticket', undefined, 'names no login at the broker', remedy);
}

export interface Following {
  readonly clock: Clock;
  readonly everyMs: number;
  /** `text`: the list as the root has signed it. */
  readonly taken: (list: Revocations, text: string) => void;
  readonly refused: (why: string) => void;
}

/**
 * The file with the list of revoked hosts, and what other hosts have told of newer ones. A list that is older than the last
 * one is not taken.
 */
export class RevocationFile {
  readonly #path: string | undefined;
  readonly #root: string;
  /** At first: whoever starts without the list that he was told to heed would believe whom he must not. */
  #first: { readonly list: Revocations; readonly text: string } | undefined;
  #following: Following | undefined;
  #number = 0;
  /** Of the file. */
  #text = '';
  #stopped = false;

  /**
   * `mayCome`: where there is none yet, one that comes is followed. `told`: a file with what others have told before; one
   * that cannot be read counts for nothing, for they will tell it again. Throws `SpecError` `spec_invalid` and `HostError`
   * `revocations_refused`.
   */
  constructor(
    path: string | undefined,
    root: string,
    { mayCome = false, told }: { readonly mayCome?: boolean; readonly told?: string } = {},
  ) {
    this.#path = path;
    this.#root = root;
    if (path !== undefined && !(mayCome && !existsSync(path))) {
      this.#text = textOf('revoked', path);
      this.take(this.#text);
    }
    try {
      if (told !== undefined) this.take(readFileSync(told, 'utf8'));
    } catch {
      // Not there, damaged, or of a former cluster.
    }
  }

  /** A list, wherever it comes from: it counts if it is newer. Throws `HostError` `revocations_refused`. */
  take(text: string): void {
    const list = openRevocations(text, this.#root);
    if (list.number <= this.#number) return;
    this.#number = list.number;
    if (this.#following === undefined) this.#first = { list, text };
    else this.#following.taken(list, text);
  }

  follow(following: Following): void {
    this.#following = following;
    if (this.#first !== undefined) following.taken(this.#first.list, this.#first.text);
    if (this.#path !== undefined) this.#lookLater(following);
  }

  stop(): void {
    this.#stopped = true;
  }

  #lookLater(following: Following): void {
    following.clock.after(following.everyMs, () => {
      if (this.#stopped) return;
      void this.#look(following).finally(() => this.#lookLater(following));
    });
  }

  async #look({ refused }: Following): Promise<void> {
    // Between its removal and its renewal a file is not there: what was known goes on to count.
    const text = await readFile(this.#path ?? '', 'utf8').catch(() => this.#text);
    if (text === this.#text || this.#stopped) return;
    this.#text = text;
    try {
      if (openRevocations(text, this.#root).number < this.#number) refused('it is older than the last one');
      else this.take(text);
    } catch (error) {
      refused((error as Error).message);
    }
  }
}

const textOf = (field: string, path: string): string => bytesOf(field, path).toString('utf8');

function bytesOf(field: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const why = (error as { readonly code?: string }).code ?? 'error';
    throw unfit(field, path, `cannot be read (${why})`, 'Check the path, and who may read the file.');
  }
}

function unfit(path: string, value: unknown, problem: string, remedy: string): SpecError {
  return new SpecError('spec_invalid', 'the settings of the bridge have problems', [
    { path, value, problem, remedy },
  ]);
}
