/** `espalier install`: the unit for systemd, written or only printed. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { geteuid } from 'node:process';
import { HostError } from '@espalier/core';
import { daemonFolder } from '@espalier/supervisor/client';
import type { Terminal } from '../remote/terminal.js';
import { unitText } from './unit.js';

export interface InstallOptions {
  readonly print: boolean;
  readonly force: boolean;
  /** Where the unit goes, in place of where systemd looks for it. */
  readonly unit?: string;
  /** Who runs it as a service of the system. */
  readonly user: string;
}

/** @throws HostError `file_exists`. */
export async function install(
  terminal: Terminal,
  file: string | undefined,
  { print, force, unit, user: asked }: InstallOptions,
): Promise<undefined> {
  const isRoot = geteuid?.() === 0;
  const user = isRoot ? asked : undefined;
  const script = join(
    dirname(createRequire(import.meta.url).resolve('@espalier/daemon/package.json')),
    'bin',
    'espalierd.js',
  );
  const spec = file === undefined ? undefined : resolve(file);
  const folder =
    user === undefined ? daemonFolder({ env: process.env, home: homedir() }) : '/var/lib/espalier';
  const text = unitText({ command: [process.execPath, script], folder, file: spec, user });
  if (print) {
    terminal.tell({ text }, () => [text.trimEnd()]);
    return;
  }
  const path = resolve(
    unit ?? (isRoot ? SYSTEM_UNIT : join(configFolder(), 'systemd/user/espalier.service')),
  );
  if (existsSync(path) && !force) {
    const remedy = 'Use --force to write it anew, or --print to see what it would be.';
    throw new HostError('file_exists', `${path} is there already`, { field: 'unit', value: path, remedy });
  }
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { mode: 0o644 });
  const systemctl = isRoot ? 'systemctl' : 'systemctl --user';
  const next = [
    ...(user === undefined ? [] : [`id ${user} || useradd --system --home-dir /var/lib/espalier ${user}`]),
    `${systemctl} daemon-reload`,
    `${systemctl} enable --now espalier`,
    `espalier status${isRoot ? ' --folder /var/lib/espalier' : ''}`,
  ];
  terminal.tell({ unit: path, next }, () => [`wrote ${path}`, 'Next:', ...next.map((line) => `  ${line}`)]);
}

const SYSTEM_UNIT = '/etc/systemd/system/espalier.service';

function configFolder(): string {
  return process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config');
}
