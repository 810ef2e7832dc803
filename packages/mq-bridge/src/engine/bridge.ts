/**
 * A bridge: what this host exports, what it knows of others, and the ways to them. Everything ambient is a
 * parameter; the driver (driver.ts) hands in Node's, tests hand in theirs.
 *
 * It outlives connections, and incarnations too: one that others have declared down ends here as it ended
 * for them, and the bridge goes on as a new one.
 */
import { CallError } from '@espalier/core';
import type { Revocations } from '@espalier/core/identity';
import { newIncarnation } from '../protocol/incarnation.js';
import { STREAM_BOUNDS, type Fate } from '../protocol/out-stream.js';
import { mailboxKey, Peers, type RemoteMailbox } from '../protocol/peers.js';
import type { Transport } from '../transport/transport.js';
import { encodeItem, type Item } from '../wire/frames.js';
import { QueueNames } from '../wire/queue-names.js';
import { Exports } from './exports.js';
import { Intakes } from './intakes.js';
import type { BridgeOptions } from './bridge-options.js';
import { Outboxes } from './outboxes.js';
import type { Outbox } from './outbox.js';
import { PendingCalls } from './pending-calls.js';
import { deadLetterTerms, durableTerms, expiryMs, inboxTerms } from './queue-terms.js';
import { Trust } from './trust.js';

/** The one call that a durable mailbox takes. */
const CONFIRMED = 'confirmed';
/** Calls, and answers, that wait for room on the way, together; further ones are `full`. */
const CALLS_WAITING_BYTES = 16 * 1024 * 1024;
/** A word of a handshake; one that gets lost is said again with the next presence. */
const UNASKED: Fate = { confirmed: () => undefined, rejected: () => undefined };
/** What a body holds beside the messages: heads, a signature, who it is from. */
const FRAME_OVERHEAD_BYTES = 4096;
/** Whoever is not heard because of a lost binding is heard again before he is taken for down. */
const BINDINGS_BEFORE_DOWN = 3;
const STOP_MS = 2000;
const STOP_LOOK_MS = 10;

export class Bridge {
  readonly #options: BridgeOptions;
  readonly #names: QueueNames;
  readonly #transport: Transport;
  readonly #outboxes: Outboxes;
  readonly #calls = new PendingCalls();
  readonly #intakes: Intakes;
  readonly #exports: Exports;
  readonly #trust: Trust;
  #incarnation: string;
  #peers: Peers;
  #stopped = false;

