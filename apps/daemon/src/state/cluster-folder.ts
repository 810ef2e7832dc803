/**
 * Who this host is, and of which cluster: the folder `cluster` in the daemon's. The key is made at the first start and
 * stays; the ticket comes and goes, and where it is the host is a member.
 */
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CallError, HostError } from '@espalier/core';
import {
  createKeyPair,
  fingerprint,
  openJoinTicket,
  openRevocations,
  publicKeyOf,
  type KeyPair,
  type Membership,
  type Revocations,
} from '@espalier/core/identity';
import { removeDurably, writeNew, writeOver } from './atomic-file.js';
import { privateFolder } from './folder.js';

const HEARD = 'heard-brokers.json';
const REVOKED = 'revoked';
const TOLD = 'revoked-told';

export interface ClusterMember {
  readonly membership: Membership;
  /** Where this host was told that the broker is; it tells the others. */
  readonly brokers: readonly string[];
  /** The file with the list of revoked hosts that this one was given; it may not be there. */
  readonly revoked: string;
  /** The file with the list that other hosts have told; it may not be there. The newer one of both is followed. */
  readonly told: string;
  /** The file with what others have told of the broker; it may not be there. */
  readonly heard: string;
}

export class ClusterFolder {
  readonly #folder: string;
  readonly #key: KeyPair;
  /** What changes the folder does so one after the other: an older list never comes over a newer, or into another cluster. */
  #last: Promise<void> = Promise.resolve();

  private constructor(folder: string, key: KeyPair) {
    this.#folder = folder;
    this.#key = key;
  }

  /** In the daemon's folder. @throws HostError `folder_unsafe`; `state_unreadable`: its key is none. */
  static async open(daemonFolder: string, makeKey = createKeyPair): Promise<ClusterFolder> {
    const folder = clusterFolder(daemonFolder);
    await privateFolder(folder);
    const file = join(folder, 'host.key');
    if (!existsSync(file)) await writeNew(file, keyToType(makeKey).privateKey);
    return new ClusterFolder(folder, keyOf(file, await readFile(file, 'utf8')));
  }

