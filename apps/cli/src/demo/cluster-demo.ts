/**
 * `espalier demo cluster`: two hosts on one machine, each with a daemon and a key of its own, and a service that
 * outlives the host that it runs on. Everything is in a folder that is removed when it is over.
 */
import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { createRequire } from 'node:module';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { HostError } from '@espalier/core';
import { createKeyPair, issueJoinTicket } from '@espalier/core/identity';
import { AdminClient } from '@espalier/supervisor/client';
import type { Terminal } from '../remote/terminal.js';
import { LastWords } from './last-words.js';
import { seeTakeOver } from './take-over.js';
import { startPrivateBroker, type PrivateBroker } from './private-broker.js';

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
  'desk.mjs': `import { Refusal, server } from '@espalier/core';
export default server({
  init: () => ({}),
  calls: {
    // Refused, and not the end of the desk, while the bridge is still being started.
    order: (context, job) =>
      context.call('queue', 'confirmed', ['do', job]).then(
        () => true,
        ({ message }) => {
          throw new Refusal(message);
        },
      ),
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

const SOON_MS = 60_000;
const LOOK_MS = 100;
/** Each takes as long as the broker needs to notice, at least. */
const LAST_ORDERS = 20;

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
  const lastWords = new LastWords();
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
    const done = join(folder, 'done');
    writeFileSync(done, '');
    const root = createKeyPair();
    const hosts: DemoHost[] = [];
    for (const name of ['alpha', 'beta']) {
      say(`Host ${name}: a daemon, a ticket of the cluster's root, and the tree`);
      const host = await startHost(name, join(folder, name), (daemon) => {
        daemons.push(daemon);
        lastWords.hear(`espalierd of ${name}`, daemon.stderr);
      });
      void lastWords.follow(name, host.client);
      hosts.push(host);
      const ticket = issueJoinTicket(root, await keyAndLogin(host));
      await admit(host, { ticket, broker: broker.url, folder, done });
    }
    const [alpha, beta] = hosts as [DemoHost, DemoHost];
    const order = (job: string): Promise<string> => orderAndSee(say, job, beta.client, done);
    await order('tea');
    say('kill -9 of the daemon of alpha');
    const ended = once(alpha.daemon, 'exit');
    alpha.daemon.kill('SIGKILL');
    await ended;
    const by = await seeTakeOver({ order, job: 'coffee', gone: alpha.name, say, orders: LAST_ORDERS });
    if (by !== beta.name) throw notSo('beta takes over');
    say('The service has moved, and nothing that was ordered is lost.');
  } catch (error) {
    for (const line of [...lastWords.lines, ...(broker?.lastWords() ?? [])]) terminal.note(line);
    throw error;
  } finally {
    end();
    process.off('exit', end);
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

async function startHost(
  name: string,
  folder: string,
  started: (daemon: ChildProcessByStdio<null, null, Readable>) => void,
): Promise<DemoHost> {
  const manifest = createRequire(import.meta.url).resolve('@espalier/daemon/package.json');
  const daemon = spawn(
    process.execPath,
    [join(dirname(manifest), 'bin', 'espalierd.js'), '--folder', folder],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  started(daemon);
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

interface Admission {
  readonly ticket: string;
  readonly broker: string;
  readonly folder: string;
  readonly done: string;
}

async function admit({ name, client }: DemoHost, { ticket, broker, folder, done }: Admission): Promise<void> {
  await client.joinCluster({ ticket, brokers: [broker] });
  await client.apply({ text: specOf(name, done), base: pathToFileURL(`${folder}/`).href });
  await until(`${name} has a connection to the broker`, async () => {
    return (await client.cluster()).bridge === 'connected';
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

/** A question that is refused is asked again: whoever answers may just be starting, or the machine be busy. */
async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  let cause: unknown;
  for (const deadline = performance.now() + SOON_MS; performance.now() < deadline; await pause(LOOK_MS)) {
    try {
      if (await isSo()) return;
    } catch (error) {
      cause = error;
    }
  }
  throw notSo(what, cause);
}

function notSo(what: string, cause?: unknown): HostError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new HostError('host_unfit', `it does not come to be that ${what}${why}`, {
    remedy: 'Try again when the machine has less to do; `espalier doctor` says what is missing.',
    cause,
  });
}
