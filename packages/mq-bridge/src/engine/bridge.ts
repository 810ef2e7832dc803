/**
 * A bridge: what this host exports, what it knows of others, and the ways to them. Everything ambient is a
 * parameter; the driver (driver.ts) hands in Node's, tests hand in theirs.
 *
 * It outlives connections, and incarnations too: one that others have declared down ends here as it ended
 * for them, and the bridge goes on as a new one.
 *
 * It is long because it is the place where all parts meet: what is decided stands in them.
 */
import { CallError } from '@espalier/core';
import type { Revocations } from '@espalier/core/identity';
import { newIncarnation } from '../protocol/incarnation.js';
import type { Fate } from '../protocol/out-stream.js';
import { mailboxKey, Peers, type RemoteMailbox } from '../protocol/peers.js';
import type { Transport } from '../transport/transport.js';
import { CborWriter } from '../wire/cbor-writer.js';
import { encodeItem, type Item, type Presence } from '../wire/frames.js';
import { QueueNames } from '../wire/queue-names.js';
import { Answers, senderOf } from './answers.js';
import { Exports } from './exports.js';
import { bytesValue, DIRECTORY, EXCHANGED_BYTES } from './host-exchange.js';
import { Intakes } from './intakes.js';
import type { BridgeOptions } from './bridge-options.js';
import { Outboxes } from './outboxes.js';
import type { Outbox } from './outbox.js';
import { CALLS_WAITING_BYTES, RemoteCalls } from './remote-calls.js';
import { deadLetterTerms, durableTerms, expiryMs, inboxTerms } from './queue-terms.js';
import { Trust } from './trust.js';

/** The one call that a durable mailbox takes. */
const CONFIRMED = 'confirmed';
/** A word of a handshake; one that gets lost is said again with the next presence. */
const UNASKED: Fate = { confirmed: () => undefined, rejected: () => undefined };
/** What a body holds beside the messages: heads, a signature, who it is from. */
const FRAME_OVERHEAD_BYTES = 4096;
/** Whoever is not heard because of a lost binding is heard again before he is taken for down. */
const BINDINGS_BEFORE_DOWN = 3;
const STOP_MS = 2000;
/** A host that is up and does not answer within that has more to do than to be asked. */
const ASK_MS = 10_000;
const STOP_LOOK_MS = 10;
/** Of messages that wait for their frame: as many as one holds. */
const WRITER_BYTES = 16 * 1024;

export class Bridge {
  readonly #options: BridgeOptions;
  readonly #names: QueueNames;
  readonly #transport: Transport;
  readonly #outboxes: Outboxes;
  readonly #writer = new CborWriter(WRITER_BYTES);
  /** Of mailboxes that can be sent to; asked for with each message. */
  readonly #ways = new WeakMap<RemoteMailbox, Outbox>();
  readonly #calls: RemoteCalls;
  readonly #intakes: Intakes;
  readonly #exports: Exports;
  readonly #answers: Answers;
  readonly #trust: Trust;
  #incarnation: string;
  #peers: Peers;
  #stopped = false;

