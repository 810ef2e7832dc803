/**
 * `espalier demo cluster`: two hosts on one machine, each with a daemon and a key of its own, and a service that
 * outlives the host that it runs on. Everything is in a folder that is removed when it is over.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { HostError } from '@espalier/core';
import { createKeyPair, issueJoinTicket } from '@espalier/core/identity';
import { AdminClient } from '@espalier/supervisor/client';
import type { Terminal } from '../remote/terminal.js';
import { startPrivateBroker, type PrivateBroker } from './private-broker.js';

const FILES = {
  'worker.mjs': `import { server } from '@espalier/core';
export default server({
  init: () => ({ done: [] }),
  calls: {
    do: ({ state }, job) => void state.done.push(job),
    done: ({ state }) => state.done,
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

const SPEC = `name: jobs
cluster:
  exports: { jobs: { to: worker, durable: true } }
  imports: { jobs: { as: queue, durable: true } }
children:
  - { id: worker, module: ./worker.mjs }
  - { id: desk, module: ./desk.mjs }
`;

const SOON_MS = 60_000;
const LOOK_MS = 100;

type Say = (step: string) => void;

interface DemoHost {
  readonly name: string;
  readonly client: AdminClient;
  readonly daemon: ChildProcess;
}

/** @throws HostError `host_unfit`: RabbitMQ is not installed, or something does not come to be. */
export async function demoCluster(terminal: Terminal): Promise<undefined> {
  const say: Say = (step) => terminal.tell({ step }, () => [step]);
  const folder = mkdtempSync(join(tmpdir(), 'esp-'));
  const daemons: ChildProcess[] = [];
  let broker: PrivateBroker | undefined;
  const end = (): void => {
    for (const daemon of daemons) daemon.kill('SIGKILL');
    broker?.end();
  };
  process.once('exit', end);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  try {
    say('Starting a broker …');
    broker = await startPrivateBroker(join(folder, 'broker'));
    for (const [file, text] of Object.entries(FILES)) writeFileSync(join(folder, file), text);
    const root = createKeyPair();
    const hosts: DemoHost[] = [];
    for (const name of ['alpha', 'beta']) {
      say(`Host ${name}: a daemon, a ticket of the cluster's root, and the tree`);
      const host = await startHost(name, join(folder, name));
      daemons.push(host.daemon);
      hosts.push(host);
      await admit(host, issueJoinTicket(root, await keyAndLogin(host)), broker.url, folder);
    }
    const [alpha, beta] = hosts as [DemoHost, DemoHost];
    await orderAndSee(say, 'tea', alpha, beta);
    say('kill -9 of the daemon of alpha');
    alpha.daemon.kill('SIGKILL');
    await orderAndSee(say, 'coffee', beta, beta);
    say('The service has moved, and nothing that was ordered is lost.');
  } finally {
    end();
    process.off('exit', end);
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

async function startHost(name: string, folder: string): Promise<DemoHost> {
  const manifest = createRequire(import.meta.url).resolve('@espalier/daemon/package.json');
  const daemon = spawn(
    process.execPath,
    [join(dirname(manifest), 'bin', 'espalierd.js'), '--folder', folder],
    {
      stdio: 'ignore',
    },
  );
  const client = new AdminClient({ folder });
  await until(`the daemon of ${name} answers`, async () => {
    await client.ready();
    return true;
  });
  return { name, client, daemon };
}

async function keyAndLogin({ client }: DemoHost): Promise<{ publicKey: string; broker: string }> {
  return { publicKey: (await client.cluster()).publicKey, broker: 'guest:guest' };
}

async function admit(
  { name, client }: DemoHost,
  ticket: string,
  broker: string,
  base: string,
): Promise<void> {
  await client.joinCluster({ ticket, brokers: [broker] });
  await client.apply({ text: SPEC, base: pathToFileURL(`${base}/`).href });
  await until(`${name} has a connection to the broker`, async () => {
    return (await client.cluster()).bridge === 'connected';
  });
}

/** Ordered on beta; `by`: who is to do it. */
async function orderAndSee(say: Say, job: string, by: DemoHost, beta: DemoHost): Promise<void> {
  const path = 'jobs/desk';
  await until(`${job} is ordered`, async () => {
    await beta.client.call(path, { operation: 'order', parameters: [job] });
    return true;
  });
  await until(`${by.name} does what is ordered`, async () => {
    const done = await by.client.call('jobs/worker', { operation: 'done' });
    return Array.isArray(done) && done.includes(job);
  });
  say(`${job}: ordered on beta, done on ${by.name}`);
}

/** A question that is refused is asked again: whoever answers may just be starting, or the machine be busy. */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  let cause: unknown;
  for (const deadline = performance.now() + SOON_MS; performance.now() < deadline; await pause(LOOK_MS)) {
    try {
      if (await isSo()) return;
    } catch (error) {
      cause = error;
    }
  }
  throw new HostError('host_unfit', `it does not come to be that ${what}`, {
    remedy: 'Try again when the machine has less to do; `espalier doctor` says what is missing.',
    cause,
  });
}
