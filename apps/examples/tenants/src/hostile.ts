/** Tenants that nobody would want: each answers its first visitor, and then does its worst. */
import { execFileSync } from 'node:child_process';
import { server, type Context } from '@espalier/core';

export type Misdeed = 'leak' | 'loop' | 'crash' | 'flood' | 'abort';

interface State {
  readonly misdeed: Misdeed;
  begun: boolean;
}

export default server({
  init: (misdeed: Misdeed): State => ({ misdeed, begun: false }),
  calls: {
    order(context, item: string): string {
      const { state } = context;
      if (!state.begun) setImmediate(() => void MISDEEDS[state.misdeed](context));
      state.begun = true;
      return `${item}, from one who is about to ${state.misdeed}`;
    },
  },
});

const MISDEEDS: Readonly<Record<Misdeed, (context: Context) => unknown>> = {
  leak() {
    for (const kept = new Map<number, number[]>(); ;)
      kept.set(kept.size, new Array<number>(100).fill(kept.size));
  },
  loop() {
    for (;;);
  },
  crash() {
    throw new Error('as it does');
  },
  /** At the only mailbox outside that it was granted, and at the console. */
  async flood(context) {
    for (;;) {
      await Promise.allSettled(Array.from({ length: 1000 }, () => context.cast('audit', 'word', [])));
      console.log('word '.repeat(1000));
    }
  },
  /** A thread is refused `process.abort`; a shell does it for anybody. */
  abort() {
    execFileSync('sh', ['-c', `kill -ABRT ${String(process.pid)}`]);
  },
};
