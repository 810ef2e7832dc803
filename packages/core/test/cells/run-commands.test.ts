/** Commands that are asked for together run as children of one shell; each answer is that of a command run alone. */
import { describe, expect, test } from '@jest/globals';
import { runCommand } from '../../src/cells/run-command.js';
import { commandsInOneShell } from '../../src/cells/run-commands.js';

const SH = '/bin/sh';
const COMMANDS = [
  ['/bin/true'],
  ['/bin/false'],
  ['/nonexistent/tool'],
  [SH, '-c', 'echo "not this" && exit 0'],
  [SH, '-c', 'echo why >&2; echo more >&2; exit 3'],
  [SH, '-c', 'exit 7'],
  // Words are words, whatever is in them and however many they are.
  [
    SH,
    '-c',
    '[ "$*" = \'$HOME `id` "x" \\ ; * 7 8 9 10 11\' ] || echo "$*" >&2',
    'sh',
    '$HOME',
    '`id`',
    '"x"',
    '\\',
    ';',
    '*',
  ].concat(['7', '8', '9', '10', '11']),
];

describe('commands in one shell', () => {
  test('each has the exit code and the first line of error that it has alone', async () => {
    const run = commandsInOneShell(SH);
    const together = await Promise.all(COMMANDS.map((argv) => run(argv)));
    const alone = await Promise.all(COMMANDS.map((argv) => runCommand(argv)));
    expect(together.map(({ ok }) => ok)).toEqual(alone.map(({ ok }) => ok));
    expect(together.map(({ ok }) => ok)).toEqual([true, false, false, true, false, false, true]);
    expect(together[4]).toEqual({ ok: false, said: 'why' });
    expect(together[5]).toEqual({ ok: false, said: 'it ended with exit code 7' });
    expect(together[6]).toEqual({ ok: true, said: '' });
  });

  test('what does not end is ended, with what it has started, and the others have their answers', async () => {
    const run = commandsInOneShell(SH);
    const [quick, slow] = await Promise.all([run(['/bin/true']), run([SH, '-c', 'sleep 1000 & sleep 1000'])]);
    expect(quick).toEqual({ ok: true, said: '' });
    expect(slow).toEqual({ ok: false, said: 'no answer within 3000 ms' });
  });

  test('a shell that is none refuses all', async () => {
    const run = commandsInOneShell('/nonexistent/sh');
    expect(await run(['/bin/true'])).toMatchObject({ ok: false });
  });
});
