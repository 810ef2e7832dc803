/** Hosts in one process, under a clock that is moved: real engines and drivers over links that lose, cut and record. */
import { ManualClock, SeededRandom } from '@espalier/core/testing';
import { DiscoveryDriver } from '../src/driver.js';
import {
  createKeyPair,
  issueJoinTicket,
  openJoinTicket,
  type KeyPair,
  type Membership,
} from '@espalier/core/identity';
import { MdnsEngine } from '../src/mdns/engine.js';
import { readOptions, type DiscoveryOptions } from '../src/options.js';

export interface Sent {
  readonly from: string;
  readonly bytes: Buffer;
  readonly at: number;
}

interface Station {
  readonly address: string;
  readonly engine: MdnsEngine;
  segment: number;
}

const EPOCH = 1_700_000_000_000;

export class SimulatedNetwork {
  readonly clock = new ManualClock();
  readonly random: SeededRandom;
  readonly sent: Sent[] = [];
  readonly #stations = new Map<string, Station>();
  #addresses = 0;
  /** Share of packets that a receiver misses. */
  loss = 0;
  wallOffset = 0;
  /** Between two events: whoever has more promises to wait for takes a longer one. */
  turn: () => Promise<unknown> = () => Promise.resolve();

  constructor(seed = 1) {
    this.random = new SeededRandom(seed);
  }

  readonly wallNow = (): number => EPOCH + Math.floor(this.clock.now()) + this.wallOffset;

  start(membership: Membership, options: Partial<DiscoveryOptions> = {}): SimulatedHost {
    const address = `10.0.0.${(this.#addresses += 1)}`;
    const time = { clock: this.clock, wallNow: this.wallNow, random: this.random };
    const settings = readOptions({ membership, time, ...options });
    let station: Station | undefined;
    const driver = new DiscoveryDriver(settings, (problems) => {
      const engine = new MdnsEngine({
        clock: this.clock,
        random: this.random,
        hostLabel: membership.host,
        problems,
      });
      station = { address, engine, segment: 0 };
      this.#stations.set(address, station);
      return engine;
    });
    if (station === undefined) throw new Error('the driver made no backend');
    const host = new SimulatedHost(this, address, driver, station.engine);
    host.plug();
    return host;
  }

  /** Everybody but the sender hears it, and the sender too: multicast loops back. */
  multicast(from: string, bytes: Buffer): void {
    this.sent.push({ from, bytes, at: this.clock.now() });
    const segment = this.#stations.get(from)?.segment ?? 0;
    this.clock.after(1, () => {
      for (const { address, engine, segment: other } of this.#stations.values()) {
        if (other !== segment || (address !== from && this.random.next() < this.loss)) continue;
        engine.receive('net', bytes, from);
      }
    });
  }

  /** Puts a host into another segment; hosts hear their own segment only. */
  move({ address }: SimulatedHost, segment: number): void {
    const station = this.#stations.get(address);
    if (station !== undefined) station.segment = segment;
  }

  remove(address: string): void {
    this.#stations.delete(address);
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    while (this.clock.fireNext(end)) await this.turn();
    this.clock.moveTo(end);
    await this.turn();
  }

  /** Lets time pass until something holds; says how long it took, or fails after `mostMs`. */
  async until(holds: () => boolean, mostMs: number): Promise<number> {
    const start = this.clock.now();
    while (!holds()) {
      if (!this.clock.fireNext(start + mostMs)) throw new Error(`not so after ${mostMs} ms`);
      await this.turn();
    }
    return this.clock.now() - start;
  }
}

export class SimulatedHost {
  readonly address: string;
  readonly discovery: DiscoveryDriver;
  readonly engine: MdnsEngine;
  readonly #network: SimulatedNetwork;
  #silent = false;

  constructor(network: SimulatedNetwork, address: string, discovery: DiscoveryDriver, engine: MdnsEngine) {
    this.#network = network;
    this.address = address;
    this.discovery = discovery;
    this.engine = engine;
  }

  get id(): string {
    return this.discovery.host;
  }

  plug(): void {
    const { address } = this;
    this.engine.attach({
      id: 'net',
      addresses: [{ family: 4, address }],
      send: (bytes) => {
        if (!this.#silent) this.#network.multicast(address, bytes);
      },
    });
  }

  unplug(): void {
    this.engine.detach('net');
  }

  /** Dies without a word. */
  kill(): void {
    this.#silent = true;
    this.#network.remove(this.address);
  }
}

/** A cluster's root and any number of members. */
export class TestCluster {
  readonly root: KeyPair = createKeyPair();

  member(key: KeyPair = createKeyPair()): Membership {
    return openJoinTicket(issueJoinTicket(this.root, { publicKey: key.publicKey }), key);
  }
}

/** The holders of a name, as host ids. */
export function holdersOf({ discovery }: SimulatedHost, name: string): string[] {
  const state = discovery.names().find((held) => held.name === name);
  return state?.holders.map(({ host }) => host) ?? [];
}
