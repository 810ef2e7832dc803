/** The commands that talk to a daemon, as a user runs them: against a daemon of their own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDaemon, type Daemon } from '@espalier/daemon';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fixture, runCli, type Ended } from './run-cli.js';

const parent = mkdtempSync(join(tmpdir(), 'esp-'));
const folder = join(parent, 'd');
const file = join(parent, 'house.espalier.yaml');
let daemon: Daemon;
let port: string | undefined;

beforeAll(async () => {
  writeFileSync(file, specOf('lamp'));
  daemon = await startDaemon({
    folder,
    version: '1',
    nowMs: () => Date.now(),
    listen: { host: '127.0.0.1', port: 0, certificate: pem('cert'), key: pem('key') },
    say: (line) => {
      port ??= / at port (\d+) with TLS/.exec(line)?.[1];
    },
  });
  await daemon.ready;
});

afterAll(async () => {
  await daemon.stop();
  rmSync(parent, { recursive: true, force: true });
});

function pem(name: string): string {
  return fileURLToPath(new URL(`../../daemon/test/fixtures/tls/${name}.pem`, import.meta.url));
}

function specOf(id: string): string {
  return `name: house\nchildren:\n  - id: ${id}\n    module: ${fixture('lamp.ts')}\n`;
}

function espalier(...args: readonly string[]): Promise<Ended> {
  return runCli([...args, '--folder', folder]);
}

async function told(...args: readonly string[]): Promise<readonly [number | null, string]> {
  const { code, stdout, stderr } = await espalier(...args);
  expect(stderr).toBe('');
  return [code, stdout];
}

describe('a spec is applied', () => {
  test('with --check it is told what would change, with code 2, and nothing does', async () => {
    expect(await told('apply', file, '--check', '--diff')).toEqual([
      2,
      '+ house/lamp  is started\nwould change: 1 added\n',
    ]);
    expect(await told('status')).toEqual([0, expect.stringMatching(/^no tree: empty\nespalierd 1, since /)]);
  });

  test('then it runs, with code 2; the same again changes nothing, with code 0', async () => {
    expect(await told('apply', file)).toEqual([2, 'applied: 1 added (revision 1)\n']);
    expect(await told('apply', file)).toEqual([0, 'unchanged: nothing changes (revision 1)\n']);
    expect(await told('tree')).toEqual([0, 'house  running  supervisor\n  lamp  running\n']);
  });

  test('--set changes a field; a rollback takes that back; the history has it all', async () => {
    const set = await told('apply', file, '--set', 'lamp.shutdown=100', '--diff');
    expect(set).toEqual([
      2,
      '~ house/lamp  is changed in place\n    shutdown: 5000 -> 100\napplied: 1 changed in place (revision 2)\n',
    ]);
    expect(await told('rollback')).toEqual([2, 'applied: 1 changed in place (revision 3)\n']);
    const [, history] = await told('history');
    expect(
      history
        .trimEnd()
        .split('\n')
        .map((line) => line.trim()[0]),
    ).toEqual(['3', '2', '1']);
    expect(history).toContain('rollback to 1');
    expect(await told('history', '1')).toEqual([0, specOf('lamp')]);
  });

  test('what is wrong with a spec is told with its place, and code 1', async () => {
    const broken = join(parent, 'broken.yaml');
    writeFileSync(broken, specOf('lamp').replace('module', 'modul'));
    const { code, stdout, stderr } = await espalier('apply', broken);
    expect([code, stdout]).toEqual([1, '']);
    // One problem is told in one line, more of them one by one.
    expect(stderr).toMatch(/^espalier: .* \(spec_invalid\)\. .*\n$/);
    expect(stderr).toContain(`${broken}:3:5`);
    writeFileSync(broken, specOf('lamp').replace('module', 'modul').replace('name: house', 'name: 7'));
    expect((await espalier('apply', broken)).stderr.match(new RegExp(`^  ${broken}:`, 'gm'))).toHaveLength(2);
    writeFileSync(broken, specOf('lamp').replace('module', 'modul'));
    const json = await espalier('apply', broken, '--json');
    expect(JSON.parse(json.stderr)).toMatchObject({ code: 'spec_invalid', problems: [{ line: 3 }] });
  });
});

describe('a node', () => {
  test('is stopped and started, and shown', async () => {
    expect(await told('stop', 'house/lamp')).toEqual([0, 'stopped house/lamp\n']);
    expect((await told('show', 'house/lamp'))[1]).toMatch(/^state: stopped$/m);
    expect(await told('start', 'house/lamp')).toEqual([0, 'started house/lamp\n']);
    const { stdout } = await espalier('show', 'house/lamp', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      path: 'house/lamp',
      state: 'running',
      spec: { shutdown: 5000 },
    });
  });

  test('gets other limits while it runs, as a revision', async () => {
    expect(await told('set', 'house/lamp', 'heapMb=512', 'cpuOver=end', 'cpu=0.5')).toEqual([
      0,
      'house/lamp: heapMb 512 (in full from its next start on), cpuOver end, cpu 0.5 (revision 4)\n',
    ]);
    const { stdout } = await espalier('show', 'house/lamp', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ limits: { heapMb: 512, cpuOver: 'end', cpu: 0.5 } });
    const json = await espalier('set', 'house/lamp', 'cpu=0.25', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ path: 'house/lamp', now: ['cpu'], revision: 5 });
  });

  test('keeps its limits if those that are asked for are none, or cannot change', async () => {
    const unknown = await espalier('set', 'house/lamp', 'heapmb=96');
    expect([unknown.code, unknown.stdout]).toEqual([1, '']);
    expect(unknown.stderr).toMatch(/^espalier: limits of house\/lamp, limits\.heapmb: [^\n]+\n$/);
    expect(unknown.stderr).toContain('heapMb');
    const unsaid = await espalier('set', 'house/lamp', 'heapMb');
    expect(unsaid.stderr).toMatch(/^espalier: [^\n]*'heapMb'[^\n]*Write it as `heapMb=64`\.[^\n]*\n$/);
    expect(unsaid.code).toBe(1);
  });

  test('and what all of them use is one table without a terminal', async () => {
    const [code, table] = await told('top');
    expect(code).toBe(0);
    const [head, house, lamp, ...rest] = table.trimEnd().split('\n');
    expect(rest).toEqual([]);
    expect(head?.trim().split(/ +/)).toEqual([
      'NODE',
      'CPU',
      'HEAP',
      'OTHER',
      'PROCESS',
      'QUEUED',
      'IN/S',
      'RESTARTS',
    ]);
    expect(house).toMatch(/^house +\d+\.\d % +\d+\.\d MB /);
    expect(lamp).toMatch(/^ {2}lamp +\d+\.\d % +\d+\.\d MB .* 0 +0 +\d+$/);
    const json = JSON.parse((await espalier('top', 'house/lamp', '--json')).stdout) as { nodes: unknown[] };
    expect(json.nodes).toEqual([expect.objectContaining({ path: 'house/lamp', cpu: expect.any(Number) })]);
    expect((await espalier('top', 'house/nobody')).stderr).toMatch(/^espalier: [^\n]+\(noproc\)\. [^\n]+\n$/);
  });

  test('that is not there is told of in one line, with a remedy', async () => {
    const { code, stdout, stderr } = await espalier('stop', 'house/nobody');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^espalier: 'house\/nobody' is not there \(not_found\)\. [^\n]+\n$/);
  });

  test('one more is spawned, called and sent to', async () => {
    expect(
      await told('spawn', 'house', fixture('switch.ts'), '--id', 'switch', '--args', '{"on": true}'),
    ).toEqual([0, 'started house/switch\n']);
    expect(await told('call', 'house/switch', 'state')).toEqual([0, '{"on":true}\n']);
    expect(await told('call', 'house/switch', 'join', 'a', '1')).toEqual([0, 'a1\n']);
    expect(await told('send', 'house/switch', 'off')).toEqual([0, 'sent to house/switch\n']);
    expect(await told('call', 'house/switch', 'state', '--json')).toEqual([0, '"off"\n']);
  });
});

describe('what happened', () => {
  test('events and logs are followed as they come', async () => {
    const events = runCli(['events', '-f', '--folder', folder], {
      onLine: (line, child) => {
        if (line.includes('stopped    house/switch')) child.kill('SIGTERM');
      },
    });
    const logs = runCli(['logs', '-f', 'house/switch', '--folder', folder], {
      onLine: (line, child) => {
        if (line === 'house/switch | good night') child.kill('SIGTERM');
      },
    });
    expect(await told('stop', 'house/switch')).toEqual([0, 'stopped house/switch\n']);
    expect((await events).stdout).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}started {4}house\/lamp {2}in \d+ ms$/m);
    expect((await logs).stdout).toBe('house/switch | good night\n');
  });

  test('what was logged is told with its level and its fields, alone if that is asked for', async () => {
    const asked = ['logs', 'house/talk', '--stream', 'log', '--folder', folder];
    const following = runCli([...asked, '-f'], {
      onLine: (_line, child) => {
        child.kill('SIGTERM');
      },
    });
    await told('spawn', 'house', fixture('talk.ts'), '--id', 'talk');
    const line = 'house/talk | warn the lamp is old  years=7  maker=Ada\n';
    expect((await following).stdout).toBe(line);
    expect((await runCli(asked)).stdout).toBe(line);
    const { stdout } = await runCli([...asked, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      path: 'house/talk',
      stream: 'log',
      level: 'warn',
      text: 'the lamp is old',
      fields: { years: 7, maker: 'Ada' },
    });
    const other = await espalier('logs', '--stream', 'files');
    expect([other.code, other.stderr.split('\n').length]).toEqual([1, 2]);
  });

  test('with --json each is an object on a line, and after an id only what came later', async () => {
    const [, text] = await told('events', '--json');
    const all = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly id: number });
    const [, last] = await told('events', '--json', '--after', String(all.at(-2)?.id));
    expect(JSON.parse(last)).toEqual(all.at(-1));
  });
});

describe('who may administer', () => {
  test('a token is made, listed and revoked; standard output is the token alone', async () => {
    const made = await espalier('token', 'house', '--right', 'control', '--label', 'ann');
    expect(made.code).toBe(0);
    expect(made.stdout).toMatch(/^\S{20,}\n$/);
    const [, id] = /^espalier: token ([0-9a-f]{16}), to control house\. /.exec(made.stderr) ?? [];
    const [, list] = await told('tokens');
    expect(list).toMatch(new RegExp(`^${id ?? ''}  \\S+  control  house  ann\\n$`));
    expect(await told('revoke', id ?? '')).toEqual([0, `revoked ${id ?? ''}\n`]);
    expect(await told('tokens')).toEqual([0, 'there is no token\n']);
    const { code, stderr } = await espalier('revoke', id ?? '');
    expect([code, stderr.split('\n').length]).toEqual([1, 2]);
    expect((await espalier('token', '--right', 'all')).stderr).toMatch(
      /^espalier: [^\n]*Allowed choices are view, control\.[^\n]*\n$/,
    );
  });

  test('by a token the daemon is administered over TLS, too', async () => {
    const { stdout } = await espalier('token', 'house/lamp');
    const env = { ESPALIER_URL: `https://127.0.0.1:${port ?? ''}`, ESPALIER_TOKEN: stdout.trim() };
    const seen = await runCli(['tree', '--ca', pem('cert')], { env });
    expect([seen.stdout, seen.stderr, seen.code]).toEqual(['lamp  running\n', '', 0]);
    const denied = await runCli(['stop', 'lamp'], { env: { ...env, ESPALIER_CA: pem('cert') } });
    expect([denied.code, denied.stdout]).toEqual([1, '']);
    expect(denied.stderr).toMatch(/^espalier: [^\n]+ \(\w+\)\. [^\n]+\n$/);
    const untrusted = await runCli(['tree'], { env });
    expect(untrusted.stderr).toContain('(daemon_unreachable)');
  });

  test('and who did what is on record', async () => {
    const [code, list] = await told('audit');
    expect(code).toBe(0);
    expect(list).toMatch(/^\S+Z {2}uid:\d+ {2}apply {2}ok$/m);
    expect(list).toMatch(/^\S+Z {2}uid:\d+ {2}stop house\/nobody {2}not_found$/m);
    const last = await espalier('audit', '-n', '1', '--json');
    expect((JSON.parse(last.stdout) as { entries: unknown[] }).entries).toHaveLength(1);
  });

  test.each([
    ['that is none', 'http://127.0.0.1:1', { ESPALIER_TOKEN: 'x' }, 'is no URL of a daemon'],
    ['without a token', 'https://127.0.0.1:1', { ESPALIER_TOKEN: '' }, 'takes a token, and there is none'],
    [
      'where nobody is',
      'https://127.0.0.1:1',
      { ESPALIER_TOKEN: 'x' },
      'no daemon answers at https://127.0.0.1:1',
    ],
  ])('a URL %s is told of in one line, with a remedy', async (_title, url, env, problem) => {
    const { code, stdout, stderr } = await runCli(['tree'], { env: { ...env, ESPALIER_URL: url } });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^espalier: [^\n]+ \(\w+\)\. [^\n]+\n$/);
    expect(stderr).toContain(problem);
  });
});

describe('without a daemon', () => {
  test('a command says in one line what to do, with code 1', async () => {
    const { code, stdout, stderr } = await runCli(['tree'], {
      env: { ESPALIER_FOLDER: join(parent, 'none') },
    });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^espalier: no daemon answers at .*none\/api\.sock \(daemon_unreachable\)\. Start `espalierd`[^\n]+\n$/,
    );
  });

  test('the doctor tells so, and of each wall whether it is there', async () => {
    const { code, stdout } = await runCli(['doctor', '--json', '--folder', join(parent, 'none')]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      daemon: null,
      node: process.version,
      walls: { pid: { why: expect.any(String) } },
    });
  });
});
