/**
 * Who is in a cluster, who holds which name, and where the broker is: what a driver that carries messages between
 * hosts needs to know, and what one that finds hosts knows. How it is found is nothing of this interface; what is
 * in a directory has been proved by the key of the host that says it.
 */

/**
 * Who may hold a name at a time: `unique`, one holder in the cluster; `host`, one on each host; `many`, any number of
 * holders that stand in for each other.
 */
export type Holding = 'unique' | 'host' | 'many';

export interface DirectoryHost {
  /** Its id: the fingerprint of its key. */
  readonly host: string;
  /** Where it says that the broker is reached: `amqp:` or `amqps:` addresses, without credentials. */
  readonly endpoints: readonly string[];
  /** How many names it offers. */
  readonly names: number;
}

export interface NameHolder {
  readonly host: string;
  readonly holding: Holding;
  /** Grows with each life of what is behind the name, on this host or another. */
  readonly incarnation: number;
}

/** A name, and who holds it now. */
export interface HeldName {
  readonly name: string;
  /** `conflict`: more than one host claims a `unique` name; `holders` has who gets it. */
  readonly state: 'absent' | 'held' | 'conflict';
  readonly holders: readonly NameHolder[];
  /** In a conflict: who claims the name, too. */
  readonly contenders: readonly NameHolder[];
}

export interface AdvertiseOptions {
  /** Default `unique`. */
  readonly holding?: Holding;
  /**
   * Which life of the name this is; of a unique name the greatest gets it. Default: greater than every one that this
   * host has seen of the name, and at least the wall clock in ms, so that who claims last has it.
   */
  readonly incarnation?: number;
}

export interface Advertisement {
  readonly name: string;
  readonly incarnation: number;
  /** The name is no longer offered by this host. A second call does nothing. */
  withdraw(): void;
}

/** Follows a name, from `state` on. */
export interface NameWatch {
  /** The present state. */
  readonly state: HeldName;
  stop(): void;
}

export interface Directory {
  /** This host's id. */
  readonly host: string;
  /**
   * Offers a name. Called again for the same name it replaces the earlier offer.
   *
   * @throws HostError `host_unfit` for a name that cannot be offered; `host_stopped` when the directory has ended
   */
  advertise(name: string, options?: AdvertiseOptions): Advertisement;
  /** Calls back for each change of who holds the name, in order. */
  watch(name: string, listener: (change: { readonly after: HeldName }) => void): NameWatch;
  /** All names that are held, in order. */
  names(): readonly HeldName[];
  /** All hosts that are known, this one among them, in order. */
  hosts(): readonly DirectoryHost[];
  /** Where the broker is reached: as this host was told first, then as others say; each address once. */
  brokers(): readonly string[];
  /** Says goodbye, and ends. */
  close(): Promise<void>;
}

/**
 * How directories of a cluster's hosts speak to each other through the broker: whoever carries messages gives it, whoever
 * keeps a directory uses it. It is believed in nothing: what matters is signed by the host that it is of, and numbered.
 */
export interface DirectoryExchange {
  /** Takes part, in place of whoever did before. Returns what ends it. */
  join(part: ExchangePart): () => void;
  /** Says this, of less than 4 kB, to all hosts that are reached, and to each that will be, in place of what was said before. */
  say(notice: Uint8Array): void;
  /**
   * Asks one host, by its id. Questions have less than 400 bytes, answers less than 64 kB. What fails rejects, or never
   * comes.
   */
  ask(host: string, question: Uint8Array): Promise<Uint8Array>;
}

/** Neither must throw. */
export interface ExchangePart {
  /** Another host says this. It may come more than once. */
  heard(host: string, notice: Uint8Array): void;
  /** Another host asks this. */
  answer(question: Uint8Array): Uint8Array;
}
