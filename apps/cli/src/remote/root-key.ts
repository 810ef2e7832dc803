/**
 * The root of a cluster: a folder with its private key, how hosts log in at the broker, and the list of those that are
 * revoked. It is apart from the daemon's folder, and needed for nothing but to let a host in or to shut it out.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { CallError, HostError } from '@espalier/core';
import {
  createKeyPair,
  fingerprint,
  issueJoinTicket,
  openRevocations,
  publicKeyOf,
  revokeHosts,
  type KeyPair,
} from '@espalier/core/identity';

export interface NewRoot {
  readonly root?: string;
  /** File in which `user:password` stands. */
  readonly login?: string;
}

export interface Root {
  readonly folder: string;
  /** @throws HostError `ticket_refused`; CallError `operation_refused`: that key is revoked. */
  ticketFor(publicKey: string): string;
  /** The next list of revoked hosts: these, and all before. @throws HostError `revocations_refused`. */
  revoke(hosts: readonly string[]): string;
}

/** `cluster`: of which the host is a member already. @throws CallError `operation_refused`; HostError `state_unreadable`. */
export function makeRoot({ root, login }: NewRoot, cluster: string | null): Root {
  const folder = rootFolder(root);
  const file = join(folder, 'root.key');
  if (cluster !== null)
    throw refused('the host is a member of a cluster already', 'Leave first: `espalier cluster leave`.');
  if (existsSync(file)) {
    const remedy =
      'Let this host in by `espalier cluster ticket` and `join`, or give another folder by --root.';
    throw refused(`${file} is there already: the root of a cluster`, remedy);
  }
  const broker = login === undefined ? undefined : read(resolve(login)).trim();
  if (broker !== undefined && !/^[^:]+:/.test(broker))
    throw refused(`${login} holds no login at the broker`, 'Write user:password there.');
  const key = createKeyPair();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (broker !== undefined) writeFileSync(join(folder, 'login'), broker, { mode: 0o600 });
  writeFileSync(file, key.privateKey, { mode: 0o600, flag: 'wx' });
  return rootOf(folder, key, broker);
}

/** @throws HostError `state_unreadable`. */
export function openRoot({ root }: Pick<NewRoot, 'root'>): Root {
  const folder = rootFolder(root);
  const file = join(folder, 'root.key');
  const privateKey = read(file);
  const publicKey = publicKeyOf(privateKey);
  if (publicKey === undefined) throw unreadable(file, 'it holds no private key');
  const login = join(folder, 'login');
  return rootOf(folder, { publicKey, privateKey }, existsSync(login) ? read(login) : undefined);
}

function rootOf(folder: string, key: KeyPair, broker: string | undefined): Root {
  const revoked = join(folder, 'revoked');
  const lastList = (): string | undefined => (existsSync(revoked) ? read(revoked) : undefined);
  return {
    folder,
    ticketFor: (publicKey) => {
      const ticket = issueJoinTicket(key, { publicKey, ...(broker === undefined ? {} : { broker }) });
      const list = lastList();
      if (list !== undefined && openRevocations(list, key.publicKey).hosts.has(fingerprint(publicKey))) {
        const remedy = 'Make a new key there: remove its `cluster/host.key` and start its daemon again.';
        throw new CallError('operation_refused', 'that key is revoked', {
          field: 'key',
          value: publicKey,
          remedy,
        });
      }
      return ticket;
    },
    revoke: (hosts) => {
      const list = revokeHosts(key, hosts, lastList());
      writeFileSync(`${revoked}.tmp`, list, { mode: 0o600 });
      renameSync(`${revoked}.tmp`, revoked);
      return list;
    },
  };
}

function rootFolder(given: string | undefined): string {
  const config = process.env['XDG_CONFIG_HOME'];
  return resolve(given ?? join(config ? config : join(homedir(), '.config'), 'espalier', 'cluster-root'));
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw unreadable(file, (error as Error).message);
  }
}

function unreadable(file: string, why: string): HostError {
  const remedy = 'Give the folder that `espalier cluster init` has made by --root.';
  return new HostError('state_unreadable', `${file}: ${why}`, { field: 'root', value: file, remedy });
}

function refused(message: string, remedy: string): CallError {
  return new CallError('operation_refused', message, { field: 'root', remedy });
}
