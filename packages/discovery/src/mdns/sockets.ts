/**
 * The links of this machine as sockets on port 5353, one per interface and family, following the interfaces as they
 * come and go. One socket each, since Node can join a group on many interfaces, but sends on one.
 *
 * What the libraries above dns-packet leave silent is said here: a group that cannot be joined, a packet that cannot
 * be sent, a port that is held. All of it is tried again, none of it ends anything.
 */
import { createSocket, type Socket } from 'node:dgram';
import type { Clock } from '@espalier/core/internal/clock.js';
import { problem, type ProblemCode } from '../problem.js';
import type { Problems } from '../problems.js';
import type { MdnsEngine } from './engine.js';
import { linkPlaces, placeKey, type InterfaceList, type LinkPlace } from './interfaces.js';

export interface SocketParts {
  readonly engine: MdnsEngine;
  readonly clock: Clock;
  readonly listInterfaces: () => InterfaceList;
  /** Names; otherwise all that lead out of the machine. */
  readonly interfaces: readonly string[] | undefined;
  readonly problems: Problems;
}

const PORT = 5353;
const GROUP = { 4: '224.0.0.251', 6: 'ff02::fb' } as const;
const LOOK_EVERY_MS = 1000;
/** What could not be opened is tried again after that. */
const RETRY_MS = 10_000;
/** RFC 6762, section 11: 255, so that a receiver could tell packets from beyond the link. */
const HOPS = 255;

interface Open {
  readonly key: string;
  readonly socket: Socket;
  /** Packets handed over and not sent: Node looks even an address up, and drops on close what it has not sent. */
  readonly sending: Set<Promise<void>>;
}

export class MulticastSockets {
  readonly #parts: SocketParts;
  readonly #open = new Map<string, Open>();
  readonly #retryAt = new Map<string, number>();
  /** Those that could not be opened. */
  readonly #failed = new Set<string>();
  #cancel: () => void = () => undefined;
  #closed = false;
  #hadLinks = true;

  constructor(parts: SocketParts) {
    this.#parts = parts;
    this.#look();
  }

  /** Resolves when all sockets have sent what they had and are closed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    await Promise.all([...this.#open.keys()].map((id) => this.#shut(id)));
  }

  #look(): void {
    if (this.#closed) return;
    const places = this.#places();
    const keys = new Set(places.map(placeKey));
    for (const [id, { key }] of this.#open) if (!keys.has(key)) void this.#shut(id);
    const now = this.#parts.clock.now();
    for (const place of places) {
      if (!this.#open.has(place.id) && now >= (this.#retryAt.get(placeKey(place)) ?? 0)) this.#start(place);
    }
    const { problems, interfaces } = this.#parts;
    const wanted = interfaces?.join(', ') ?? 'every interface';
    if (places.length > 0) problems.over('no_link', wanted);
    else if (this.#hadLinks) problems.report(problem('no_link', wanted));
    this.#hadLinks = places.length > 0;
    const ids = new Set(places.map(({ id }) => id));
    for (const id of this.#failed) if (!ids.has(id)) this.#mended(id);
    this.#cancel = this.#parts.clock.after(LOOK_EVERY_MS, () => this.#look());
  }

  #places(): LinkPlace[] {
    try {
      return linkPlaces(this.#parts.listInterfaces(), this.#parts.interfaces);
    } catch {
      // Some sandboxes do not let a process see its interfaces: it has none, then.
      return [];
    }
  }

  #start(place: LinkPlace): void {
    const { engine } = this.#parts;
    const { id, family, via } = place;
    const socket = createSocket({
      type: family === 4 ? 'udp4' : 'udp6',
      reuseAddr: true,
      ipv6Only: family === 6,
    });
    // Discovery never holds a process that has nothing else to do.
    socket.unref();
    this.#open.set(id, { key: placeKey(place), socket, sending: new Set() });
    socket.on('error', (error) => this.#fail(place, 'port_refused', error));
    socket.on('message', (bytes, { address }) => {
      // A socket hears what any socket of this machine has joined, over other interfaces too.
      if (place.isOnLink(address)) engine.receive(id, bytes, address);
    });
    socket.bind(PORT, family === 4 ? '0.0.0.0' : '::', () => {
      const open = this.#open.get(id);
      if (open?.socket !== socket) return;
      try {
        socket.addMembership(GROUP[family], via);
        socket.setMulticastInterface(via);
        socket.setMulticastTTL(HOPS);
        socket.setMulticastLoopback(true);
      } catch (error) {
        this.#fail(place, 'join_refused', error);
        return;
      }
      this.#attach(place, open);
    });
  }

  #attach({ id, family, addresses }: LinkPlace, { socket, sending }: Open): void {
    this.#mended(id);
    const { problems } = this.#parts;
    const send = async (bytes: Buffer): Promise<void> => {
      const error = await new Promise<Error | null>((resolve) =>
        socket.send(bytes, PORT, GROUP[family], resolve),
      );
      if (this.#closed) return;
      // A link that is gone is noticed at the next look.
      if (error === null) problems.over('send_failed', id);
      else problems.report(problem('send_failed', id, error));
    };
    this.#parts.engine.attach({
      id,
      addresses,
      send: (bytes) => {
        const sent = send(bytes);
        sending.add(sent);
        void sent.finally(() => sending.delete(sent));
      },
    });
  }

  #fail(place: LinkPlace, code: ProblemCode, error: unknown): void {
    this.#retryAt.set(placeKey(place), this.#parts.clock.now() + RETRY_MS);
    void this.#shut(place.id);
    this.#failed.add(place.id);
    this.#parts.problems.report(problem(code, place.id, error));
  }

  /** It is open, or was one that is no more. */
  #mended(id: string): void {
    this.#failed.delete(id);
    for (const code of ['port_refused', 'join_refused'] as const) this.#parts.problems.over(code, id);
  }

  async #shut(id: string): Promise<void> {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    this.#parts.engine.detach(id);
    await Promise.all(open.sending);
    // Not before: what was under way may have failed, and nothing is sent any more that could show it mended.
    this.#parts.problems.over('send_failed', id);
    await new Promise<void>((resolve) => {
      open.socket.close(() => resolve());
    });
  }
}
