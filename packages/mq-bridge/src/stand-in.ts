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
  const pass = (operation: string, parameters: readonly unknown[]): void => {
    passed++;
    context
      .call(driver, operation, [name, ...parameters], { timeoutMs: Infinity })
      // Whoever sent it counts it as sent: what becomes of it is in the driver's report.
      .catch((error: unknown) =>
        process.stderr.write(`bridge: lost a message to '${name}': ${String(error)}\n`),
      )
      .finally(() => {
        passed--;
        proceed?.();
      });
  };
  for (;;) {
    if (passed >= MAX_PASSED) await new Promise<void>((resolve) => (proceed = resolve));
    const item = await context.receive();
    if (item.type === 'message') pass('send', [item.value]);
    else if (item.type === 'cast') pass('cast', [item.operation, item.arguments]);
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
  const options = { timeoutMs: Infinity, signal: controller.signal };
  try {
    call.reply(await context.call(driver, 'call', [name, call.operation, call.arguments], options));
  } catch (error) {
    const { code, message, cause } = error as CallError;
    call.fail(code, message, cause);
  }
}
