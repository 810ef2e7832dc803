/**
 * Keeps one private RabbitMQ, or a cluster of some nodes: own folder, HOME (and so cookie), ports, node names and epmd, on
 * loopback only. A process of its own, so that the broker never outlives who asked for it: when its standard input ends,
 * by whatever death of the other side, it kills the broker with all that belongs to it and removes the folder.
 *
 *   node keeper.mjs <path of rabbitmq-server> [{"nodes":1,"tls":{"ca":"…","certificate":"…","key":"…"}}]
 *
 * Commands, one a line, each answered by one line of JSON, `{"error":"…"}` where it has failed:
 *
 *   start [n]     all nodes, or that one, again with the same ports and data   {"ports":[N,…],"tlsPort":N}
 *   kill [n]      SIGKILL to all nodes, or that one                            {"killed":true}
 *   ctl n words…  rabbitmqctl at that node                                     {"output":"…"}
 */
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const START_MS = 180_000;
/** A node of a cluster that comes back while another one goes may give up, and comes up the next time. */
const MOST_STARTS = 3;
const HOST = '127.0.0.1';

const program = process.argv[2] ?? '';
/** @type {{ nodes?: number, tls?: { ca: string, certificate: string, key: string } }} */
const { nodes: count = 1, tls } = JSON.parse(process.argv[3] ?? '{}');
const folder = mkdtempSync(join(tmpdir(), 'espalier-broker-'));
const ports = await freePorts(2 * count + 2);
const [epmdPort = 0, tlsPort = 0] = ports.splice(0, 2);
/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/** @typedef {{ name: string, port: number, distPort: number, broker: import('node:child_process').ChildProcess | undefined }} BrokerNode */
/** @type {BrokerNode[]} */
const nodes = Array.from({ length: count }, (_, n) => {
  const port = ports[2 * n] ?? 0;
  return {
    name: `espalier${String(port)}@localhost`,
    port,
    distPort: ports[2 * n + 1] ?? 0,
    broker: undefined,
  };
});

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

function environment(/** @type {BrokerNode} */ { name, port, distPort }) {
  const at = (/** @type {string} */ path) => join(folder, path);
  return {
    PATH: process.env.PATH,
    HOME: folder,
    LANG: 'C.UTF-8',
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: HOST,
    // The wrapper then becomes the broker, instead of standing beside it.
    RUNNING_UNDER_SYSTEMD: 'true',
    RABBITMQ_NODENAME: name,
    RABBITMQ_NODE_IP_ADDRESS: HOST,
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distPort),
    RABBITMQ_MNESIA_BASE: at('data'),
    RABBITMQ_LOG_BASE: at('log'),
    RABBITMQ_PID_FILE: at(`${name}.pid`),
    RABBITMQ_CONFIG_FILE: at(`${name}.conf`),
    RABBITMQ_ADVANCED_CONFIG_FILE: at('none.config'),
    RABBITMQ_ENABLED_PLUGINS_FILE: at('plugins'),
    RABBITMQ_GENERATED_CONFIG_DIR: at('generated'),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none',
    RABBITMQ_CTL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none',
  };
}

function configuration(/** @type {BrokerNode} */ { port }) {
  const lines = [
    `listeners.tcp.default = ${HOST}:${String(port)}`,
    'loopback_users.guest = true',
    'log.file.level = warning',
    'heartbeat = 10',
  ];
  if (count > 1) {
    lines.push('cluster_formation.peer_discovery_backend = classic_config');
    lines.push(
      ...nodes.map(({ name }, n) => `cluster_formation.classic_config.nodes.${String(n + 1)} = ${name}`),
    );
  }
  if (tls !== undefined) {
    lines.push(
      `listeners.ssl.default = ${HOST}:${String(tlsPort)}`,
      `ssl_options.cacertfile = ${tls.ca}`,
      `ssl_options.certfile = ${tls.certificate}`,
      `ssl_options.keyfile = ${tls.key}`,
      'ssl_options.verify = verify_peer',
      'ssl_options.fail_if_no_peer_cert = true',
      'auth_mechanisms.1 = PLAIN',
      'auth_mechanisms.2 = EXTERNAL',
      'ssl_cert_login_from = common_name',
    );
  }
  return `${lines.join('\n')}\n`;
}

