/**
 * A network of its own on one machine: a bridge, and hosts that hang on it by a veth pair, each in a network namespace
 * of its own, with processes in it. Driven over stdin and stdout, a line of JSON each.
 *
 * It runs in a process, mount and network namespace that `unshare` made, as their first process: when it ends, for
 * whatever reason, the system ends all that it started, and the namespaces, bridges and pairs go with them. It ends
 * when its stdin does; so nothing is left behind, however the test ended. It touches nothing outside.
 */
import { execFileSync, spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const HOST_SCRIPT = fileURLToPath(new URL('./host.mjs', import.meta.url));
const KEEPER = fileURLToPath(new URL('../broker/keeper.mjs', import.meta.url));
const RELAY = fileURLToPath(new URL('./faults/relay.mjs', import.meta.url));
/** Where hosts reach the broker: a relay is there, which can delay. */
const BROKER_PORT = 5672;

const AVAHI = [
  'mount -t tmpfs tmpfs /run',
  'mkdir -p /run/dbus /run/avahi-daemon',
  'dbus-daemon --system --fork --nopidfile --address=unix:path=/run/dbus/system_bus_socket',
  'exec avahi-daemon --no-rlimits --no-drop-root --no-chroot --no-proc-title',
].join(' && ');

/** @typedef {import('node:child_process').ChildProcess} Child */
/** @typedef {{ number: number, anchor: Child, link: string, avahi?: Child }} Host */
/** @type {Map<string, Host>} */
const hosts = new Map();
let lastNumber = 0;
/** @type {Map<string, import('node:child_process').ChildProcess>} */
const processes = new Map();

/** @type {{ keeper: Child, relay: Child } | undefined} */
let broker;

/** @param {Record<string, unknown>} line */
function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** @param {string} command */
function sh(command) {
  const [file = '', ...args] = command.split(' ');
  return execFileSync(file, args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
}

/** @param {string} name */
function hostOf(name) {
  const host = hosts.get(name);
  if (host === undefined) throw new Error(`there is no host ${name}`);
  return host;
}

/** @param {Host} host */
function inside({ anchor, avahi }) {
  const mount = avahi === undefined ? '' : ` --mount=/proc/${avahi.pid}/ns/mnt`;
  return `nsenter --net=/proc/${anchor.pid}/ns/net${mount} --`;
}

/** Its first process holds the namespace, and waits; resolves when it is in it. @param {import('node:child_process').ChildProcess} anchor */
async function entered(anchor) {
  const own = readlinkSync('/proc/self/ns/net');
  const theirs = () => {
    try {
      return readlinkSync(`/proc/${anchor.pid}/ns/net`);
    } catch {
      return own;
    }
  };
  while (theirs() === own) await new Promise((resolve) => setImmediate(resolve));
}

/** Runs a script of ours in a host. @param {Host} host @param {readonly string[]} script */
function spawnInside(host, script, more = '') {
  const [file = '', ...args] = `${inside(host)}${more} ${process.execPath}`.split(' ');
  return spawn(file, [...args, ...script], { stdio: ['pipe', 'pipe', 'inherit'] });
}

/** The first line that it prints. @param {Child} child @returns {Promise<any>} */
async function firstLine(child) {
  const lines = createInterface({ input: /** @type {import('node:stream').Readable} */ (child.stdout) });
  return new Promise((resolve) => lines.once('line', (line) => resolve(JSON.parse(line))));
}

/** @type {Record<string, (order: any) => unknown>} */
const ORDERS = {
  async host({ name }) {
    const number = ++lastNumber;
    const link = `v${number}`;
    const anchor = spawn('unshare', ['--net', 'cat'], { stdio: ['pipe', 'ignore', 'inherit'] });
    await entered(anchor);
    const host = { number, anchor, link };
    hosts.set(name, host);
    sh(`ip link add ${link} type veth peer name eth0 netns ${anchor.pid}`);
    sh(`ip link set ${link} master br0 up`);
    sh(`${inside(host)} ip link set lo up`);
    // Duplicate address detection would keep IPv6 waiting for a second.
    sh(`${inside(host)} sysctl -qw net.ipv6.conf.eth0.accept_dad=0`);
    sh(`${inside(host)} ip addr add 10.99.0.${number}/24 dev eth0`);
    sh(`${inside(host)} ip link set eth0 up`);
    const nft = `${inside(host)} nft add`;
    sh(`${nft} table inet sent`);
    sh(`${nft} chain inet sent out { type filter hook output priority 0 ; }`);
    sh(`${nft} rule inet sent out oif eth0 udp dport 5353 counter`);
  },
  /** Starts Avahi in a host, with a bus and a /run of its own, in which the host's later processes are too. */
  async avahi({ name }) {
    const host = hostOf(name);
    const [file = '', ...args] = [...`${inside(host)} unshare --mount sh -c`.split(' '), AVAHI];
    const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const lines = createInterface({ input: child.stderr });
    await new Promise((resolve, reject) => {
      lines.on('line', (line) => line.includes('startup complete') && resolve(undefined));
      child.on('exit', (code) => reject(new Error(`Avahi ended with ${code}`)));
    });
    host.avahi = child;
  },
  /** Starts the process of a host in a folder, by that script, and hands it its first line. */
  start({ name, setup, cwd = process.cwd(), script = HOST_SCRIPT }) {
    // Its processes are a world of their own, which ends with the first of them: as when a machine is lost.
    const child = spawnInside(
      hostOf(name),
      [script],
      ` unshare --pid --fork --kill-child --mount-proc env -C ${cwd}`,
    );
    processes.set(name, child);
    createInterface({ input: child.stdout }).on('line', (line) =>
      say({ host: name, line: JSON.parse(line) }),
    );
    child.on('exit', (code, signal) => say({ host: name, line: { exit: signal ?? code } }));
    child.stdin.on('error', () => undefined);
    child.stdin.write(`${JSON.stringify(setup)}\n`);
  },
  tell({ name, line }) {
    processes.get(name)?.stdin?.write(`${JSON.stringify(line)}\n`);
  },
  kill({ name }) {
    processes.get(name)?.kill('SIGKILL');
  },
  /** Which of the two bridges a host hangs on: hosts on different ones do not hear each other, and see no change of their link. */
  segment({ name, segment }) {
    sh(`ip link set ${hostOf(name).link} master br${segment}`);
  },
  interface({ name, device, up }) {
    sh(`${inside(hostOf(name))} ip link set ${device} ${up ? 'up' : 'down'}`);
  },
  /** A second interface, eth1, on the other bridge. */
  secondInterface({ name }) {
    const host = hostOf(name);
    sh(`ip link add w${host.number} type veth peer name eth1 netns ${host.anchor.pid}`);
    sh(`ip link set w${host.number} master br1 up`);
    sh(`${inside(host)} sysctl -qw net.ipv6.conf.eth1.accept_dad=0`);
    sh(`${inside(host)} ip addr add 10.98.0.${host.number}/24 dev eth1`);
    sh(`${inside(host)} ip link set eth1 up`);
  },
  address({ name, address }) {
    sh(`${inside(hostOf(name))} ip addr flush dev eth0 scope global`);
    sh(`${inside(hostOf(name))} ip addr add ${address}/24 dev eth0`);
  },
  /** Pulls the cable out of a host, or puts it in again. */
  cable({ name, plugged }) {
    sh(`ip link set ${hostOf(name).link} ${plugged ? 'up' : 'down'}`);
  },
  /** What a host drops from now on: rules of nftables for what comes in and what goes out. */
  drop({ name, incoming = [], outgoing = [] }) {
    const nft = `${inside(hostOf(name))} nft`;
    sh(`${nft} add table inet fault`);
    sh(`${nft} flush table inet fault`);
    for (const [hook, rules] of Object.entries({ input: incoming, output: outgoing })) {
      sh(`${nft} add chain inet fault on_${hook} { type filter hook ${hook} priority 0 ; }`);
      for (const rule of rules) sh(`${nft} add rule inet fault on_${hook} ${rule} drop`);
    }
  },
  /** Starts RabbitMQ in a host; gives where the others reach it. */
  async broker({ name, program }) {
    const host = hostOf(name);
    const address = `10.99.0.${host.number}`;
    const keeper = spawnInside(host, [KEEPER, program]);
    keeper.stdin?.write('start\n');
    const { ports: [port] = [], error } = await firstLine(keeper);
    if (port === undefined) throw new Error(error);
    const relay = spawnInside(host, [RELAY, address, String(BROKER_PORT), String(port)]);
    await firstLine(relay);
    broker = { keeper, relay };
    return `${address}:${BROKER_PORT}`;
  },
  /** So long everything that goes to the broker or comes from it is kept. */
  delay({ ms }) {
    broker?.relay.stdin?.write(`${ms}\n`);
  },
  /** Ends the broker, and removes what it has written. */
  async endBroker() {
    const keeper = broker?.keeper;
    if (keeper === undefined) return;
    const ended = new Promise((resolve) => keeper.once('exit', resolve));
    keeper.stdin?.end();
    await ended;
  },
  /** Runs a command in a host's namespace to its end; gives what it printed. */
  run({ name, command }) {
    return sh(`${inside(hostOf(name))} ${command}`);
  },
  /** The same, of one that goes on until the network ends. */
  begin({ name, command }) {
    const [file = '', ...args] = `${inside(hostOf(name))} ${command}`.split(' ');
    spawn(file, args, { stdio: 'ignore' });
  },
  /** How many packets of mDNS a host has sent, over IPv4 and IPv6; what the system itself sends does not count. */
  sent({ name }) {
    const counted = sh(`${inside(hostOf(name))} nft list table inet sent`);
    return Number(/ packets (\d+)/.exec(counted)?.[1]);
  },
};

sh('ip link set lo up');
// /sys still shows the machine's own network otherwise.
sh('mount -t sysfs sysfs /sys');
for (const bridge of ['br0', 'br1']) {
  sh(`ip link add ${bridge} type bridge mcast_snooping 0`);
  sh(`ip link set ${bridge} up`);
}

const input = createInterface({ input: process.stdin });
input.on('line', async (line) => {
  const { id, order, ...rest } = JSON.parse(line);
  try {
    say({ id, value: (await ORDERS[order]?.(rest)) ?? null });
  } catch (error) {
    say({ id, error: error instanceof Error ? error.message : String(error) });
  }
});
input.on('close', () => process.exit(0));
say({ ready: true });
