/** Whom the root of a cluster has let in, and has not thrown out: asked for each key that signs something. */
import { fingerprint } from './keys.js';
import { isGranted } from './membership.js';

/** `foreign`: its key is not signed by this root; `revoked`: it was, and is not to be believed any more. */
export type Verdict = 'member' | 'foreign' | 'revoked';

/** Grants that are remembered, for a signature is dear to check. */
const MAX_GRANTS = 1024;

export class Members {
  readonly #root: string;
  readonly #granted = new Set<string>();
  readonly #revoked = new Set<string>();

  /** @param root the root's public key */
  constructor(root: string) {
    this.#root = root;
  }

  /** From now on these hosts (ids) are no members. Those of former lists stay revoked, whatever a later one leaves out. */
  revoke(hosts: ReadonlySet<string>): void {
    for (const host of hosts) this.#revoked.add(host);
  }

  judge(publicKey: string, grant: string): Verdict {
    const key = `${publicKey}.${grant}`;
    if (!this.#granted.has(key)) {
      if (!isGranted(this.#root, publicKey, grant)) return 'foreign';
      if (this.#granted.size >= MAX_GRANTS) this.#granted.clear();
      this.#granted.add(key);
    }
    return this.#revoked.has(fingerprint(publicKey)) ? 'revoked' : 'member';
  }
}
