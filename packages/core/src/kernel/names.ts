/**
 * Names and who holds them, in all namespaces of the tree. A guest that has resolved a name follows it: it
 * is told of every change, so its later sends need no question. A name whose holder is being restarted is
 * *pending*: it is taken, and its senders park.
 *
 * Here a name is written with its namespace, which is the path of the isolated node that it is private to
 * ('' is the tree's), as `nameIn` does. No guest says which namespace it means: it has one.
 *
 * A *grant* makes a name of one namespace lead to what runs at a path, or was spawned there, and holds a name of
 * another. It is what the administrator says, it stays while either side is restarted, and there is no other way across.
 *
 * The kernel of a cell knows only for which of its own nodes a name is taken; who holds it, and who follows it,
 * the kernel above knows, for which all names of a cell are kept for that. So grants are known at the top alone.
 */
import { isWithin } from '../node-path.js';
import type { NameState } from '../protocol/notices.js';
import type { Channels } from './channels.js';
import type { Environment } from './environment.js';
import type { Guest } from './guest.js';
import type { NameRecord } from './identity.js';
import type { Uplink } from './uplink.js';

/** Paths hold no such character: the first one ends the namespace, whatever a guest calls itself. */
const SEPARATOR = '\0';

export function nameIn(space: string, name: string): string {
  return space + SEPARATOR + name;
}

/** The namespace, and the name as it is known there. */
export function splitName(name: string): readonly [space: string, name: string] {
  const at = name.indexOf(SEPARATOR);
  return [name.slice(0, at), name.slice(at + 1)];
}

export class Names {
  readonly #names = new Map<string, NameRecord>();
  readonly #kept = new Map<object, Set<string>>();
  readonly #channels: Channels;
  readonly #uplink: Uplink | undefined;

  constructor(channels: Channels, uplink?: Uplink) {
    this.#channels = channels;
    this.#uplink = uplink;
  }

  get size(): number {
    return this.#names.size;
  }

  holder(name: string): Environment | undefined {
    const record = this.#names.get(name);
    if (record?.grant === undefined) return record?.holder;
    const holder = this.#names.get(record.grant.target)?.holder;
    // Another one may have taken the name meanwhile: that is not whom the grant means.
    return holder !== undefined && isWithin(holder.path, record.grant.path) ? holder : undefined;
  }

  /** Keeps a name for someone who will hold it, or does in an earlier life. False if it is another's. */
  keep(name: string, keeper: object): boolean {
    const record = this.#record(name);
    if (record.holder?.keeper === keeper) return true;
    if (!isFree(record, keeper)) return false;
    const news = record.keptFor === undefined;
    this.#keepFor(name, record, keeper);
    this.#uplink?.keep(name, true);
    if (news) this.#tell(name, record);
    return true;
  }

  /** `done` is told false if it is another's: at once, but in a cell. */
  hold(
    name: string,
    environment: Environment,
    keeper: object | undefined,
    done: (held: boolean) => void,
  ): void {
    if (this.#uplink !== undefined) {
      this.#uplink.hold(name, environment, done);
      return;
    }
    const record = this.#record(name);
    const free = isFree(record, keeper);
    if (free) {
      this.#keepFor(name, record, undefined);
      record.holder = environment;
      environment.names.add(name);
      this.#tell(name, record);
    }
    done(free);
  }

  /** Gives a held name back, or keeps it for the holder's next incarnation. Followers hear of it. */
  release(name: string, environment: Environment, keeper?: object): void {
    const record = this.#names.get(name);
    if (record?.holder !== environment) return;
    record.holder = undefined;
    this.#keepFor(name, record, keeper);
    environment.names.delete(name);
    this.#tell(name, record);
    this.#forgetUnused(name, record);
  }

  /** Nobody will come: a kept name is free again. */
  giveUp(name: string, keeper: object): void {
    const record = this.#names.get(name);
    if (record === undefined || record.holder !== undefined || record.keptFor !== keeper) return;
    this.#keepFor(name, record, undefined);
    this.#uplink?.keep(name, false);
    this.#tell(name, record);
    this.#forgetUnused(name, record);
  }

