/**
 * Holds the name of a mailbox on another host, and passes on what comes to the driver, in order. Its own mailbox is
 * where local senders wait: it takes no more than `MAX_PASSED` messages that the driver has not taken yet.
 */
import {
  environment,
  type Address,
  type CallError,
  type Context,
  type Received,
  type ReceivedCall,
  type ReceivedMessage,
} from '@espalier/core';
import { roughSize } from './engine/rough-size.js';
import type { Farewell, Outcome, Post, Welcome } from './engine/stand-ins.js';

interface StandInArgs {
  /** As it is exported. */
  readonly name: string;
  /** As it is called here. */
  readonly as: string;
}

const MAX_PASSED = 128;
const MAX_TOGETHER = 64;
const TOGETHER_BYTES = 64 * 1024;
/** Calls that wait for an answer. */
const MAX_OPEN_CALLS = 1000;

export default environment(async (context: Context, { name, as }: StandInArgs) => {
  const first = await context.receive();
  const { driver, farewell } = (first as ReceivedMessage).value as Welcome;
  await context.register(as);
  await context.cast(driver, 'named', [name]);
  let passed = 0;
  let open = 0;
  let proceed: (() => void) | undefined;
  const pass = async (posts: readonly Post[]): Promise<void> => {
    passed += posts.length;
    const { value, failure } = await ask(context, driver, 'post', [name, posts]);
    // Whoever sent it counts it as sent.
    const lost = failure === undefined ? (value as readonly string[]) : failureOf(failure, posts.length);
    for (const why of lost) process.stderr.write(`bridge: lost a message to '${name}': ${why}\n`);
    passed -= posts.length;
    proceed?.();
  };
  /** A message or a cast as it is passed on. */
  const postOf = (item: Received | undefined): Post | undefined => {
    if (item?.type === 'cast') return [item.operation, item.arguments];
    if (item?.type !== 'message') return undefined;
    const said = item.value as Partial<Farewell> | null | undefined;
    if (said?.farewell === farewell) context.exit({ tag: 'normal', detail: said.detail });
    return [item.value];
  };
  for (;;) {
    if (passed >= MAX_PASSED) await new Promise<void>((resolve) => (proceed = resolve));
    let item: Received | undefined = await context.receive();
    const posts: Post[] = [];
    let room = TOGETHER_BYTES;
    for (let post = postOf(item); post !== undefined; post = postOf(item)) {
      posts.push(post);
      item = undefined;
      // What is here already goes together, but for what is large.
      room -= roughSize(post, room);
      if (room > 0 && posts.length < MAX_TOGETHER) item = await context.receive({ timeoutMs: 0 });
    }
    if (posts.length > 0) void pass(posts);
    if (item?.type === 'call') {
      if (open >= MAX_OPEN_CALLS) item.fail('full', 'too many calls are open');
      else {
        open++;
        void passCall(context, driver, name, item).finally(() => open--);
      }
    }
  }
});

/** Why each of them was lost; not if the mailbox has ended, or the bridge has. */
function failureOf({ code, message }: { code: string; message: string }, count: number): readonly string[] {
  return code === 'down' ? [] : new Array<string>(count).fill(message);
}

async function passCall(context: Context, driver: Address, name: string, call: ReceivedCall): Promise<void> {
  const controller = new AbortController();
  call.onCancel(() => controller.abort());
  const parameters = [name, call.operation, call.arguments];
  const { value, failure } = await ask(context, driver, 'call', parameters, controller.signal);
  if (failure === undefined) call.reply(value);
  // The mailbox has ended, and so will this stand-in in a moment: that tells the caller, with the reason.
  else if (failure.code !== 'down')
    call.fail(failure.code as Parameters<ReceivedCall['fail']>[0], failure.message, failure.cause);
}

async function ask(
  context: Context,
  driver: Address,
  operation: string,
  parameters: readonly unknown[],
  signal?: AbortSignal,
): Promise<Outcome> {
  const options = { timeoutMs: Infinity, ...(signal === undefined ? {} : { signal }) };
  try {
    return (await context.call(driver, operation, parameters, options)) as Outcome;
  } catch (error) {
    const { code, message, cause } = error as CallError;
    return { failure: { code, message, cause } };
  }
}
