/**
 * Who may ask what, and who has asked: tokens, as the one who asks may make, see and revoke them (those of his subtree,
 * made by his own), and the audit log.
 */
import { CallError } from '@espalier/core';
import type { AuditLog, MadeToken, Token, TokenList, TokenRequest } from '@espalier/supervisor/client';
import type { Audit } from '../access/audit.js';
import type { Caller } from '../access/caller.js';
import type { KeptToken, Tokens } from '../access/tokens.js';
import type { View } from '../access/view.js';
import type { LineQuery } from '../logs/line-files.js';

export interface AccessParts {
  readonly tokens: Tokens;
  readonly audit: Audit;
  readonly nowMs: () => number;
  /** These are revoked, and others may be there. */
  readonly onChange: (revoked: readonly string[]) => void;
}

export class AccessOperations {
  readonly #parts: AccessParts;
  readonly #caller: Caller;

  constructor(parts: AccessParts, caller: Caller) {
    this.#parts = parts;
    this.#caller = caller;
  }

  async make({ label = '', path = null, right }: TokenRequest): Promise<MadeToken> {
    const { tokens, nowMs, onChange } = this.#parts;
    const { view, token: parent } = this.#caller;
    const at = new Date(nowMs()).toISOString();
    const inside = path === null ? view.path : view.inside(path);
    const { token, text } = await tokens.make({ label, path: inside, right, parent, at });
    onChange([]);
    return { ...shown(token, view), token: text };
  }

  list(): TokenList {
    const mine = this.#parts.tokens.all.filter((token) => this.#isMine(token));
    const sorted = mine.sort((a, b) => (a.at < b.at ? -1 : 1));
    return { tokens: sorted.map((token) => shown(token, this.#caller.view)) };
  }

  async revoke(id: string): Promise<void> {
    const { tokens, onChange } = this.#parts;
    if (!tokens.all.some((token) => token.id === id && this.#isMine(token))) {
      throw new CallError('token_missing', `there is no token '${id}'`, { field: 'id', value: id });
    }
    await tokens.revoke(id, onChange);
  }

  audit(query: LineQuery): AuditLog {
    return { entries: [...this.#parts.audit.read(query)] };
  }

  #isMine(token: KeptToken): boolean {
    const { token: own } = this.#caller;
    return own === null || this.#parts.tokens.isBelow(token, own);
  }
}

function shown({ id, label, path, right, at }: KeptToken, view: View): Token {
  const seen = path === null ? null : (view.outside(path) ?? null);
  return { id, label, path: seen, right, at };
}