  /** The same for all that are kept for it, but for those that it has claimed anew. */
  giveUpAll(keeper: object, claimed?: ReadonlySet<string>): void {
    for (const name of this.#kept.get(keeper) ?? [])
      if (claimed?.has(name) !== true) this.giveUp(name, keeper);
  }

  /** What is nobody's is not followed: there is no end of such names. Who means one asks each time. */
  follow(name: string, guest: Guest): NameState {
    const record = this.#record(name);
    const state = this.#state(record, guest);
    const change = state.state === 'free' ? 'delete' : 'add';
    record.followers[change](guest);
    guest.followed[change](name);
    this.#forgetUnused(name, record);
    return state;
  }

  unfollowAll(guest: Guest): void {
    for (const name of guest.followed) {
      const record = this.#names.get(name);
      if (record === undefined) continue;
      record.followers.delete(guest);
      this.#forgetUnused(name, record);
    }
    guest.followed.clear();
  }

  /** Tells a guest anew what all its names lead to. */
  retell(guest: Guest): void {
    for (const name of guest.followed) this.#inform(name, guest);
  }

  /** From now on a name leads to what runs at a path under another name. False if it is somebody's. */
  grant(name: string, target: string, path: string): boolean {
    const record = this.#record(name);
    if (!isFree(record, undefined)) return false;
    record.grant = { target, path };
    this.#record(target).aliases.add(name);
    this.#tell(name, record);
    return true;
  }

  /** Gives those who may have made use of the grant, if there was one; to them, the name is free. */
  revoke(name: string): readonly Guest[] {
    const record = this.#names.get(name);
    if (record?.grant === undefined) return [];
    const { target } = record.grant;
    const followers = [...record.followers];
    record.grant = undefined;
    const granted = this.#record(target);
    granted.aliases.delete(name);
    this.#forgetUnused(target, granted);
    this.#tell(name, record);
    this.#forgetUnused(name, record);
    return followers;
  }

  /** Whether a guest may deal with another: in its own namespace, by a grant, or as the administrator. */
  reaches(guest: Guest, target: Environment): boolean {
    if (!guest.isForeignTo(target.guest)) return true;
    for (const name of target.names) {
      for (const alias of this.#names.get(name)?.aliases ?? []) {
        if (splitName(alias)[0] !== guest.space || this.holder(alias) !== target) continue;
        // It hears of it when the grant ends, as those do who have asked for the name.
        this.follow(alias, guest);
        return true;
      }
    }
    return false;
  }

  #keepFor(name: string, record: NameRecord, keeper: object | undefined): void {
    if (record.keptFor !== undefined) {
      const names = this.#kept.get(record.keptFor);
      names?.delete(name);
      if (names?.size === 0) this.#kept.delete(record.keptFor);
    }
    record.keptFor = keeper;
    if (keeper !== undefined) this.#kept.set(keeper, (this.#kept.get(keeper) ?? new Set()).add(name));
  }

  #record(name: string): NameRecord {
    let record = this.#names.get(name);
    if (record === undefined) {
      const nobody = { holder: undefined, keptFor: undefined, grant: undefined };
      record = { ...nobody, followers: new Set(), aliases: new Set() };
      this.#names.set(name, record);
    }
    return record;
  }

  #forgetUnused(name: string, record: NameRecord): void {
    const unused = isFree(record, undefined) && record.followers.size === 0 && record.aliases.size === 0;
    if (unused) this.#names.delete(name);
  }

  #tell(name: string, record: NameRecord): void {
    for (const guest of record.followers) this.#inform(name, guest);
    for (const alias of record.aliases) this.#tell(alias, this.#record(alias));
  }

  #inform(name: string, guest: Guest): void {
    guest.notify({ notice: 'name', name: splitName(name)[1], holder: this.follow(name, guest) });
  }

  #state(record: NameRecord, guest: Guest): NameState {
    const { grant } = record;
    const { holder, keptFor } = grant === undefined ? record : this.#record(grant.target);
    if (holder === undefined) return { state: keptFor === undefined ? 'free' : 'pending' };
    if (grant !== undefined && !isWithin(holder.path, grant.path)) return { state: 'free' };
    return { state: 'held', peer: this.#channels.peer(guest, holder) };
  }
}

/** Whether a name is nobody's, but for whom it is kept. */
function isFree({ holder, keptFor, grant }: NameRecord, keeper: object | undefined): boolean {
  return holder === undefined && grant === undefined && (keptFor === undefined || keptFor === keeper);
}