function launch(/** @type {BrokerNode} */ node, /** @type {string} */ command, /** @type {string[]} */ args) {
  // A group of its own: it is ended with everything that it has started.
  const child = spawn(command, args, {
    env: environment(node),
    cwd: folder,
    detached: true,
    stdio: 'ignore',
  });
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
  throw new Error(
    `${child.spawnfile} ${running.has(child) ? 'does not listen' : 'has ended'}: ${lastWords()}`,
  );
}

function lastWords() {
  return nodes
    .map(({ name }) => {
      try {
        return readFileSync(join(folder, 'log', `${name}.log`), 'utf8').slice(-2000);
      } catch {
        return `${name} has left no log`;
      }
    })
    .join('\n');
}

let isNew = true;

async function startNode(/** @type {BrokerNode} */ node) {
  if (node.broker !== undefined) return;
  for (let starts = 1; ; starts++) {
    const child = launch(node, program, []);
    node.broker = child;
    try {
      await until(node.port, child);
      break;
    } catch (error) {
      if (running.has(child) || starts === MOST_STARTS) throw error;
    }
  }
  if (tls !== undefined) await until(tlsPort, node.broker);
  // It listens before it is ready, and answers nothing about its cluster until then.
  if (count > 1) await ctl(node, ['await_startup', '--timeout', String(START_MS / 1000)]);
}

async function start(/** @type {BrokerNode[]} */ which) {
  // Before the broker: one that is started by it would be the machine's.
  const [first] = nodes;
  if (first !== undefined && !(await listens(epmdPort)))
    await until(epmdPort, launch(first, 'epmd', ['-port', String(epmdPort)]));
  // Nodes that come into being at the same time may miss each other; those that have met before wait for each other.
  if (isNew) for (const node of which) await startNode(node);
  else await Promise.all(which.map(startNode));
  isNew = false;
  return { ports: nodes.map(({ port }) => port), tlsPort };
}

async function kill(/** @type {BrokerNode[]} */ which) {
  await Promise.all(
    which.map(async (node) => {
      const child = node.broker;
      node.broker = undefined;
      if (child === undefined || !running.has(child)) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      endGroup(child);
      await ended;
    }),
  );
  return { killed: true };
}

function ctl(/** @type {BrokerNode | undefined} */ node, /** @type {string[]} */ words) {
  if (node === undefined) throw new Error('there is no such node');
  const args = ['-q', '-n', node.name, ...words];
  return new Promise((resolve, reject) => {
    execFile(
      join(dirname(program), 'rabbitmqctl'),
      args,
      { env: environment(node), cwd: folder },
      (error, output, errors) => {
        if (error === null) resolve({ output });
        else reject(new Error(`${error.message}\n${output}${errors}`));
      },
    );
  });
}

function end() {
  for (const child of running) endGroup(child);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit(0);
}

mkdirSync(join(folder, 'log'));
writeFileSync(join(folder, 'plugins'), tls === undefined ? '[].\n' : '[rabbitmq_auth_mechanism_ssl].\n');
for (const node of nodes) writeFileSync(join(folder, `${node.name}.conf`), configuration(node));
// The other side's group may be ended by any of these; that is no reason to leave a broker behind.
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT', 'SIGHUP'])) process.on(signal, end);

const commands = createInterface({ input: process.stdin });
commands.on('close', end);
let last = Promise.resolve();
commands.on('line', (line) => {
  last = last.then(async () => {
    try {
      const [command, which, ...words] = line.split(' ');
      const meant = which === undefined ? nodes : nodes.slice(Number(which), Number(which) + 1);
      const answer =
        command === 'start'
          ? await start(meant)
          : command === 'kill'
            ? await kill(meant)
            : await ctl(meant[0], words);
      process.stdout.write(`${JSON.stringify(answer)}\n`);
    } catch (error) {
      process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`);
    }
  });
});
