/**
 * A guest for the tests of threads: runs the source text of a function that a batch brings, with
 * `require`, `load` (import) and `say`, and answers with JSON. Stands where the guest runtime will.
 */
import { createRequire } from 'node:module';
import { bootThread } from '../../dist/threads/bootstrap.js';

const require = createRequire(import.meta.url);
const load = (name) => import(name);

bootThread(({ link, links }) => {
  let channel;
  const say = (value) => link.send(new TextEncoder().encode(JSON.stringify(value)));
  link.receive({
    batch(bytes, ends) {
      if (ends.length > 0) {
        channel = links.open(ends[0]);
        return;
      }
      const source = new TextDecoder().decode(bytes);
      void (async () => {
        try {
          const run = new Function('require', 'load', 'say', 'link', 'channel', `return (${source})()`);
          say({ value: (await run(require, load, say, link, channel)) ?? null });
        } catch (error) {
          say({ error: String(error), code: error?.code ?? null });
        }
      })();
    },
    end() {},
  });
  say({ value: 'started' });
});
