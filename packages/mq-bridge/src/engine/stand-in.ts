/**
 * Holds the name of a mailbox on another host, and passes on what comes to it, in order. Its own mailbox is where local
 * senders wait: it takes the next message when there is room for the one before it.
 */
import {
  environment,
  GUEST_EXIT_TAGS,
  type CallError,
  type Context,
  type EnvironmentBehaviour,
  type ExitReason,
  type GuestExitTag,
  type Received,
  type ReceivedCall,
  type ReceivedExit,
} from '@espalier/core';
import type { BesideContext } from '@espalier/core/internal/bridge.js';
import { toldReason } from '../protocol/reasons.js';
import type { Item } from '../wire/frames.js';
import type { LinkedHere } from './linked-here.js';
import { codeOf } from './local-side.js';

/** The bridge, as a stand-in knows it. */
export interface Beyond {
  /** Takes a message, now, or when what this gives resolves. Throws what it rejects with: then it is lost. */
  pass(name: string, item: Item): Promise<void> | undefined;
  /** `onCancel` is told how it is given up. Rejects with `CallError`. */
  call(
    name: string,
    operation: string,
    parameters: readonly unknown[],
    onCancel: (cancel: () => void) => void,
  ): Promise<unknown>;
}

export interface StandInOptions {
  readonly beyond: Beyond;
  /** As it is exported. */
  readonly name: string;
  readonly lost: (why: string) => void;
  /** Exit signals and links are for the mailbox, too. Undefined: not, for it outlives its holder. */
  readonly links: LinkedHere | undefined;
  /** Its name is kept for it. */
  readonly begun: () => void;
  /** Resolves when it is to have the name, or with false if it never will. */
  readonly turn: Promise<boolean>;
  /** Why the mailbox that it stands for has ended; so will it, in a moment, by a signal that it is sent with that reason. */
  readonly over: () => ExitReason | undefined;
}

const EXITS = { match: ({ type }: Received): boolean => type === 'exit' };
/** Calls that wait for an answer. */
const MAX_OPEN_CALLS = 1000;

export function standIn({
  beyond,
  name,
  lost,
  links,
  begun,
  turn,
  over,
}: StandInOptions): EnvironmentBehaviour {
  /** A promise where there is no room yet. What cannot be passed on is lost, for whoever sent it counts it as sent. */
  const pass = (item: Item): Promise<void> | undefined => {
    const failed = (error: unknown): void => lost((error as Error).message);
    try {
      return beyond.pass(name, item)?.catch(failed);
    } catch (error) {
      failed(error);
      return undefined;
    }
  };
  return environment({
    init: async (given: Context) => {
      // Of a guest's thread; every driver has one.
      const context: BesideContext = given as BesideContext;
      if (links !== undefined) {
        context.trapExits(true);
        context.onLink((other, isLinked) => links.changed(other, isLinked));
      }
      begun();
      if (!(await turn)) context.exit();
    },
    run: async (given) => {
      const context: BesideContext = given as BesideContext;
      let open = 0;
      for (;;) {
        // What lies there when the mailbox has ended is unread, as it would be in that one.
        const item = await context.receive(over() === undefined ? undefined : EXITS);
        const end = over();
        if (item.type === 'exit') {
          if (item.from === undefined) context.exit({ tag: 'shutdown' });
          const isLast = context.isEnd(item) && links?.ended(item.from) === true;
          if (end === undefined) await pass({ kind: 'exit', ...toldReason(item.reason), isLast });
          else endAs(context, end, item);
          continue;
        }
        const passed = itemOf(item);
        if (end !== undefined) {
          // Not for the next life of the mailbox. Who has called hears of the end.
          if (passed !== undefined) lost('it has ended');
        } else if (passed !== undefined) {
          const room = pass(passed);
          if (room !== undefined) await room;
        } else if (item.type === 'call') {
          if (open >= MAX_OPEN_CALLS) item.fail('full', 'too many calls are open');
          else {
            open++;
            void passCall(beyond, name, item).finally(() => open--);
          }
        }
      }
    },
  });
}

/**
 * With the reason of the mailbox. One that only kernels give is that of the signal which it is sent for it; somebody who
 * was linked may end meanwhile, too.
 */
function endAs(context: BesideContext, { tag, detail }: ExitReason, item: ReceivedExit): void {
  const own = GUEST_EXIT_TAGS.find((one): one is GuestExitTag => one === tag);
  if (own !== undefined) context.exit({ tag: own, detail });
  if (item.reason.tag === tag) context.endBy(item);
}

function itemOf(item: Received): Item | undefined {
  if (item.type === 'cast') return { kind: 'cast', operation: item.operation, parameters: item.arguments };
  return item.type === 'message' ? { kind: 'message', value: item.value } : undefined;
}

async function passCall(beyond: Beyond, name: string, call: ReceivedCall): Promise<void> {
  try {
    const { operation, arguments: parameters } = call;
    call.reply(await beyond.call(name, operation, parameters, (cancel) => call.onCancel(cancel)));
  } catch (error) {
    const { message, cause } = error as CallError;
    const code = (codeOf(error) ?? 'refused') as CallError['code'];
    // The mailbox has ended, and so will this stand-in in a moment: that tells the caller, with the reason.
    if (code !== 'down') call.fail(code, message, cause);
  }
}
