/** Beside the responder of the system: Avahi sees our hosts and we see what it publishes; and the native backend on it. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MUST_RUN, Network, whyNotHere, type NetworkHost } from './network.mjs';
import { AVAHI_HEADER, AVAHI_TOOLS, whatIsMissing } from './tools.mjs';

/** Outside every package: nothing of ours needs it, and nothing may compile when we are installed. */
const FOLDER = fileURLToPath(new URL('../../.cache/native-mdns', import.meta.url));
const LEASE_MS = 2500;
const FOUND_MS = 15_000;

const whyNoAvahi = whyNotHere() ?? whatIsMissing(AVAHI_TOOLS);
const whyNoNative = whyNoAvahi ?? buildNative();
for (const [what, why] of [
  ['Avahi', whyNoAvahi],
  ['the native backend', whyNoNative],
]) {
  if (why !== undefined) process.stderr.write(`NOT TESTED: discovery beside ${what}: ${why}\n`);
}

/**
 * Compiles the package `mdns`, where it was not yet and all for it is here; with the headers of the running Node, so
 * that nothing is fetched. Only where the tests must run: it takes half a minute.
 */
function buildNative(): string | undefined {
  const built = join(FOLDER, 'node_modules', 'mdns', 'build', 'Release', 'dns_sd_bindings.node');
  if (existsSync(built)) return undefined;
  if (!MUST_RUN) return 'the package `mdns` is not built (ESPALIER_REQUIRE=netns builds it)';
  const nodedir = dirname(dirname(process.execPath));
  if (!existsSync(join(nodedir, 'include', 'node', 'node.h'))) return 'this Node has no headers beside it';
  if (!existsSync(AVAHI_HEADER.path)) return `${AVAHI_HEADER.package} is missing`;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, 'package.json'), '{"private":true}');
  try {
    execFileSync('npm', ['install', 'mdns@2.7.2', '--no-audit', '--no-fund', '--no-package-lock'], {
      cwd: FOLDER,
      stdio: 'pipe',
      timeout: 180_000,
      env: { ...process.env, npm_config_nodedir: nodedir },
    });
  } catch (error) {
    return `the package \`mdns\` cannot be built: ${(error as Error).message}`;
  }
  return existsSync(built) ? undefined : 'the package `mdns` was not built';
}

let network: Network;
let a: NetworkHost;
let b: NetworkHost;

beforeEach(async () => {
  if (whyNoAvahi !== undefined) return;
  network = await Network.create();
  a = await network.host('a');
  b = await network.host('b');
  await b.startAvahi();
});

afterEach(() => network?.close());

(whyNoAvahi === undefined ? describe : describe.skip)('beside Avahi', () => {
  test('avahi-browse on another machine sees our host, with port and TXT data', async () => {
    await a.start({ leaseMs: LEASE_MS, queue: 'qa', endpoints: ['amqp://10.99.0.1:5672'] });
    await a.until({ hosts: 1 }, FOUND_MS);
    const deadline = performance.now() + FOUND_MS;
    let seen = '';
    while (!seen.includes(`;${a.id};`) && performance.now() < deadline) {
      seen = await b.run('avahi-browse -rtp _espalier._tcp');
    }
    const resolved = seen.split('\n').find((line) => line.startsWith('=') && line.includes(';IPv4;'));
    expect(resolved).toContain(`;${a.id};_espalier._tcp;local;${a.id}.local;10.99.0.1;5672;`);
    expect(resolved).toContain('"q=qa"');
  });

  test('our backend sees what Avahi publishes, here as on another machine; unsigned, it is counted and not believed', async () => {
    await Promise.all([
      a.start({ leaseMs: LEASE_MS }),
      b.start({ leaseMs: LEASE_MS, backend: 'javascript' }),
    ]);
    const stranger = 'f'.repeat(32);
    await b.begin(`avahi-publish-service ${stranger} _espalier._tcp 5672 v=1 q=evil a0=amqp://evil:1`);
    for (const host of [a, b]) await host.until({ refused: 'unsigned' }, FOUND_MS);
    for (const host of [a, b]) {
      await host.until({ hosts: 2 }, FOUND_MS);
      expect(await host.ask('hosts')).not.toContainEqual(expect.objectContaining({ host: stranger }));
    }
  });

  test('our backend shares the port of a machine with its Avahi', async () => {
    await Promise.all([
      a.start({ leaseMs: LEASE_MS }),
      b.start({ leaseMs: LEASE_MS, backend: 'javascript' }),
    ]);
    await b.advertise(['db']);
    await a.until({ hosts: 2, holders: { db: [b] } }, FOUND_MS);
    await b.until({ hosts: 2 }, FOUND_MS);
  });
});

(whyNoNative === undefined ? describe : describe.skip)('the native backend', () => {
  test('is chosen where package and responder are both there, and the one in JavaScript elsewhere', async () => {
    await Promise.all([a.start({ leaseMs: LEASE_MS }, FOLDER), b.start({ leaseMs: LEASE_MS }, FOLDER)]);
    await b.until({ hosts: 2, hearing: ['system'] }, FOUND_MS);
    await a.until({ hosts: 2, hearing: ['eth0/4', 'eth0/6'] }, FOUND_MS);
    for (const host of [a, b]) expect(await host.ask('status')).toMatchObject({ problems: [] });
  });

  test('finds and is found by the one in JavaScript; what ends is gone', async () => {
    await Promise.all([
      a.start({ leaseMs: LEASE_MS }),
      b.start({ leaseMs: LEASE_MS, backend: 'native' }, FOLDER),
    ]);
    await a.advertise(['db']);
    await b.advertise(['web']);
    await b.until({ hosts: 2, holders: { db: [a], web: [b] } }, FOUND_MS);
    await a.until({ hosts: 2, holders: { db: [a], web: [b] } }, FOUND_MS);
    await b.until({ hearing: ['system'] }, FOUND_MS);
    expect(await b.ask('status')).toMatchObject({ problems: [] });
    // Both stay known for longer than a lease: signs of life go both ways.
    const lost = (host: NetworkHost): Promise<unknown> => host.until({ hosts: 1 }, 2 * LEASE_MS);
    await Promise.all([a, b].map((host) => expect(lost(host)).rejects.toThrow()));
    await b.ask('withdraw', { names: ['web'] });
    await a.until({ names: 1 }, FOUND_MS);
    await a.kill();
    await b.until({ hosts: 1, names: 0 }, 3 * LEASE_MS);
  });
});
