/**
 * A RabbitMQ of our own for as long as a demonstration takes: a child process with its folder, ports and name, on loopback
 * alone, never the machine's. Needs no root: only that the program is installed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { HostError } from '@espalier/core';

/** The program itself: the one in /usr/sbin changes the user first, and so takes root. */
const PROGRAMS = [
  '/usr/lib/rabbitmq/bin/rabbitmq-server',
  '/opt/homebrew/sbin/rabbitmq-server',
  '/usr/local/sbin/rabbitmq-server',
];
const LOOPBACK = '127.0.0.1';
const START_MS = 90_000;
const LOOK_MS = 100;
const LAST_LINES = 40;

export interface PrivateBroker {
  /** `amqp:` address without credentials; its user is `guest` with the password `guest`. */
  readonly url: string;
  /** Of its log, where only warnings and errors stand. */
  lastWords(): readonly string[];
}

/**
 * `started` is given what ends it before there is anything to end: who is told to leave while it starts ends it as well.
 *
 * @throws HostError `host_unfit`: RabbitMQ is not installed, or does not start.
 */
export async function startPrivateBroker(
  folder: string,
  started: (end: () => void) => void,
): Promise<PrivateBroker> {
  const { RABBITMQ_SERVER: named } = process.env;
  const program = (named ? [named] : PROGRAMS).find((path) => existsSync(path));
  if (program === undefined) throw notInstalled();
  const [port, distPort, epmdPort] = await freePorts();
  const at = (name: string): string => join(folder, name);
  mkdirSync(at('log'), { recursive: true });
  writeFileSync(at('plugins'), '[].\n');
  writeFileSync(
    at('rabbitmq.conf'),
    `listeners.tcp.default = ${LOOPBACK}:${port}\nlog.file.level = warning\n`,
  );
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    LANG: 'C.UTF-8',
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: LOOPBACK,
    // The wrapper then becomes the broker, instead of standing beside it.
    RUNNING_UNDER_SYSTEMD: 'true',
    RABBITMQ_NODENAME: `espalier${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: LOOPBACK,
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
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +sbwt none',
  };
  const launch = (file: string, args: readonly string[]): ChildProcess => {
    const child = spawn(file, args, { env, cwd: folder, detached: true, stdio: 'ignore' });
    child.on('error', () => undefined);
    return child;
  };
  const children: ChildProcess[] = [];
  const end = (): void => children.forEach(endGroup);
  started(end);
  try {
    // The broker's own would outlive it.
    children.push(launch('epmd', ['-port', String(epmdPort)]));
    await listening(epmdPort, children);
    children.push(launch(program, []));
    await listening(port, children);
  } catch (error) {
    end();
    throw error;
  }
  return { url: `amqp://${LOOPBACK}:${port}`, lastWords: () => lastLines(at('log')) };
}

function notInstalled(): HostError {
  return new HostError('host_unfit', 'RabbitMQ is not installed, over which hosts send messages', {
    field: 'RABBITMQ_SERVER',
    remedy:
      'Install it (Debian, Ubuntu: sudo apt-get install --no-install-recommends rabbitmq-server; ' +
      'macOS: brew install rabbitmq), or set RABBITMQ_SERVER to its path.',
  });
}

/** Held all at once, so that they differ. */
async function freePorts(): Promise<readonly [number, number, number]> {
  const servers = [createServer(), createServer(), createServer()];
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve))),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports as unknown as readonly [number, number, number];
}

async function listening(port: number, children: readonly ChildProcess[]): Promise<void> {
  for (let waitedMs = 0; waitedMs < START_MS; waitedMs += LOOK_MS) {
    if (await answers(port)) return;
    const ended = children.find(({ exitCode, pid }) => exitCode !== null || pid === undefined);
    if (ended !== undefined) break;
    await pause(LOOK_MS);
  }
  throw new HostError('host_unfit', 'RabbitMQ does not start', {
    remedy:
      'Check that `rabbitmq-server` and `epmd` start by themselves, and which version it is (3.9 or later).',
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, LOOPBACK, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

function lastLines(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((file) => {
    const lines = readFileSync(join(folder, file), 'utf8').trimEnd().split('\n');
    return lines.slice(-LAST_LINES).map((line) => `${file} | ${line}`);
  });
}

/** With all that it has started. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}
