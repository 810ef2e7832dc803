import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  createKeyPair,
  fingerprint,
  openJoinTicket,
  openRevocations,
  publicKeyOf,
} from '@espalier/core/identity';
import { makeRoot, openRoot } from '../../src/remote/root-key.js';

describe('the root of a cluster', () => {
  let folder: string;
  let root: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'esp-'));
    root = join(folder, 'root');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  test('is kept where only its owner reads it, and lets hosts in later, with the login it was told', () => {
    const login = join(folder, 'login');
    writeFileSync(login, 'user:password\n');
    const made = makeRoot({ root, login }, null);
    expect(['root.key', 'login'].map((file) => statSync(join(root, file)).mode & 0o777)).toEqual([
      0o600, 0o600,
    ]);
    const host = createKeyPair();
    const { cluster, broker } = openJoinTicket(openRoot({ root }).ticketFor(host.publicKey), host);
    expect(broker).toBe('user:password');
    expect(openJoinTicket(made.ticketFor(host.publicKey), host).cluster).toBe(cluster);
  });

  test('is never made over another, nor on a host that belongs to a cluster', () => {
    makeRoot({ root }, null);
    expect(() => makeRoot({ root }, null)).toThrow(expect.objectContaining({ code: 'operation_refused' }));
    expect(() => makeRoot({ root: join(folder, 'b') }, 'f'.repeat(32))).toThrow(
      expect.objectContaining({ code: 'operation_refused' }),
    );
  });

  test('is not made with a login that is none, and what stands in its file is not repeated', () => {
    const login = join(folder, 'login');
    writeFileSync(login, 'password\n');
    const make = (): unknown => makeRoot({ root, login }, null);
    expect(make).toThrow(expect.objectContaining({ code: 'operation_refused' }));
    expect(make).not.toThrow('password');
    expect(existsSync(root)).toBe(false);
  });

  test('shuts hosts out: each list has all before, and no ticket is made for who stands on it', () => {
    const { publicKey } = createKeyPair();
    const [first, second] = [fingerprint(publicKey), 'f'.repeat(32)];
    const made = makeRoot({ root }, null);
    expect(() => made.revoke(['beta'])).toThrow(expect.objectContaining({ code: 'revocations_refused' }));
    made.ticketFor(publicKey);
    made.revoke([first]);
    const list = openRoot({ root }).revoke([second]);
    const { number, hosts } = openRevocations(
      list,
      publicKeyOf(readFileSync(join(root, 'root.key'), 'utf8')) ?? '',
    );
    expect([number, [...hosts]]).toEqual([2, [first, second]]);
    for (const opened of [made, openRoot({ root })]) {
      expect(() => opened.ticketFor(publicKey)).toThrow(
        expect.objectContaining({
          code: 'operation_refused',
          remedy: expect.stringContaining('new key') as unknown,
        }),
      );
    }
    made.ticketFor(createKeyPair().publicKey);
  });

  test('is asked for where it is not', () => {
    expect(() => openRoot({ root })).toThrow(expect.objectContaining({ code: 'state_unreadable' }));
  });
});
