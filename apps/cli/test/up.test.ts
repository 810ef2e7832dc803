import { execFile } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { BIN, DEADLINE_MS, fixture, runCli } from './run-cli.js';

function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('espalier up', () => {
  test('a tree whose significant child has done its work ends with code 0, one line per event', async () => {
    const { code, stdout, stderr } = await runCli(['up', fixture('job.espalier.yaml')]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ +\d+\.\d\d s {2}started {4}once\/job {2}in \d+ ms$/m);
    expect(stdout).toMatch(/ended {6}once\/job {2}after \d+ ms, normal: \{"answer":42\}$/m);
    expect(stdout).toMatch(/^once\/job \| doubling 21$/m);
  });

  test('output that cannot be written stops the tree, with code 1 and a remedy', async () => {
    const toFullDisk = ['-c', 'exec "$0" "$@" > /dev/full', process.execPath, BIN, 'up'];
    const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      const args = [...toFullDisk, fixture('job.espalier.yaml')];
      execFile('sh', args, { timeout: DEADLINE_MS }, (error, _stdout, told) => {
        resolve({ code: error?.code ?? 0, stderr: told });
      });
    });
    expect(stderr).toMatch(/^espalier: output cannot be written: .*\(ENOSPC\)\. Make room/m);
    expect(code).toBe(1);
  });

  test('a tree whose significant child fails ends with code 1 and the reason', async () => {
    const { code, stdout } = await runCli(['up', fixture('job.espalier.yaml'), '--set', 'job.args=-1']);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /failed {5}once\/job {2}.*error: RangeError: nothing below zero \(.*job\.ts:6:\d+\)$/m,
    );
  });

  test('a tree that gives up ends with code 1, with restarts and the last reason told', async () => {
    const { code, stdout, stderr } = await runCli(['up', fixture('crasher.espalier.yaml')]);
    expect(code).toBe(1);
    // It is printed when all of the tree is ending of itself.
    expect(stderr).toBe('crashing/steady | out\n');
    expect(stdout.match(/restarted {2}crashing\/inner\/crasher/g)).toHaveLength(6);
    expect(stdout).toMatch(/gave up {4}crashing {2}2 restarts in 60 s are used up; last inner/);
    expect(stdout).toMatch(/stopped {4}crashing\/steady {2}in .*, shutdown/);
    // What a thread prints in its last turn arrives, too: three lives in each of three lives of `inner`.
    expect(stdout.match(/crasher \| last words/g)).toHaveLength(9);
  });

  test('--json gives one object per event and printed line, and nothing else', async () => {
    const { code, stdout } = await runCli(['up', '--json', fixture('job.espalier.yaml')]);
    expect(code).toBe(0);
    const lines = jsonLines(stdout);
    expect(lines).toContainEqual(
      expect.objectContaining({ event: 'output', path: 'once/job', stream: 'stdout', msg: 'doubling 21' }),
    );
    const events = lines.filter(({ event }) => event !== 'output');
    expect(events.map(({ event, path }) => [event, path])).toEqual([
      ['started', 'once/job'],
      ['ended', 'once/job'],
      ['autoShutdown', 'once'],
      ['tree-ended', 'once'],
    ]);
    expect(events[1]).toMatchObject({
      level: 30,
      reason: 'normal',
      detail: { answer: 42 },
      msg: 'ended once/job',
    });
  });

  test('--json tells a failure at its level, with the error as pino writes errors', async () => {
    const { stdout } = await runCli(['up', '--json', fixture('job.espalier.yaml'), '--set', 'job.args=-1']);
    const failed = jsonLines(stdout).find(({ event }) => event === 'failed');
    expect(failed).toMatchObject({
      level: 50,
      path: 'once/job',
      msg: 'failed once/job',
      reason: 'error',
      willRestart: false,
      err: { type: 'RangeError', message: 'nothing below zero' },
    });
    expect((failed?.['err'] as { readonly stack: string }).stack).toContain('job.ts:6');
  });

  test('--raw leaves standard output to the guests, without their progress', async () => {
    const { code, stdout, stderr } = await runCli(['up', '--raw', fixture('lamp.espalier.yaml')], {
      onLine: (line, child) => {
        if (line.includes('started    house/upstairs ')) child.kill('SIGTERM');
      },
    });
    expect(code).toBe(0);
    expect(stdout).toBe('lit\nlit\n');
    expect(stderr).toContain('started    house/hall');
    expect(stderr.split('\n').filter((line) => line === 'out')).toHaveLength(2);
  });

  test('--quiet tells only what did not go as intended', async () => {
    const { stdout } = await runCli(['up', '--quiet', fixture('crasher.espalier.yaml')]);
    expect(stdout).toContain('failed     crashing/inner/crasher');
    expect(stdout).not.toMatch(/ (started|stopped) /);
  });

  test('there are no colours and no status line without a terminal', async () => {
    const { stdout } = await runCli(['up', fixture('job.espalier.yaml')], { env: { FORCE_COLOR: '1' } });
    expect(stdout).not.toContain('\x1b');
  });
});