  constructor(options: BridgeOptions) {
    this.#options = options;
    const { settings, membership, local, clock, random, afterTurn, newKey, onEvent } = options;
    this.#names = new QueueNames(membership.root);
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
        believed: (presence) => this.#peers.heard(presence),
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
      bodyBytes: Math.max(settings.messageBytes, STREAM_BOUNDS.frameBytes) + FRAME_OVERHEAD_BYTES,
      clock,
      transport: () => this.#transport,
      awaited: (stream) => this.#peers.isUp(...senderOf(stream)),
      dropped: this.#trust.refused,
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
      answer: (stream, item) => this.#answer(stream, item),
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
    if (mailbox === undefined) throw new CallError('noproc', `nobody exports '${name}'`);
    const outbox = this.#outboxOf(mailbox);
    return await new Promise<unknown>((resolve, reject) => {
      const call = this.#calls.start({ mailbox: mailboxKey(mailbox), operation, resolve, reject });
      let bytes: Buffer;
      try {
        bytes = this.#encode({ kind: 'call', call, operation, parameters });
      } catch (error) {
        this.#calls.lost(call, error);
        return;
      }
      onCancel(() => {
        if (!this.#calls.has(call)) return;
        this.#calls.fail(call, 'cancelled', `'${operation}' was cancelled`);
        outbox.post(this.#encode({ kind: 'cancel', call }), Infinity);
      });
      outbox.send(bytes, CALLS_WAITING_BYTES).catch((error: unknown) => this.#calls.lost(call, error));
    });
  }

  #confirmed(name: string, operation: string, parameters: readonly unknown[]): Promise<void> {
    const [cast, ...rest] = parameters;
    if (operation === CONFIRMED && typeof cast === 'string') {
      const bytes = this.#encode({ kind: 'cast', operation: cast, parameters: rest });
      return this.#durableOutbox(this.#names.durable(name), name).send(bytes);
    }
    throw new CallError('no_such_operation', `'${name}' is durable, and is not called`, {
      field: 'target',
      value: name,
      remedy: `Cast to it, or call '${CONFIRMED}' with the operation and its arguments.`,
    });
  }

  #outboxTo(name: string): Outbox | undefined {
    if (this.#isDurable(name)) return this.#durableOutbox(this.#names.durable(name), name);
    const mailbox = this.#peers.find(name);
    return mailbox === undefined ? undefined : this.#outboxOf(mailbox);
  }

  #isDurable(name: string): boolean {
    return this.#options.settings.imports[name]?.durable === true;
  }

  #outboxOf({ incarnation, name, life }: RemoteMailbox): Outbox {
    const queue = this.#names.mailbox(incarnation, name, life);
    return this.#outboxes.to({
      queue,
      name: `'${name}'`,
      durable: false,
      wrap: (frame) => this.#trust.seal(incarnation, queue, frame),
      incarnation: this.#incarnation,
      of: incarnation,
    });
  }

  #durableOutbox(queue: string, name: string): Outbox {
    const incarnation = this.#incarnation;
    const wrap = (frame: Buffer): Buffer => this.#trust.sign(queue, frame);
    return this.#outboxes.to({ queue, name: `'${name}'`, durable: true, wrap, incarnation, of: undefined });
  }

  #encode(item: Item): Buffer {
    return encodeItem(item, this.#options.settings.messageBytes);
  }

  // ---- from others -----------------------------------------------------------------------------------

  #openInbox(): Promise<void> {
    return this.#intakes.take({
      queue: this.#names.inbox(this.#incarnation),
      terms: inboxTerms(this.#options.settings.downAfterMs),
      open: this.#trust.openSealed,
      handle: async ({ items }) => {
        for (const item of items) {
          if (item.kind === 'reply') this.#calls.reply(item.call, item.value);
          else if (item.kind === 'failure') this.#calls.fail(item.call, item.code, item.message, item.cause);
        }
        return true;
      },
    });
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

  /** To who sends that stream. */
  #answer(stream: string, item: Item & { readonly kind: string }): void {
    const [host, incarnation] = senderOf(stream);
    // His presence may come later than what he asks; but who was never seen, or is gone, waits for nothing.
    if (!this.#peers.isUp(host, incarnation)) return;
    const queue = this.#names.inbox(incarnation);
    const outbox = this.#outboxes.to({
      queue,
      name: 'who has called',
      durable: false,
      wrap: (frame) => this.#trust.seal(incarnation, queue, frame),
      incarnation: this.#incarnation,
      of: incarnation,
    });
    if (outbox.post(this.#encodeAnswer(item), CALLS_WAITING_BYTES)) return;
    // Whoever asks for more than he takes hears at least that he will not get it.
    const { call } = item as { readonly call: number };
    const message = 'the answer is lost: too many wait for room on the way back';
    const failure = this.#encode({ kind: 'failure', call, code: 'full', message, cause: undefined });
    if (!outbox.post(failure, Infinity))
      this.#options.onEvent({ kind: 'undelivered', target: 'who has called', count: 1 });
  }

  /** What cannot be sent as an answer is answered by why. */
  #encodeAnswer(item: Item): Buffer {
    try {
      return this.#encode(item);
    } catch (error) {
      const { code, message } = error as CallError;
      const { call } = item as { readonly call: number };
      return this.#encode({ kind: 'failure', call, code, message, cause: undefined });
    }
  }

  // ---- who is there ----------------------------------------------------------------------------------

  #connected(): void {
    this.#options.onEvent({ kind: 'connected', incarnation: this.#incarnation });
    this.#peers.connected();
    this.#outboxes.connected();
  }

  #newPeers(): Peers {
    const { settings, membership, clock, onEvent, appeared, ended } = this.#options;
    const { heartbeatMs, downAfterMs } = settings;
    const { host } = membership;
    return new Peers({
      host,
      incarnation: this.#incarnation,
      heartbeatMs,
      downAfterMs,
      clock,
      exports: () => this.#exports.announced(),
      say: (presence) => this.#transport.sayPresence(this.#trust.say(presence)),
      appeared: ({ name }) => appeared(name),
      ended: (mailbox, reason) => {
        this.#outboxes.close(this.#names.mailbox(mailbox.incarnation, mailbox.name, mailbox.life));
        this.#calls.mailboxEnded(mailboxKey(mailbox), reason);
        ended(mailbox.name, reason);
      },
      hostDown: (down, incarnation) => {
        this.#outboxes.closeAllOf(incarnation);
        this.#exports.callersGone(incarnation);
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

/** Host and incarnation. */
function senderOf(stream: string): readonly [string, string] {
  const [host = '', incarnation = ''] = stream.split('/');
  return [host, incarnation];
}
