/**
 * Child processes of the scripts. Each runs in a process group of its own, so that a deadline or an
 * interrupt ends it together with everything it started.
 */
import { spawn } from 'node:child_process';
import { ROOT, say } from './project.mjs';

const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15 };
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];

function endGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/**
 * Runs a command in the project and gives its exit code (128 + n after a signal, 127 when it cannot
 * be started). What it prints goes to stderr, or to both streams as it chooses with `stdout: true`.
 * After `deadlineMs` the whole group is killed and the code is 124. A signal that ends us is handed to
 * the group first.
 */
export function run(command, args, { env = process.env, cwd = ROOT, stdout = false, deadlineMs } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', stdout ? 'inherit' : 2, 2],
    });
    let late = false;
    const timer =
      deadlineMs === undefined
        ? undefined
        : setTimeout(() => {
            late = true;
            endGroup(child.pid, 'SIGKILL');
          }, deadlineMs);
    let interrupted;
    const forward = (signal) => {
      interrupted = signal;
      endGroup(child.pid, signal);
      setTimeout(() => endGroup(child.pid, 'SIGKILL'), 5000).unref();
    };
    for (const signal of FORWARDED) process.on(signal, forward);
    const finish = (code) => {
      clearTimeout(timer);
      for (const signal of FORWARDED) process.off(signal, forward);
      // A group outlives its leader when the leader forgot somebody; nobody is left behind.
      if (child.pid !== undefined) endGroup(child.pid, 'SIGKILL');
      // The person wants all of it to stop, not this step alone.
      if (interrupted !== undefined) process.exit(128 + SIGNAL_NUMBERS[interrupted]);
      resolve(code);
    };
    child.on('error', (error) => {
      say(`${command} cannot be started: ${error.message}`);
      finish(127);
    });
    child.on('exit', (code, signal) => {
      if (late)
        say(`${[command, ...args].join(' ')}: not done after ${Math.round(deadlineMs / 60_000)} min, killed`);
      finish(late ? 124 : signal === null ? code : 128 + (SIGNAL_NUMBERS[signal] ?? 0));
    });
  });
}

/** Runs a script or tool with this very Node. */
export function runNode(args, options) {
  return run(process.execPath, args, options);
}
