/** The guest of threads.mjs: says one thing, ends when it is told to. */
import { bootThread } from '../dist/threads/bootstrap.js';

bootThread(({ link }) => {
  link.receive({ batch: () => process.exit(1), end() {} });
  link.send(new Uint8Array([1]));
});
