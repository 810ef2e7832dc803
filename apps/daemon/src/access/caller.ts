/** Who asks: the operator at the socket, or who holds a token. */
import { CallError } from '@espalier/core';
import type { Operation } from '@espalier/supervisor/admin-api';
import type { Tokens } from './tokens.js';
import { View } from './view.js';

export interface Caller {
  /** As the audit log names it. */
  readonly by: string;
  /** Of its token; null: the operator. */
  readonly token: string | null;
  /** The token of the operator's from which its own comes; empty: the operator. */
  readonly family: string;
  readonly view: View;
  readonly right: 'view' | 'control';
}

export class Callers {
  readonly #tokens: Tokens;
  readonly #operator: Caller;
  /** What each token follows; it ends with the token. */
  readonly #following = new Map<string, Set<() => void>>();

  /** `uid`: of the user whose the socket is. */
  constructor(tokens: Tokens, uid: number | undefined) {
    this.#tokens = tokens;
    this.#operator = {
      by: `uid:${uid ?? '?'}`,
      token: null,
      family: '',
      view: new View(null),
      right: 'control',
    };
  }

  /**
   * `authorization`: the header. Without one who is at the socket is the operator; anybody else is nobody.
   *
   * @throws CallError `token_refused`.
   */
  known(authorization: string | undefined, atSocket: boolean): Caller {
    if (authorization === undefined && atSocket) return this.#operator;
    const [, text = ''] = /^bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
    const token = this.#tokens.find(text);
    if (token === undefined) throw new CallError('token_refused', 'there is no token that is known');
    const { id, path, right } = token;
    return { by: `token:${id}`, token: id, family: this.#tokens.family(token), view: new View(path), right };
  }

  /** Calls back when the token of the caller is revoked. Returns what takes that back. */
  onRevoked({ token }: Caller, revoked: () => void): () => void {
    if (token === null) return () => undefined;
    const following = this.#following.get(token) ?? new Set();
    this.#following.set(token, following.add(revoked));
    return () => {
      following.delete(revoked);
      if (following.size === 0) this.#following.delete(token);
    };
  }

  revoked(tokens: readonly string[]): void {
    for (const token of tokens) for (const revoked of this.#following.get(token) ?? []) revoked();
  }
}

/** What one may not do is not there. */
export function mayAsk({ view, right }: Caller, operation: Operation): boolean {
  if (operation.whole === true && !view.isWhole) return false;
  return right === 'control' || operation.right === 'view';
}
