/**
 * One namespace: names and who holds them. A guest that has resolved a name follows it: it is told of
 * every change, so its later sends need no question. A name whose holder is being restarted is
 * *pending*: it is taken, and its senders park.
 *
 * The kernel of a cell knows only for which of its own nodes a name is taken; who holds it, and who follows it,
 * the kernel above knows, for which all names of a cell are kept for that.
 */
import type { NameState } from '../protocol/notices.js';
import type { Channels } from './channels.js';
import type { Environment } from './environment.js';
import type { Guest } from './guest.js';
import type { NameRecord } from './identity.js';
import type { Uplink } from './uplink.js';

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
    return this.#names.get(name)?.holder;
  }

  /** Keeps a name for someone who will hold it. False if it is another's. */
  keep(name: string, keeper: object): boolean {
    const record = this.#record(name);
    if (record.holder !== undefined) return false;
    if (record.keptFor !== undefined && record.keptFor !== keeper) return false;
    const news = record.keptFor === undefined;
    this.#keepFor(name, record, keeper);
    this.#uplink?.keep(name);
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
    const free = record.holder === undefined && (record.keptFor === undefined || record.keptFor === keeper);
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
    this.#uplink?.giveUp(name);
    this.#tell(name, record);
    this.#forgetUnused(name, record);
  }

  /** The same for all that are kept for it, but for those that it has claimed anew. */
  giveUpAll(keeper: object, claimed?: ReadonlySet<string>): void {
    for (const name of this.#kept.get(keeper) ?? [])
      if (claimed?.has(name) !== true) this.giveUp(name, keeper);
  }

  follow(name: string, guest: Guest): NameState {
    const record = this.#record(name);
    record.followers.add(guest);
    guest.followed.add(name);
    return this.#state(record, guest);
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
      record = { holder: undefined, keptFor: undefined, followers: new Set() };
      this.#names.set(name, record);
    }
    return record;
  }

  #forgetUnused(name: string, record: NameRecord): void {
    if (record.holder === undefined && record.keptFor === undefined && record.followers.size === 0)
      this.#names.delete(name);
  }

  #tell(name: string, record: NameRecord): void {
    for (const guest of record.followers)
      guest.notify({ notice: 'name', name, holder: this.#state(record, guest) });
  }

  #state(record: NameRecord, guest: Guest): NameState {
    if (record.holder !== undefined)
      return { state: 'held', peer: this.#channels.peer(guest, record.holder) };
    return { state: record.keptFor === undefined ? 'free' : 'pending' };
  }
}
