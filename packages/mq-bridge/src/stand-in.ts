/**
 * Holds the name of a mailbox on another host, and passes on what comes to the driver, in order. Its own mailbox is
 * where local senders wait: it takes no more than `MAX_PASSED` messages that the driver has not taken yet.
 */
import {
  environment,
  type Address,
  type CallError,
  type Context,
  type ReceivedCall,
  type ReceivedMessage,
} from '@espalier/core';
import type { Outcome } from './engine/stand-ins.js';

interface StandInArgs {
  /** As it is exported. */
  readonly name: string;
  /** As it is called here. */
  readonly as: string;
}

const MAX_PASSED = 64;
/** Calls that wait for an answer. */
const MAX_OPEN_CALLS = 1000;

export default environment(async (context: Context, { name, as }: StandInArgs) => {
  const first = await context.receive();
  const driver = (first as ReceivedMessage).value as Address;
  await context.register(as);
  let passed = 0;
  let open = 0;
  let proceed: (() => void) | undefined;
  const pass = async (operation: string, parameters: readonly unknown[]): Promise<void> => {
    passed++;
    const { failure } = await ask(context, driver, operation, [name, ...parameters]);
    // Whoever sent it counts it as sent.
    if (failure !== undefined && failure.code !== 'down')
      process.stderr.write(`bridge: lost a message to '${name}': ${failure.message}\n`);
    passed--;
    proceed?.();
  };
  for (;;) {
    if (passed >= MAX_PASSED) await new Promise<void>((resolve) => (proceed = resolve));
    const item = await context.receive();
    if (item.type === 'message') void pass('send', [item.value]);
    else if (item.type === 'cast') void pass('cast', [item.operation, item.arguments]);
    else if (item.type === 'call') {
      if (open >= MAX_OPEN_CALLS) item.fail('full', `too many calls to '${name}' are open`);
      else {
        open++;
        void passCall(context, driver, name, item).finally(() => open--);
      }
    }
  }
});

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
