/**
 * What a cell of the tests runs: it does what it is told, as the text of a function over `require` and `pipe`,
 * and answers with what that returned, as JSON. On its second pipe it sends back what comes.
 */
import { createRequire } from 'node:module';
import { bootCell, bootEarlyCell } from '../../dist/cells/cell-bootstrap.js';
import { readSetup } from '../../dist/cells/cell-setup.js';

const require = createRequire(import.meta.url);
const setup = readSetup();
if (setup.addresses === undefined) serve(bootCell(setup));
else serve(await bootEarlyCell(setup, setup.addresses));

function serve({ parent: pipe, direct }) {
  const say = (answer) => pipe.control.send(new TextEncoder().encode(JSON.stringify(answer)));
  pipe.control.receive({
    batch(bytes) {
      const source = new TextDecoder().decode(bytes);
      void (async () => {
        try {
          const run = new Function('require', 'pipe', 'say', `return (${source})()`);
          say({ value: (await run(require, pipe, say)) ?? null });
        } catch (error) {
          say({ error: String(error), code: error?.code ?? null });
        }
      })();
    },
    end() {},
  });
  direct?.control.receive({ batch: (bytes) => direct.control.send(bytes), end() {} });
  say({ value: 'ready' });
}