describe('signals', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s stops the tree in reverse order with code 0',
    async (signal) => {
      const { code, stdout, stderr } = await runCli(['up', fixture('lamp.espalier.yaml')], {
        onLine: (line, child) => {
          if (line.includes('started    house/upstairs ')) child.kill(signal);
        },
      });
      expect(code).toBe(0);
      const stops = [...stdout.matchAll(/stopped {4}(\S+)/g)].map(([, path]) => path);
      expect(stops).toEqual(['house/upstairs/bath', 'house/upstairs', 'house/hall']);
      expect(stderr).toBe('house/upstairs/bath | out\nhouse/hall | out\n');
    },
  );

  test('signals that come together are one', async () => {
    let sent = 0;
    const { code } = await runCli(['up', fixture('lamp.espalier.yaml')], {
      onLine: (line, child) => {
        if (line.includes('started    house/upstairs ') && sent++ === 0) {
          child.kill('SIGINT');
          child.kill('SIGTERM');
        }
      },
    });
    expect(code).toBe(0);
  });

  test('a second signal kills at once, with the code of that signal', async () => {
    const { code } = await runCli(['up', fixture('stubborn.espalier.yaml')], {
      onLine: (line, child) => {
        if (line.includes('started    lot/mule')) child.kill('SIGINT');
        if (line.includes('still here')) child.kill('SIGTERM');
      },
    });
    expect(code).toBe(143);
  });

  test('one that comes while the tree is starting does not wait for that', async () => {
    const forAnHour = ['--set', 'slow.args=3600000', '--set', 'slow.shutdown=100'];
    const { code, stdout } = await runCli(['up', fixture('slow-start.espalier.yaml'), ...forAnHour], {
      onLine: (line, child) => {
        if (line.includes('| starting')) child.kill('SIGINT');
      },
    });
    expect(code).toBe(0);
    expect(stdout).toContain('stopped    root/slow');
  });

  test('a thread that cannot be ended does not keep the process, nor change its code', async () => {
    const { code, stdout } = await runCli(['up', fixture('stuck.espalier.yaml')], {
      onLine: (line, child) => {
        if (line.includes('going in')) child.kill('SIGINT');
      },
    });
    expect(stdout).toContain('stuck      mud/cart');
    expect(code).toBe(0);
  });
});

describe('the rest of the command line', () => {
  test('--help names every command', async () => {
    const { code, stdout } = await runCli(['--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/up \[options\] <file>/);
    expect(stdout).toMatch(/validate \[options\] <file>/);
  });

  test.each([
    ['an unknown option', ['up', '--nonsense', 'x.yaml'], "unknown option '--nonsense'."],
    ['an unknown command', ['tere'], "unknown command 'tere' (Did you mean tree?)"],
    ['an argument too few', ['up'], "missing required argument 'file'."],
  ])('%s is an error of one line that points to the help', async (_title, args, problem) => {
    const { code, stdout, stderr } = await runCli(args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(`espalier: ${problem} See \`espalier --help\`.\n`);
  });

  test('with --json an error is a problem document', async () => {
    const missing = await runCli(['up', '--json', 'nowhere.yaml']);
    expect([missing.code, missing.stdout]).toEqual([1, '']);
    expect(JSON.parse(missing.stderr)).toMatchObject({ code: 'spec_unreadable', problems: [{}] });
    const failing = await runCli(['validate', '--json', fixture('lamp.ts')]);
    expect(failing.code).toBe(1);
    expect(JSON.parse(failing.stderr)).toMatchObject({ code: expect.stringMatching(/^spec_/) });
    const sound = await runCli(['validate', '--json', fixture('lamp.espalier.yaml')]);
    expect(JSON.parse(sound.stdout)).toMatchObject({ tree: 'house' });
  });

  test('validate says that a spec is sound, and starts nothing', async () => {
    const { code, stdout } = await runCli(['validate', fixture('crasher.espalier.yaml')]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/crasher\.espalier\.yaml: the spec is sound\n$/);
  });
});
