import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { unitText } from '../../src/local/unit.js';
import { runCli } from '../run-cli.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'esp-unit-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const command = [process.execPath, '/opt/espalier/espalierd.js'] as const;

describe('the unit', () => {
  test('quotes what systemd would read otherwise', () => {
    const text = unitText({
      command,
      folder: '/var/lib/espalier',
      file: '/srv/my shop/100%/$a"b.yaml',
      user: 'e',
    });
    const start = text.split('\n').find((line) => line.startsWith('ExecStart='));
    expect(start).toBe(
      `ExecStart=${process.execPath} /opt/espalier/espalierd.js --folder /var/lib/espalier "/srv/my shop/100%%/$$a\\"b.yaml"`,
    );
  });

  test('of the system has a user of its own and no rights; of a user, neither can be', () => {
    const system = unitText({ command, folder: '/var/lib/espalier', user: 'espalier' });
    expect(system).toMatch(/^User=espalier$/m);
    expect(system).toMatch(/^CapabilityBoundingSet=$/m);
    expect(system).toMatch(/^WantedBy=multi-user\.target$/m);
    const own = unitText({ command, folder: '/home/a/.local/state/espalier', user: undefined });
    expect(own).not.toMatch(/User=|CapabilityBoundingSet|ProtectSystem/);
    expect(own).toMatch(/^NoNewPrivileges=yes$/m);
    expect(own).toMatch(/^WantedBy=default\.target$/m);
  });

  const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
  (hasSystemd ? test.each : test.skip.each)([undefined, 'root'])(
    'is sound for systemd itself (user %s)',
    (user) => {
      const unit = join(folder, 'espalier.service');
      const script = join(folder, 'a b.js');
      writeFileSync(script, '');
      writeFileSync(
        unit,
        unitText({ command: [process.execPath, script], folder: '/var/lib/espalier', user }),
      );
      const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
      expect([status, stdout, stderr]).toEqual([0, '', '']);
    },
  );
});

describe('espalier install', () => {
  test('prints the unit without writing anything, or writes it once', async () => {
    const { code, stdout } = await runCli(['install', '--print', join(folder, 'shop.yaml')]);
    expect(code).toBe(0);
    expect(stdout).toContain(`/espalierd.js --folder `);
    expect(stdout).toMatch(new RegExp(`^ExecStart=.* ${folder}/shop\\.yaml$`, 'm'));
    const unit = join(folder, 'units/espalier.service');
    const written = await runCli(['install', '--unit', unit, '--json']);
    expect(JSON.parse(written.stdout)).toMatchObject({ unit });
    expect(readFileSync(unit, 'utf8')).toContain('Type=notify');
    const again = await runCli(['install', '--unit', unit]);
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/^espalier: .* is there already \(file_exists\)\. Use --force[^\n]+\n$/);
    expect((await runCli(['install', '--unit', unit, '--force'])).stdout).toMatch(/^Next:\n/m);
  });
});
