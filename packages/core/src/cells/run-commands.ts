/**
 * Runs what is asked for in one turn as the children of one shell, all at the same time. To start a process from
 * here forks this one, which takes a thread milliseconds, the more the more memory it has; a shell forks in no time.
 */
import { spawn } from 'node:child_process';
import {
  killGroup,
  MOST_SAID,
  NO_ANSWER,
  WITHIN_MS,
  type CommandResult,
  type RunCommand,
} from './run-command.js';

/** For each command: how many words it has, then these. Prints for each its number, exit code and first line of error. */
const SCRIPT = `
end='
'
one() {
  number=$1
  shift
  said=$("$@" 2>&1 > /dev/null < /dev/null)
  code=$?
  echo "$number $code \${said%%"$end"*}"
}
n=0
while [ $# -gt 0 ]; do
  words=$1
  shift
  command=
  i=1
  while [ $i -le $words ]; do
    command="$command \\"\\\${$i}\\""
    i=$((i + 1))
  done
  eval "one $n $command" &
  shift "$words"
  n=$((n + 1))
done
wait
`;

interface Asked {
  readonly argv: readonly string[];
  readonly resolve: (result: CommandResult) => void;
}

/** `sh`: absolute path of a POSIX shell. */
export function commandsInOneShell(sh: string): RunCommand {
  let asked: Asked[] = [];
  return (argv) =>
    new Promise((resolve) => {
      asked.push({ argv, resolve });
      if (asked.length > 1) return;
      queueMicrotask(() => {
        runAll(sh, asked);
        asked = [];
      });
    });
}

function runAll(sh: string, asked: readonly Asked[]): void {
  const words = asked.flatMap(({ argv }) => [String(argv.length), ...argv]);
  const shell = spawn(sh, ['-c', SCRIPT, 'sh', ...words], {
    env: {},
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const open = new Map(asked.map(({ resolve }, n) => [n, resolve]));
  let text = '';
  shell.stdout.setEncoding('utf8');
  shell.stdout.on('data', (chunk: string) => {
    text += chunk;
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      const [, number = '', code = '', said = ''] = /^(\d+) (\d+) (.*)$/.exec(line) ?? [];
      const ok = code === '0';
      const otherwise = ok ? '' : `it ended with exit code ${code}`;
      open.get(Number(number))?.({ ok, said: said === '' ? otherwise : said.slice(0, MOST_SAID) });
      open.delete(Number(number));
    }
    if (open.size === 0) over('');
  });
  const over = (why: string): void => {
    clearTimeout(timer);
    killGroup(shell.pid);
    shell.stdout.destroy();
    for (const resolve of open.values()) resolve({ ok: false, said: why });
    open.clear();
  };
  const timer = setTimeout(over, WITHIN_MS, NO_ANSWER);
  shell.once('error', (error) => over(error.message));
  shell.stdout.once('end', () => over('the shell has ended'));
}
