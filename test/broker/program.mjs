/**
 * A program with a tree and a bridge, driven from outside: its first argument is the spec, its standard input brings
 * commands, one JSON array a line, and each is answered by a line on the standard output.
 *
 *   [id, 'call', target, operation, parameters, timeoutMs?] │ [id, 'send', target, value] │ [id, 'cast', target, operation, parameters]
 *   [id, 'monitor', target]   is answered when the monitor is in force; a second line, { down, reason }, when it fires
 *   [id, 'kill', path] │ [id, 'grant', path, name, to] │ [id, 'revoke', path, name] │ [id, 'stop']
 */
import { createInterface } from 'node:readline';
import { start } from '@espalier/supervisor';

const print = (/** @type {object} */ line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const host = await start(JSON.parse(process.argv[2] ?? ''), {
  embedded: true,
  base: new URL('./', import.meta.url),
  onOutput: (path, _stream, text) => print({ output: text, path }),
});
const { context } = host;
/** @type {Map<import('@espalier/core').Monitor, number>} */
const monitors = new Map();

/** @type {Record<string, (id: number, ...rest: any[]) => Promise<unknown>>} */
const COMMANDS = {
  call: (_id, target, operation, parameters, timeoutMs = 5000) =>
    context.call(target, operation, parameters, { timeoutMs }),
  send: (_id, target, value) => context.send(target, value),
  cast: (_id, target, operation, parameters) => context.cast(target, operation, parameters),
  monitor: async (id, target) => {
    monitors.set(await context.monitor(target), id);
  },
  kill: (_id, path) => host.kill(path),
  grant: (_id, path, name, to) => host.grant(path, name, to),
  revoke: (_id, path, name) => host.revoke(path, name),
  stop: async () => {
    const { stuck } = await host.stop();
    setImmediate(() => process.exit(0));
    return stuck;
  },
};

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [id, command, ...rest] = JSON.parse(line);
    COMMANDS[command]?.(id, ...rest).then(
      (value) => print({ id, value: value ?? null }),
      (error) => print({ id, error: { code: error.code, message: error.message } }),
    );
  })
  // Who drives it is gone.
  .on('close', () => process.exit(0));

print({ ready: true });
for (;;) {
  const item = await context.receive();
  if (item.type === 'down') print({ down: monitors.get(item.monitor), reason: item.reason });
}
