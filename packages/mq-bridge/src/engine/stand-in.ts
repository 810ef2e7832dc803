/**
 * Holds the name of a mailbox on another host, and passes on what comes to it, in order. Its own mailbox is where local
 * senders wait: it takes the next message when there is room for the one before it.
 */
import { environment, type CallError, type Context, type Received, type ReceivedCall } from '@espalier/core';
import type { Item } from '../wire/frames.js';
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
  /** Its name is kept for it. `end` has it end itself as `normal`, which nobody else can. */
  readonly begun: (end: (detail: unknown) => void) => void;
  /** Resolves when it is to have the name, or with false if it never will. */
  readonly turn: Promise<boolean>;
  /** The mailbox that it stands for has ended, and so will it in a moment. */
  readonly isOver: () => boolean;
}

/** Calls that wait for an answer. */
const MAX_OPEN_CALLS = 1000;

export function standIn({ beyond, name, lost, begun, turn, isOver }: StandInOptions) {
  return environment({
    init: async (context: Context) => {
      begun((detail) => context.sendExit(context.self, { tag: 'normal', detail }));
      if (!(await turn)) context.exit();
    },
    run: async (context) => {
      let open = 0;
      for (;;) {
        const item = await context.receive();
        const passed = itemOf(item);
        if (isOver()) {
          // Not for the next life of the mailbox. Who has called hears of the end.
          if (passed !== undefined) lost('it has ended');
        } else if (passed !== undefined) {
          try {
            const room = beyond.pass(name, passed);
            if (room !== undefined) await room;
          } catch (error) {
            // Whoever sent it counts it as sent.
            lost((error as Error).message);
          }
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
