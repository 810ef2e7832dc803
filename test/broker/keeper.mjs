/**
 * Keeps one private RabbitMQ: own folder, HOME (and so cookie), ports, node name and epmd, on loopback only.
 * A process of its own, so that the broker never outlives who asked for it: when its standard input ends, by
 * whatever death of the other side, it kills the broker with all that belongs to it and removes the folder.
 *
 *   node keeper.mjs <path of rabbitmq-server> [address to listen on, in place of loopback]
 *
 * Commands, one a line: `start`, `kill` (SIGKILL to the broker). Each is answered by one line of JSON:
 * `{"port":N}`, `{"killed":true}`, or `{"error":"…"}`. A killed broker is started again with the same port and data.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const START_MS = 90_000;
const HOST = '127.0.0.1';

const [, , program = '', listen = HOST] = process.argv;
const folder = mkdtempSync(join(tmpdir(), 'espalier-broker-'));
const [port = 0, distPort = 0, epmdPort = 0] = await freePorts(3);
/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
/** @type {import('node:child_process').ChildProcess | undefined} */
let broker;

/** Ports that nobody listens on now; held all at once, so that they differ. */
async function freePorts(/** @type {number} */ count) {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise((resolve) => server.listen(0, HOST, () => resolve(undefined)));
      return server;
    }),
  );
  const ports = servers.map(
    (server) => /** @type {import('node:net').AddressInfo} */ (server.address()).port,
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function environment() {
  const at = (/** @type {string} */ name) => join(folder, name);
  return {
    PATH: process.env.PATH,
    HOME: folder,
    LANG: 'C.UTF-8',
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: HOST,
    // The wrapper then becomes the broker, instead of standing beside it.
    RUNNING_UNDER_SYSTEMD: 'true',
    RABBITMQ_NODENAME: `espalier${String(port)}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: listen,
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distPort),
    RABBITMQ_MNESIA_BASE: at('data'),
    RABBITMQ_LOG_BASE: at('log'),
    RABBITMQ_PID_FILE: at('pid'),
    RABBITMQ_CONFIG_FILE: at('rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: at('none.config'),
    RABBITMQ_ENABLED_PLUGINS_FILE: at('plugins'),
    RABBITMQ_GENERATED_CONFIG_DIR: at('generated'),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none',
  };
}

function launch(/** @type {string} */ command, /** @type {string[]} */ args) {
  // A group of its own: it is ended with everything that it has started.
  const child = spawn(command, args, { env: environment(), cwd: folder, detached: true, stdio: 'ignore' });
  running.add(child);
  child.on('error', () => running.delete(child));
  child.on('exit', () => {
    endGroup(child);
    running.delete(child);
  });
  return child;
}

function endGroup(/** @type {import('node:child_process').ChildProcess} */ child) {
  try {
    process.kill(-(/** @type {number} */ (child.pid)), 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}

function listens(/** @type {number} */ at) {
  return new Promise((resolve) => {
    const socket = connect(at, HOST, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

async function until(
  /** @type {number} */ at,
  /** @type {import('node:child_process').ChildProcess} */ child,
) {
  for (let waited = 0; waited < START_MS; waited += 100) {
    if (!running.has(child)) break;
    if (await listens(at)) return;
    await sleep(100);
  }
  throw new Error(`${child.spawnfile} does not listen: ${lastWords()}`);
}

function lastWords() {
  try {
    return readFileSync(join(folder, 'log', `espalier${String(port)}@localhost.log`), 'utf8').slice(-2000);
  } catch {
    return 'it has left no log';
  }
}

async function start() {
  if (broker !== undefined) return { port };
  // Before the broker: one that is started by it would be the machine's.
  if (!(await listens(epmdPort))) await until(epmdPort, launch('epmd', ['-port', String(epmdPort)]));
  broker = launch(program, []);
  await until(port, broker);
  return { port };
}

async function kill() {
  const child = broker;
  broker = undefined;
  if (child === undefined || !running.has(child)) return { killed: true };
  const ended = new Promise((resolve) => child.once('exit', resolve));
  endGroup(child);
  await ended;
  return { killed: true };
}

function end() {
  for (const child of running) endGroup(child);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit(0);
}

mkdirSync(join(folder, 'log'));
writeFileSync(join(folder, 'plugins'), '[].\n');
writeFileSync(
  join(folder, 'rabbitmq.conf'),
  `listeners.tcp.default = ${listen}:${String(port)}\nloopback_users.guest = ${String(listen === HOST)}\nlog.file.level = warning\nheartbeat = 10\n`,
);
// The other side's group may be ended by any of these; that is no reason to leave a broker behind.
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT', 'SIGHUP'])) process.on(signal, end);

const commands = createInterface({ input: process.stdin });
commands.on('close', end);
let last = Promise.resolve();
commands.on('line', (line) => {
  last = last.then(async () => {
    try {
      const answer = line === 'start' ? await start() : await kill();
      process.stdout.write(`${JSON.stringify(answer)}\n`);
    } catch (error) {
      process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`);
    }
  });
});