  constructor(options: BridgeOptions) {
    this.#options = options;
    const { settings, membership, local, clock, random, afterTurn, newKey, onEvent } = options;
    this.#names = new QueueNames(membership.root);
    this.#calls = new RemoteCalls(clock);
    this.#incarnation = newIncarnation(this.#options.random);
    this.#trust = new Trust(
      {
        membership,
        names: this.#names,
        newKey,
        clock,
        heartbeatMs: settings.heartbeatMs,
        downAfterMs: settings.downAfterMs,
        publish: (queue, body) => this.#transport.publish(queue, body, false, UNASKED),
        isBuried: (incarnation) => this.#peers.isBuried(incarnation),
        greeted: () => this.#peers.changed(),
        believed: (presence) => this.#believed(presence),
        dropped: (counts) => onEvent({ kind: 'dropped', ...counts }),
      },
      this.#incarnation,
    );
    this.#peers = this.#newPeers();
    this.#transport = options.transport({
      presence: {
        exchange: this.#names.presenceExchange,
        queue: this.#names.presence(this.#incarnation),
        expiresMs: expiryMs(settings.downAfterMs),
        bindAgainMs: settings.downAfterMs / BINDINGS_BEFORE_DOWN,
      },
      events: {
        connected: () => this.#connected(),
        disconnected: (why) => {
          this.#peers.muted(false);
          this.#outboxes.disconnected();
          this.#exports.disconnected();
          this.#intakes.disconnected();
          onEvent({ kind: 'disconnected', why });
        },
        unreachable: (why, remedy) => onEvent({ kind: 'unreachable', why, remedy }),
        blocked: (on) => {
          this.#peers.muted(on);
          onEvent({ kind: 'blocked', on });
        },
        mismatch: (queue) => onEvent({ kind: 'queue-refused', queue }),
        presence: (body) => {
          if (!this.#stopped) this.#trust.heard(body);
        },
      },
    });
    this.#outboxes = new Outboxes({
      host: membership.host,
      clock,
      random,
      afterTurn,
      transport: () => this.#transport,
      undelivered: (target, count) => onEvent({ kind: 'undelivered', target, count }),
    });
    this.#intakes = new Intakes({
      patienceMs: settings.downAfterMs,
      bodyBytes: settings.messageBytes + FRAME_OVERHEAD_BYTES,
      clock,
      transport: () => this.#transport,
      awaited: (stream) => this.#peers.isUp(...senderOf(stream)),
      dropped: this.#trust.refused,
      onEvent,
    });
    this.#answers = new Answers({
      inbox: (incarnation) => this.#inboxOf(incarnation),
      isUp: (host, incarnation) => this.#peers.isUp(host, incarnation),
      messageBytes: settings.messageBytes,
      waitingBytes: CALLS_WAITING_BYTES,
      lost: () => onEvent({ kind: 'undelivered', target: 'who has called', count: 1 }),
    });
    options.exchange?.carriedBy({
      changed: () => this.#peers.changed(),
      ask: (host, question) => this.#ask(host, question),
    });
    this.#exports = new Exports({
      settings,
      names: this.#names,
      local,
      clock,
      intakes: this.#intakes,
      openSealed: this.#trust.openSealed,
      openSigned: this.#trust.openSigned,
      incarnation: () => this.#incarnation,
      changed: () => this.#peers.changed(),
      answer: (stream, item) => this.#answers.send(stream, item),
      isUp: (stream) => this.#peers.isUp(...senderOf(stream)),
      keep: (queue, item) => this.#keep(queue, item),
      onEvent,
    });
  }

  start(): void {
    const { exports, imports, replicated } = this.#options.settings;
    void this.#openInbox();
    this.#exports.start();
    for (const [name, { durable }] of Object.entries(exports))
      if (durable === true)
        this.#transport.declare(this.#names.deadLetters(name), deadLetterTerms(replicated));
    for (const [name, { durable, holders = 'one' }] of Object.entries(imports))
      if (durable === true)
        this.#transport.declare(this.#names.durable(name), durableTerms(holders, replicated));
    this.#transport.start();
  }

  /** Says that it goes, and leaves nothing in the broker but what is durable. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#exports.stop();
    const { clock } = this.#options;
    const deadline = clock.now() + STOP_MS;
    const isSettled = (): boolean => this.#outboxes.settled && this.#exports.isQuiet;
    while (this.#transport.connected && !isSettled() && clock.now() < deadline)
      await new Promise<void>((resolve) => clock.after(STOP_LOOK_MS, resolve));
    this.#outboxes.closeAll();
    this.#peers.stop();
    await this.#intakes.close();
    await this.#transport.stop();
  }

  /** These hosts (ids) are members no more: they are down, and nothing of theirs is taken. */
  revoke({ number, hosts }: Revocations): void {
    this.#options.onEvent({ kind: 'revoked', number, hosts: hosts.size });
    this.#trust.revoke(hosts);
  }

  // ---- to others -------------------------------------------------------------------------------------

  /** Takes a message, as `Outbox.pass`. To nobody it is counted. Throws `CallError` `value_refused`, `too_large`, `full`. */
  pass(name: string, item: Item): Promise<void> | undefined {
    const bytes = this.#encode(item);
    const outbox = this.#outboxTo(name);
    if (outbox !== undefined) return outbox.pass(bytes);
    this.#options.onEvent({ kind: 'undelivered', target: `'${name}'`, count: 1 });
    return undefined;
  }

  /** Over the inbox, for what lies in the mailbox must not hold it up: it is for who hangs, too. */
  kill(name: string): void {
    const mailbox = this.#peers.find(name);
    if (mailbox === undefined) return;
    const { incarnation, life } = mailbox;
    const bytes = encodeItem({ kind: 'kill', name, life }, Infinity, this.#writer);
    if (!this.#inboxOf(incarnation).post(bytes, Infinity))
      this.#options.onEvent({ kind: 'undelivered', target: `'${name}'`, count: 1 });
  }

  /**
   * As `Context.call`, without an end of its own: `onCancel` is told how the caller gives it up. A durable mailbox takes
   * none, for who waits for an answer wants it now; but `confirmed(operation, …)` casts to it, and is answered when the
   * broker has the message.
   */
  async call(
    name: string,
    operation: string,
    parameters: readonly unknown[],
    onCancel: (cancel: () => void) => void,
  ): Promise<unknown> {
    if (this.#isDurable(name)) return await this.#confirmed(name, operation, parameters);
    const mailbox = this.#peers.find(name);
    // It has ended just now, of which its stand-in hears in a moment.
    if (mailbox === undefined) throw new CallError('down', `nobody exports '${name}'`);
    const { messageBytes: bytes } = this.#options.settings;
    const remote = { key: mailboxKey(mailbox), operation, parameters, bytes, onCancel };
    return await this.#calls.over(this.#outboxOf(mailbox), remote);
  }

  #confirmed(name: string, operation: string, parameters: readonly unknown[]): Promise<void> {
    const [cast, ...rest] = parameters;
    if (operation === CONFIRMED && typeof cast === 'string') {
      const bytes = this.#encode({ kind: 'cast', operation: cast, parameters: rest });
      return this.#durableOutbox(this.#names.durable(name), name).send(bytes);
    }
    throw new CallError('no_such_operation', `it is durable, and has no operation '${operation}'`, {
      field: 'operation',
      value: operation,
      remedy: `Cast to it, or call '${CONFIRMED}' with the operation and its arguments.`,
    });
  }

  /** What the directory of another host answers. */
  async #ask(host: string, question: Uint8Array): Promise<Uint8Array> {
    const incarnation = this.#peers.incarnationOf(host);
    if (incarnation === undefined) throw new CallError('noproc', `no host ${host} is reached by the broker`);
    const answer = await this.#calls.over(this.#inboxOf(incarnation), {
      key: inboxKey(incarnation),
      operation: DIRECTORY,
      parameters: [bytesValue(question)],
      bytes: EXCHANGED_BYTES,
      timeoutMs: ASK_MS,
    });
    if (!(answer instanceof ArrayBuffer)) throw new CallError('refused', `host ${host} gave no bytes`);
    return new Uint8Array(answer);
  }

  #outboxTo(name: string): Outbox | undefined {
    if (this.#isDurable(name)) return this.#durableOutbox(this.#names.durable(name), name);
    const mailbox = this.#peers.find(name);
    return mailbox === undefined ? undefined : this.#outboxOf(mailbox);
  }

  #inboxOf(incarnation: string): Outbox {
    const queue = this.#names.inbox(incarnation);
    const known = this.#outboxes.known(queue);
    if (known !== undefined) return known;
    return this.#outboxes.to({
      queue,
      name: 'who has called',
      durable: false,
      wrap: (frame) => this.#trust.seal(incarnation, queue, frame),
      incarnation: this.#incarnation,
      of: incarnation,
    });
  }

  #isDurable(name: string): boolean {
    return this.#options.settings.imports[name]?.durable === true;
  }

  #outboxOf(mailbox: RemoteMailbox): Outbox {
    const known = this.#ways.get(mailbox);
    if (known !== undefined) return known;
    const { incarnation, name, life } = mailbox;
    const queue = this.#names.mailbox(incarnation, name, life);
    const outbox = this.#outboxes.to({
      queue,
      name: `'${name}'`,
      durable: false,
      wrap: (frame) => this.#trust.seal(incarnation, queue, frame),
      incarnation: this.#incarnation,
      of: incarnation,
    });
    this.#ways.set(mailbox, outbox);
    return outbox;
  }

  #durableOutbox(queue: string, name: string): Outbox {
    const incarnation = this.#incarnation;
    const wrap = (frame: Buffer): Buffer => this.#trust.sign(queue, frame);
    return this.#outboxes.to({ queue, name: `'${name}'`, durable: true, wrap, incarnation, of: undefined });
  }

  #encode(item: Item): Buffer {
    return encodeItem(item, this.#options.settings.messageBytes, this.#writer);
  }

  // ---- from others -----------------------------------------------------------------------------------

  #openInbox(): Promise<void> {
    return this.#intakes.take({
      queue: this.#names.inbox(this.#incarnation),
      target: 'who is answered',
      terms: inboxTerms(this.#options.settings.downAfterMs),
      bodyBytes: Math.max(this.#options.settings.messageBytes, EXCHANGED_BYTES) + FRAME_OVERHEAD_BYTES,
      open: this.#trust.openSealed,
      handle: ({ stream, items }) => {
        for (const item of items) {
          if (item.kind === 'call') this.#answerAsked(stream, item);
          else if (item.kind === 'kill') this.#exports.kill(stream, item.name, item.life);
          else if (item.kind === 'reply') this.#calls.reply(item.call, item.value);
          // Whose mailbox has ended is told by the news of its end, with the reason.
          else if (item.kind === 'failure' && item.code !== 'down')
            this.#calls.fail(item.call, item.code, item.message, item.cause);
        }
        return true;
      },
    });
  }

  #answerAsked(stream: string, item: Item & { readonly kind: 'call' }): void {
    const answer = this.#options.exchange?.answerTo(item);
    if (answer !== undefined) this.#answers.send(stream, answer, EXCHANGED_BYTES);
  }

  /** Until the broker has it: what is neither handled nor kept would be lost. */
  async #keep(queue: string, item: Item): Promise<void> {
    // Whoever sent it may send larger ones than we do.
    const bytes = encodeItem(item, Infinity);
    while (!this.#stopped) {
      const sent = this.#durableOutbox(queue, 'dead letters').send(bytes);
      const isKept = await sent.then(
        () => true,
        () => false,
      );
      if (isKept) return;
    }
    await new Promise<never>(() => undefined);
  }

  // ---- who is there ----------------------------------------------------------------------------------

  #connected(): void {
    this.#options.onEvent({ kind: 'connected', incarnation: this.#incarnation });
    this.#peers.connected();
    this.#outboxes.connected();
  }

  #believed(presence: Presence): void {
    this.#peers.heard(presence);
    const { host, incarnation } = presence;
    if (!('notice' in presence) || presence.notice === undefined) return;
    if (this.#peers.isUp(host, incarnation)) this.#options.exchange?.heard(host, presence.notice);
  }

  #newPeers(): Peers {
    const { settings, membership, clock, onEvent, appeared, ended, awaited } = this.#options;
    const { heartbeatMs, downAfterMs } = settings;
    const { host } = membership;
    return new Peers({
      host,
      incarnation: this.#incarnation,
      heartbeatMs,
      downAfterMs,
      clock,
      announced: () => ({ ...this.#exports.announced(), notice: this.#options.exchange?.notice }),
      say: (presence) => this.#transport.sayPresence(this.#trust.say(presence)),
      appeared: ({ name }) => appeared(name),
      ended: (mailbox, reason, had) => {
        this.#outboxes.close(this.#names.mailbox(mailbox.incarnation, mailbox.name, mailbox.life));
        this.#calls.mailboxEnded(mailboxKey(mailbox), reason);
        if (!had) return;
        const { name } = mailbox;
        const other = this.#peers.find(name);
        ended(name, reason, other !== undefined || this.#peers.isAwaited(name));
        if (other !== undefined) appeared(name);
      },
      awaited: (name) => awaited(name, this.#peers.isAwaited(name)),
      hostDown: (down, incarnation) => {
        this.#outboxes.closeAllOf(incarnation);
        this.#calls.mailboxEnded(inboxKey(incarnation), { tag: 'noconnection' });
        this.#exports.hostGone(incarnation);
        this.#trust.ended(incarnation);
        onEvent({ kind: 'host-down', host: down });
      },
      buried: () => void this.#renew(),
      clash: () => onEvent({ kind: 'host-clash', host }),
    });
  }

  async #renew(): Promise<void> {
    const old = this.#peers;
    const left = [this.#names.inbox(this.#incarnation), ...this.#exports.withdrawAll(this.#incarnation)];
    this.#incarnation = newIncarnation(this.#options.random);
    this.#peers = this.#newPeers();
    old.forgetAll();
    this.#trust.renew(this.#incarnation);
    this.#outboxes.closeMortal();
    this.#options.onEvent({ kind: 'renewed' });
    for (const queue of left) await this.#intakes.drop(queue);
    await this.#openInbox();
    this.#peers.connected();
    await this.#exports.renew();
  }
}

/** As no mailbox has it. */
function inboxKey(incarnation: string): string {
  return `${incarnation}/`;
}
