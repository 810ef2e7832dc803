/** A cluster for a test: a root, and for each host that is asked for by name a key and a ticket, as files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeyPair, fingerprint, issueJoinTicket, type KeyPair } from '@espalier/core/identity';

export class Cluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'espalier-cluster-'));
  readonly root = createKeyPair();
  readonly #keys = new Map<string, KeyPair>();

  /** The settings by which a bridge is that host. The same name is the same host. `login`: its ticket's, at first. */
  host(name: string, login?: string): { readonly key: string; readonly ticket: string } {
    const files = { key: join(this.folder, `${name}.key`), ticket: join(this.folder, `${name}.ticket`) };
    if (!this.#keys.has(name)) {
      const key = createKeyPair();
      const broker = login === undefined ? {} : { broker: login };
      this.#keys.set(name, key);
      writeFileSync(files.key, key.privateKey, { mode: 0o600 });
      writeFileSync(files.ticket, issueJoinTicket(this.root, { publicKey: key.publicKey, ...broker }));
    }
    return files;
  }

  keyOf(name: string): KeyPair {
    this.host(name);
    return this.#keys.get(name) as KeyPair;
  }

  idOf(name: string): string {
    return fingerprint(this.keyOf(name).publicKey);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
