/**
 * `espalier demo cluster`: two hosts on one machine, each with a daemon and a key of its own, and a service that
 * outlives the host that it runs on.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AdminClient } from '@espalier/supervisor/client';
import type { Terminal } from '../remote/terminal.js';
import { withSmallCluster } from './small-cluster.js';
import { seeTakeOver } from './take-over.js';
import { notSo, until } from './until.js';

const FILES = {
  // What is done stands where it outlives each host: here in a file, elsewhere in a database.
  'worker.mjs': `import { appendFileSync } from 'node:fs';
import { server } from '@espalier/core';
export default server({
  init: (args) => args,
  calls: {
    do: ({ state: { host, done } }, job) => appendFileSync(done, JSON.stringify({ host, job }) + '\\n'),
  },
});
`,
  'desk.mjs': `import { server } from '@espalier/core';
export default server({
  init: () => ({}),
  calls: {
    order: async (context, job) => {
      await context.call('queue', 'confirmed', ['do', job]);
      return true;
    },
  },
});
`,
};

const specOf = (host: string, done: string): string => `name: jobs
cluster:
  exports: { jobs: { to: worker, durable: true } }
  imports: { jobs: { as: queue, durable: true } }
children:
  - { id: worker, module: ./worker.mjs, args: ${JSON.stringify({ host, done })} }
  - { id: desk, module: ./desk.mjs }
`;

/** Each takes as long as the broker needs to notice, at least. */
const LAST_ORDERS = 20;
const HOSTS = ['alpha', 'beta'] as const;

type Say = (step: string) => void;

/** @throws HostError `host_unfit`: RabbitMQ is not installed, or something does not come to be. */
export async function demoCluster(terminal: Terminal): Promise<undefined> {
  const say: Say = (step) => terminal.tell({ step }, () => [step]);
  const note = (line: string): void => terminal.note(line);
  await withSmallCluster({ hosts: HOSTS, say, note }, async (cluster) => {
    const { folder } = cluster;
    for (const [file, text] of Object.entries(FILES)) writeFileSync(join(folder, file), text);
    const done = join(folder, 'done');
    writeFileSync(done, '');
    for (const host of HOSTS) {
      const base = pathToFileURL(`${folder}/`).href;
      await cluster.client(host).apply({ text: specOf(host, done), base });
      await cluster.connected(host);
    }
    const order = (job: string): Promise<string> => orderAndSee(say, job, cluster.client('beta'), done);
    await order('tea');
    say('kill -9 of the daemon of alpha');
    await cluster.killHost('alpha');
    const by = await seeTakeOver({ order, job: 'coffee', gone: 'alpha', say, orders: LAST_ORDERS });
    if (by !== 'beta') throw notSo('beta takes over');
    say('The service has moved, and nothing that was ordered is lost.');
  });
}

/** Ordered there; gives the host that has done it first, since in doubt a job is done again. */
async function orderAndSee(say: Say, job: string, client: AdminClient, done: string): Promise<string> {
  await until(`${job} is ordered`, async () => {
    await client.call('jobs/desk', { operation: 'order', parameters: [job] });
    return true;
  });
  let by = '';
  await until(`${job} is done`, () => {
    by = doneBy(readFileSync(done, 'utf8'), job) ?? '';
    return by !== '';
  });
  say(`${job}: ordered on beta, done on ${by}`);
  return by;
}

/** The last line may be half written. */
function doneBy(text: string, job: string): string | undefined {
  const lines = text.split('\n').slice(0, -1);
  return lines
    .map((line) => JSON.parse(line) as { readonly host: string; readonly job: string })
    .find((line) => line.job === job)?.host;
}
