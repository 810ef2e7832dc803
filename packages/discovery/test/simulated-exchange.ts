/** A broker between the directories of simulated hosts, which may tamper with what it carries, and lose hosts. */
import { CallError } from '@espalier/core';
import type { DirectoryExchange, ExchangePart } from '@espalier/core/directory';
import type { SimulatedNetwork } from './simulated-network.js';

interface Station {
  part: ExchangePart | undefined;
  notice: Uint8Array | undefined;
  connected: boolean;
}

export class SimulatedExchange {
  readonly #stations = new Map<string, Station>();
  readonly #network: SimulatedNetwork;
  /** Whom who asked. */
  readonly asked: string[] = [];
  /** What it does to an answer. */
  tamper: (answer: Uint8Array) => Uint8Array | Promise<Uint8Array> = (answer) => answer;

  constructor(network: SimulatedNetwork) {
    this.#network = network;
  }

  of(host: string): DirectoryExchange {
    const station: Station = { part: undefined, notice: undefined, connected: true };
    this.#stations.set(host, station);
    return {
      join: (part) => {
        station.part = part;
        this.connect(host, true);
        return () => (station.part = undefined);
      },
      say: (notice) => {
        station.notice = notice;
        this.#say(host);
      },
      ask: async (other, question) => {
        this.asked.push(other);
        const asked = this.#stations.get(other);
        if (!station.connected || asked?.connected !== true || asked.part === undefined)
          throw new CallError('noproc', 'nobody is there');
        return this.tamper(asked.part.answer(question));
      },
    };
  }

  /** Whether a host reaches the broker. Who begins to hears everybody, and is heard. */
  connect(host: string, connected: boolean): void {
    const station = this.#stations.get(host);
    if (station === undefined) return;
    station.connected = connected;
    if (connected) for (const each of this.#stations.keys()) this.#say(each);
  }

  /** As what it said is carried: later, and to whom is there then. */
  #say(host: string): void {
    this.#network.clock.after(1, () => {
      const from = this.#stations.get(host);
      if (from?.connected !== true || from.notice === undefined) return;
      for (const [other, { part, connected }] of this.#stations) {
        if (other !== host && connected) part?.heard(host, from.notice);
      }
    });
  }
}