  get host(): string {
    return fingerprint(this.#key.publicKey);
  }

  get publicKey(): string {
    return this.#key.publicKey;
  }

  /** @throws HostError `state_unreadable`. */
  get member(): ClusterMember | undefined {
    return readMember(this.#folder);
  }

  /**
   * Durable when it resolves.
   *
   * @throws HostError `ticket_refused`, or `revocations_refused`: there is a list of revoked hosts, and it is not of this
   *   cluster; CallError `operation_refused`: it is a member already.
   */
  join(ticket: string, brokers: readonly string[]): Promise<void> {
    return this.#inTurn(() => this.#join(ticket, brokers));
  }

  /** The key stays: a ticket for it takes the host in again. */
  leave(): Promise<void> {
    return this.#inTurn(() => removeDurably(join(this.#folder, 'ticket')));
  }

  /**
   * Durable when it resolves; the same list again changes nothing.
   *
   * @throws HostError `revocations_refused`: it is none of this cluster, older than the one that is followed, or lets a host
   *   in again; `state_unreadable`; CallError `operation_refused`: the host is a member of no cluster.
   */
  followRevocations(list: string): Promise<void> {
    return this.#inTurn(() => this.#take(list.trim()));
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const changed = this.#last.then(change);
    this.#last = changed.catch(() => undefined);
    return changed;
  }

  async #join(ticket: string, brokers: readonly string[]): Promise<void> {
    const { cluster, root } = opened(ticket, this.#key);
    const present = this.member?.membership.cluster;
    if (present !== undefined) {
      const other = present === cluster ? 'this cluster' : 'another cluster';
      throw new CallError('operation_refused', `the host is a member of ${other} already`, {
        field: 'ticket',
        remedy: 'Leave first: `espalier cluster leave`.',
      });
    }
    checkRevoked(join(this.#folder, REVOKED), root);
    for (const name of ['brokers.json', HEARD]) await removeDurably(join(this.#folder, name));
    await writeNew(join(this.#folder, 'brokers.json'), JSON.stringify(brokers));
    // The last: who has a ticket is a member.
    await writeNew(join(this.#folder, 'ticket'), ticket.trim());
  }

  async #take(list: string): Promise<void> {
    const { member } = this;
    if (member === undefined) {
      const remedy = 'Join first: `espalier cluster join`.';
      throw new CallError('operation_refused', 'the host is a member of no cluster', {
        field: 'list',
        remedy,
      });
    }
    const { root } = member.membership;
    const { number, hosts } = openedList(
      list,
      root,
      'list',
      'Take it from `espalier cluster revoke` of this cluster’s root.',
    );
    for (const former of [member.revoked, member.told].map((file) => formerList(file, root))) {
      if (former === undefined || former.text === list) continue;
      const remedy = `Make the next one out of the newest: ${former.file} goes to the root’s folder.`;
      const refuse = (why: string): never => {
        throw new HostError('revocations_refused', why, { field: 'list', remedy });
      };
      if (number <= former.number)
        refuse(`it is list number ${number}, and number ${former.number} is followed already`);
      // Made out of an old one: whom a newer one has shut out it would let in again.
      const missing = [...former.hosts].find((host) => !hosts.has(host));
      if (missing !== undefined) refuse(`host ${missing} is not in it, which number ${former.number} has`);
    }
    await writeOver(member.revoked, list);
  }
}

/** Its public key is an argument of `espalier cluster ticket`: with a dash in front, as one in 64 has it, it would be an option. */
function keyToType(makeKey: () => KeyPair): KeyPair {
  for (;;) {
    const key = makeKey();
    if (!key.publicKey.startsWith('-')) return key;
  }
}

export function clusterFolder(daemonFolder: string): string {
  return join(daemonFolder, 'cluster');
}

/** What stands in the folder; nothing where there is no ticket. @throws HostError `state_unreadable`. */
export function readMember(folder: string): ClusterMember | undefined {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  if (!existsSync(join(folder, 'ticket'))) return undefined;
  try {
    const membership = openJoinTicket(read('ticket'), keyOf('host.key', read('host.key')));
    const brokers = JSON.parse(read('brokers.json')) as string[];
    return { membership, brokers, ...filesIn(folder) };
  } catch (cause) {
    const why = (cause as Error).message;
    throw new HostError('state_unreadable', `${folder}: ${why}`, { field: 'folder', value: folder, cause });
  }
}

function filesIn(folder: string): Pick<ClusterMember, 'revoked' | 'told' | 'heard'> {
  return { revoked: join(folder, REVOKED), told: join(folder, TOLD), heard: join(folder, HEARD) };
}

function keyOf(file: string, privateKey: string): KeyPair {
  const publicKey = publicKeyOf(privateKey);
  if (publicKey !== undefined) return { publicKey, privateKey };
  throw new HostError('state_unreadable', `${file} holds no private key`, { field: 'folder', value: file });
}

/** The list of another cluster would keep the bridge from ever starting. */
function checkRevoked(file: string, root: string): void {
  if (!existsSync(file)) return;
  const remedy = `Remove ${file}, or put the list of this cluster there.`;
  openedList(readFileSync(file, 'utf8'), root, 'revoked', remedy);
}

interface FormerList extends Revocations {
  readonly file: string;
  readonly text: string;
}

/** What is followed; nothing where it is none of this cluster, for that may be replaced. @throws HostError `state_unreadable`. */
function formerList(file: string, root: string): FormerList | undefined {
  const text = textOf(file)?.trim();
  if (text === undefined) return undefined;
  try {
    return { ...openRevocations(text, root), file, text };
  } catch {
    return undefined;
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new HostError('state_unreadable', message, { field: 'folder', value: file, cause });
  }
}

function openedList(text: string, root: string, field: string, remedy: string): Revocations {
  try {
    return openRevocations(text, root);
  } catch (error) {
    throw new HostError('revocations_refused', (error as Error).message, { field, remedy });
  }
}

/** In a bundle what `identity` throws is of another class than ours: only its code counts. */
function opened(ticket: string, key: KeyPair): Membership {
  try {
    return openJoinTicket(ticket.trim(), key);
  } catch (error) {
    throw new HostError('ticket_refused', (error as Error).message, { field: 'ticket' });
  }
}
