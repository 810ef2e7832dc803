/**
 * Stands for all of one host that are linked with an exported environment: an environment beside the bridge that is
 * linked with that one, and ends as it is told.
 */
import { environment, type Address, type ExitReason } from '@espalier/core';
import type { BesideContext } from '@espalier/core/internal/bridge.js';

export interface Tie {
  /** Ends the link as if the other side had ended: with any reason. */
  end(reason: ExitReason): void;
  /** Undoes the link: nobody hears of it. */
  undo(): void;
}

/** Resolves when it is linked. Rejects with `EnvironmentError` `limit_refused`, `start_failed`, or `CallError` `down`. */
export async function tie(
  context: Pick<BesideContext, 'spawnBeside' | 'call' | 'cast' | 'sendExit'>,
  target: Address,
): Promise<Tie> {
  const address = await context.spawnBeside(tied, {});
  // An address is known by the mailbox that it was sent to, and this one is not that of the bridge.
  await context.call(address, 'link', [target], { timeoutMs: Infinity });
  return {
    end: (reason) => context.sendExit(address, reason),
    undo: () => void context.cast(address, 'unlink', [target]).catch(() => undefined),
  };
}

const tied = environment({
  init: (context) => context.trapExits(true),
  run: async (given) => {
    // Of a guest's thread; every driver has one.
    const context = given as BesideContext;
    for (;;) {
      const item = await context.receive();
      if (item.type === 'exit') {
        // Of the bridge; or the other one has ended.
        context.endBy(item);
        return;
      }
      if (item.type === 'call') {
        context.link(item.arguments[0] as Address);
        item.reply(undefined);
      } else if (item.type === 'cast') {
        await context.unlink(item.arguments[0] as Address);
        return;
      }
    }
  },
});
