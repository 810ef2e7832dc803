/** Certificates for a test, made by openssl: an authority, and who it signs. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

export class Authority {
  readonly #folder: string;
  readonly #name: string;
  readonly ca: string;
  readonly #key: string;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
    this.ca = join(folder, `${name}.pem`);
    this.#key = join(folder, `${name}.key`);
    openssl('req', '-x509', ...NEW_KEY, '-keyout', this.#key, '-out', this.ca, '-subj', `/CN=${name}`);
  }

  /** `days` below zero: it has expired. */
  sign(commonName: string, subjectAltName: string, days = 2): Certificate {
    const at = (ending: string): string =>
      join(this.#folder, `${this.#name}-${commonName}-${String(days)}.${ending}`);
    const names = ['-subj', `/CN=${commonName}`, '-addext', `subjectAltName=${subjectAltName}`];
    openssl('req', ...NEW_KEY, '-keyout', at('key'), '-out', at('csr'), ...names);
    const by = ['-CA', this.ca, '-CAkey', this.#key, '-CAcreateserial'];
    const how = ['-days', String(days), '-copy_extensions', 'copy'];
    openssl('x509', '-req', '-in', at('csr'), ...by, ...how, '-out', at('pem'));
    return { certificate: at('pem'), key: at('key') };
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function openssl(...words: readonly string[]): void {
  execFileSync('openssl', words, { stdio: 'pipe' });
}
