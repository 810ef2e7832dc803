/** Writes down the number of each message that it gets, transient or durable, in a file that outlives everybody. */
import { appendFileSync } from 'node:fs';
import { server } from '@espalier/core';

interface State {
  readonly file: string;
}

const write = ({ file }: State, [n]: readonly [number]): void => appendFileSync(file, `${String(n)}\n`);

export default server({
  init: ({ file }: { readonly file: string }): State => ({ file }),
  calls: {
    message: ({ state }, value: readonly [number]) => write(state, value),
    ping: () => 'pong',
  },
  info: ({ state }, item) => {
    if (item.type === 'message') write(state, item.value as readonly [number]);
  },
});
