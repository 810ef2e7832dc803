/**
 * The driver: an environment that holds the connection to the broker, for the tree that it stands in. A child of its
 * own with `wall: process`, and with its settings as `args` (docs/bridge.md).
 *
 * What it exports it watches and sends to as any environment does. For each name that it imports it starts a
 * stand-in (engine/stand-in.ts) under that name, in its own thread, as long as the mailbox is there: so who sends to the
 * name, calls or watches it does so as if its holder were in the next thread.
 */
import { environment, type Address, type Context, type ReceivedCall } from '@espalier/core';
import type { Directory } from '@espalier/core/directory';
import type { Membership } from '@espalier/core/identity';
import type { BesideContext, RunCaller } from '@espalier/core/internal/bridge.js';
import { Bridge } from './engine/bridge.js';
import type { HostExchange } from './engine/host-exchange.js';
import type { BridgeEvent, LocalSide } from './engine/local-side.js';
import { Losses, type BridgeLosses } from './engine/losses.js';
import { WatchedEnds } from './engine/watched-ends.js';
import { Offers } from './engine/offers.js';
import { completeSettings, type BridgeSettings, type CompleteTerms } from './engine/settings.js';
import { StandIns } from './engine/stand-ins.js';
import { tie } from './engine/tie.js';
import { nodeAfterTurn, nodeClock as clock, nodeRandom as random } from './node/ambient.js';
import { readAccess, readMembership, RevocationFile } from './node/credentials.js';
import { AmqpTransport } from './transport/amqp-transport.js';
import type { Access } from './transport/connect.js';
import { newDhKey } from './trust/dh-key.js';

export { HostExchange } from './engine/host-exchange.js';
export { completeTerms } from './engine/settings.js';
export { readAccess, RevocationFile } from './node/credentials.js';

export interface BridgeParts {
  readonly settings: CompleteTerms;
  readonly membership: Membership;
  readonly revocations?: RevocationFile;
  /** Each list of revoked hosts that counts from now on, as it is signed. */
  readonly onRevocations?: (list: string) => void;
  /** Where the broker is, and how to log in. */
  readonly access: Access;
  /**
   * Where the names are offered that can be sent to; it is closed before the bridge ends. Default: nowhere; other bridges
   * know them all the same.
   */
  readonly directory?: Directory;
  /** How that directory speaks to those of other hosts. Default: not at all. */
  readonly exchange?: HostExchange;
  readonly onEvent?: (event: BridgeEvent) => void;
  /** Answers calls that are for who runs the bridge; false: it does not know that one. */
  readonly answer?: (call: ReceivedCall, losses: BridgeLosses) => boolean;
}

export default environment({
  init: (context: Context, args: BridgeSettings) => {
    const settings = completeSettings(args);
    const membership = readMembership(settings);
    const access = readAccess(() => settings.urls, settings.tls, membership);
    const revocations = new RevocationFile(settings.revoked, membership.root);
    return startBridge(context, { settings, membership, revocations, access });
  },
  run: (_context, _args, { over }) => over,
});

/**
 * A bridge in the environment of this context, whose mailbox it reads from now on. Resolves when the durable names that
 * it imports can be sent to, or some of them cannot be had now; `over` when it was asked to end, and has.
 */
export async function startBridge(
  context: Context,
  parts: BridgeParts,
): Promise<{ readonly over: Promise<void> }> {
  let isReady = (): void => undefined;
  const ready = new Promise<void>((resolve) => (isReady = resolve));
  const over = runBridge(context, parts, isReady);
  await Promise.race([ready, over]);
  return { over };
}

async function runBridge(context: Context, parts: BridgeParts, isReady: () => void): Promise<void> {
  const { settings, membership, revocations, access, directory, exchange } = parts;
  const offers = directory === undefined ? undefined : new Offers(directory, settings.exports, report);
  const losses = new Losses();
  const onEvent = (event: BridgeEvent): void => {
    losses.heed(event);
    offers?.heed(event);
    parts.onEvent?.(event);
    // A broker that was started again has lost what it had confirmed of transient queues.
    if (event.kind === 'connected') standIns.sayAgain();
    report(event);
  };
  const watched = new WatchedEnds();
  // Of a guest's thread; every driver has one.
  const own = context as BesideContext;
  const local = localSide(own, watched);
  const bridge = new Bridge({
    settings,
    membership,
    local,
    clock,
    random,
    afterTurn: nodeAfterTurn,
    newKey: newDhKey,
    transport: (made) => new AmqpTransport({ ...made, access, clock, random }),
    onEvent,
    ...(exchange === undefined ? {} : { exchange }),
    appeared: (name) => standIns.appeared(name),
    ended: (name, reason, isAwaited) => standIns.ended(name, reason, isAwaited),
    awaited: (name, isAwaited) => standIns.awaited(name, isAwaited),
  });
  const standIns = new StandIns({
    context: own,
    beyond: bridge,
    settings,
    clock,
    watch: local.watch,
    lost: (name, why) => onEvent({ kind: 'undelivered', target: `'${name}'`, count: 1, why }),
    failed: (name, why) => onEvent({ kind: 'name-refused', name, why }),
  });
  // It has queues and connections to give back.
  context.trapExits(true);
  revocations?.follow({
    clock,
    everyMs: settings.heartbeatMs,
    taken: (list, text) => {
      bridge.revoke(list);
      parts.onRevocations?.(text);
    },
    refused: (why) => onEvent({ kind: 'revocations-refused', why }),
  });
  bridge.start();
  void standIns.start().then(isReady);
  for (;;) {
    const item = await context.receive();
    if (item.type === 'call') {
      if (item.operation === 'losses') item.reply(losses.sums);
      else if (parts.answer?.(item, losses.sums) !== true)
        item.fail('no_such_operation', 'a bridge answers `losses`, and nothing else');
    } else if (item.type === 'down') {
      watched.ended(item.monitor, item.reason);
    } else if (item.type === 'exit' && item.from === undefined) {
      standIns.stop();
      revocations?.stop();
      // Its goodbye goes through the bridge.
      await directory?.close();
      await bridge.stop();
      return;
    }
  }
}

function localSide(context: BesideContext, watched: WatchedEnds): LocalSide {
  return {
    send: (target, value) => context.sendNow(target, value),
    cast: (target, operation, parameters) => context.castNow(target, operation, parameters),
    callCancellable: (target, operation, parameters, onCancel) =>
      context.callCancellable(target, operation, parameters, onCancel),
    run: (target, calls, options) => (context as BesideContext & RunCaller).callRun(target, calls, options),
    sendExit: (target, reason) => context.sendExit(target, reason),
    kill: (target) => context.kill(target),
    tie: (target) => tie(context, target),
    awaitHolder: (name, pending) => context.awaitHolder(name, pending),
    watch: (target: Address, ended) => {
      context.monitor(target).then(
        (monitor) => watched.add(monitor, ended),
        () => ended({ tag: 'noproc' }),
      );
    },
  };
}

/** To the tree's output, with the path of this environment. */
function report({ kind, ...facts }: BridgeEvent): void {
  process.stderr.write(`bridge: ${kind} ${JSON.stringify(facts)}\n`);
}
