/**
 * Tokens: each is the right to one subtree, to look at it or to administer it. Kept by the hash of its secret, which is
 * random and long, so a plain hash is enough; each is a file of its own, which is there or not whatever ends us when.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CallError, HostError } from '@espalier/core';
import type { Token } from '@espalier/supervisor/client';
import { removeDurably, writeNew } from '../state/atomic-file.js';
import { privateFolder } from '../state/folder.js';

export interface KeptToken extends Omit<Token, 'path'> {
  /** Of its node; null: of all. */
  readonly path: string | null;
  /** The token by which it was made: it ends with that. */
  readonly parent: string | null;
  readonly hash: string;
}

export type NewToken = Pick<KeptToken, 'label' | 'path' | 'right' | 'parent' | 'at'>;

/** Each may have a journal of its own. */
const MOST = 256;
const TEXT = /^espalier_([0-9a-f]{16})_([\w-]{43})$/;
const SUFFIX = '.json';
const NOBODY = hashOf('');

export class Tokens {
  readonly #folder: string;
  readonly #tokens: Map<string, KeptToken>;

  private constructor(folder: string, tokens: readonly KeptToken[]) {
    this.#folder = folder;
    this.#tokens = new Map(tokens.map((token) => [token.id, token]));
  }

  /** @throws HostError `folder_unsafe`, `state_unreadable`. */
  static async open(folder: string): Promise<Tokens> {
    await privateFolder(folder);
    const names = (await readdir(folder)).filter((name) => name.endsWith(SUFFIX));
    return new Tokens(folder, await Promise.all(names.map((name) => read(join(folder, name)))));
  }

  get all(): readonly KeptToken[] {
    return [...this.#tokens.values()];
  }

  /** Its text is told once, and kept nowhere. @throws CallError `operation_refused`: there are too many. */
  async make(given: NewToken): Promise<{ readonly token: KeptToken; readonly text: string }> {
    if (this.#tokens.size >= MOST) {
      const remedy = 'Revoke those that nobody uses.';
      throw new CallError('operation_refused', `there are ${MOST} tokens already`, { remedy });
    }
    const id = randomBytes(8).toString('hex');
    const secret = randomBytes(32).toString('base64url');
    const token: KeptToken = { ...given, id, hash: hashOf(secret).toString('hex') };
    this.#tokens.set(id, token);
    try {
      await writeNew(this.#file(id), `${JSON.stringify(token)}\n`);
    } catch (error) {
      this.#tokens.delete(id);
      throw error;
    }
    return { token, text: `espalier_${id}_${secret}` };
  }

  /** Takes as long whether there is no such token or its secret is another. */
  find(text: string): KeptToken | undefined {
    const [, id = '', secret = ''] = TEXT.exec(text) ?? [];
    const token = this.#tokens.get(id);
    const is = timingSafeEqual(hashOf(secret), token === undefined ? NOBODY : Buffer.from(token.hash, 'hex'));
    return is ? token : undefined;
  }

  /**
   * With all that were made by it, and by those: `gone` is told their ids at once. Resolves when none of them would be
   * there after a crash.
   */
  async revoke(id: string, gone: (ids: readonly string[]) => void): Promise<void> {
    const ids = [id, ...this.all.filter((token) => this.isBelow(token, id)).map((token) => token.id)];
    // The files of those below first: a crash in between leaves none without the one by which it was made.
    const last = [...ids].sort((a, b) => this.#depth(b) - this.#depth(a));
    for (const one of ids) this.#tokens.delete(one);
    gone(ids);
    for (const one of last) await removeDurably(this.#file(one));
  }

  /** The first of those by which it was made: the operator has made that one. */
  family({ id, parent }: KeptToken): string {
    const maker = parent === null ? undefined : this.#tokens.get(parent);
    return maker === undefined ? id : this.family(maker);
  }

  /** It was made by that one, or by one that was. */
  isBelow({ parent }: KeptToken, id: string): boolean {
    const maker = parent === null ? undefined : this.#tokens.get(parent);
    return parent === id || (maker !== undefined && this.isBelow(maker, id));
  }

  #depth(id: string): number {
    const parent = this.#tokens.get(id)?.parent ?? null;
    return parent === null ? 0 : 1 + this.#depth(parent);
  }

  #file(id: string): string {
    return join(this.#folder, `${id}${SUFFIX}`);
  }
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

async function read(file: string): Promise<KeptToken> {
  try {
    const token = JSON.parse(await readFile(file, 'utf8')) as KeptToken;
    if (/^[0-9a-f]{64}$/.test(token.hash)) return token;
  } catch (cause) {
    throw unreadable(file, cause);
  }
  throw unreadable(file, undefined);
}

function unreadable(file: string, cause: unknown): HostError {
  return new HostError('state_unreadable', `${file} is no token`, { field: 'file', value: file, cause });
}
