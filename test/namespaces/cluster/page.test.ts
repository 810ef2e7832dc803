/** docs/cluster.md, done as it is printed: its files, and its commands one after the other, on two machines. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Network } from '../network.mjs';
import { here, Machine, SLOW_MACHINE_MS, startBroker, until } from './machine.js';

jest.setTimeout(SLOW_MACHINE_MS);
const PAGE = readFileSync(new URL('../../../docs/cluster.md', import.meta.url), 'utf8');
/** Whose commands the blocks are, in the order of the page. */
const MACHINES = ['alpha', 'beta', 'alpha', 'beta'] as const;

/** The blocks of a language, with what stands in front of each. */
function blocks(language: string): readonly string[] {
  return [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(
    ([, text = '']) => text,
  );
}

here('two machines, ten commands', () => {
  let folder: string;
  let network: Network;
  const machines = new Map<string, Machine>();
  let broker: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'esp-'));
    network = await Network.create();
    broker = await startBroker(network);
    for (const name of ['alpha', 'beta']) {
      machines.set(name, await Machine.create(network, name, join(folder, name)));
    }
  });

  afterAll(async () => {
    await network.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  test('do as the page says, and a job that is ordered after the holder has died is done', async () => {
    // What the page has copied from one machine to the other lies in a folder that both see.
    for (const text of [...blocks('ts'), ...blocks('yaml')]) {
      const [, name = ''] = /^(?:\/\/|#) (\S+)/.exec(text) ?? [];
      writeFileSync(join(folder, name), text);
    }
    writeFileSync(join(folder, 'login'), 'guest:guest');
    const commands = blocks('sh')
      .slice(1)
      .map((text) => text.trim().split('\n'));
    expect(commands.flat()).toHaveLength(10);
    let printed = '';
    for (const [i, lines] of commands.entries()) {
      const machine = machines.get(MACHINES[i] ?? '') as Machine;
      for (const line of lines) {
        // The broker is there, as the page says it is when somebody types this.
        const typed = line.replace('amqp://10.0.0.5:5672', broker);
        // Each as fast as the one before has ended: `apply` returns when the first order can be taken.
        printed += await machine.types(typed, folder);
      }
    }
    expect(printed).toContain('tea: ordered');
    const beta = machines.get('beta') as Machine;
    const named = (what: RegExp): Promise<string> =>
      until(
        () => beta.types('espalier names', folder),
        (names) => what.test(names),
      );
    await named(/^jobs {2}[0-9a-f]{32}$/m);
    await machines.get('alpha')?.kill();
    expect(await beta.types('espalier call jobs/desk order coffee', folder)).toContain('coffee: ordered');
    await named(/^jobs {2}[0-9a-f]{32} \(this host\)$/m);
    await until(
      () => beta.types('espalier call jobs/worker done', folder),
      (done) => done.includes('coffee'),
    );
  });
});
