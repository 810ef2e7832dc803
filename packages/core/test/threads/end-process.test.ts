import { describe, expect, test } from '@jest/globals';
import { runNode } from './run-node.js';

const dist = new URL('../../dist/threads/', import.meta.url).href;
const fixture = new URL('./guest-fixture.mjs', import.meta.url).href;

function runSource(source: string, flags: readonly string[] = []) {
  return runNode([...flags, '--input-type=module', '-e', source]);
}

const START = `
  import { ThreadWall } from '${dist}thread-wall.js';
  import { endProcess } from '${dist}end-process.js';
  const wall = new ThreadWall({ bootstrap: new URL('${fixture}'), spares: { perClass: 1 }, warning: (problem) => console.log(problem) });
  const thread = wall.start({ title: 'guest', env: {}, limits: { heapMb: 64, youngMb: 16, stackMb: 4 } });
  const next = () => new Promise((resolve) => thread.link.receive({ batch: resolve, end() {} }));
  await next();
`;

/** A call that no termination reaches: it runs for centuries without looking. */
const STUCK = `${START}
  thread.link.send(new TextEncoder().encode('() => { say("in"); Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1); }'));
  await next();
  let ended = false;
  thread.onEnd(() => { ended = true; });
  await new Promise((resolve) => setTimeout(resolve, 50));
  thread.terminate();
  await new Promise((resolve) => setTimeout(resolve, 250));
  thread.markStuck();
  await wall.close();
  console.log(JSON.stringify([ended, wall.stuck]));
`;

describe('the end of a process', () => {
  test.each([0, 3, 64, 200])('that holds a stuck thread keeps its output and its code %i', async (code) => {
    const ended = await runSource(`${STUCK} await endProcess(${code}, { stuck: wall.stuck.length > 0 });`);
    // Rarely the stuck thread trips over what is taken away beside it: see end-process.ts.
    const tripped = ended.signal === 'SIGSEGV' ? { code: null, signal: 'SIGSEGV' } : undefined;
    expect(ended).toEqual({
      ...(tripped ?? { code, signal: code === 0 ? undefined : null }),
      stdout: `${JSON.stringify([false, ['guest']])}\n`,
      stderr: '',
    });
  });

  test('a thread that is stuck is told to end, and not told again at each look of the guard', async () => {
    // Told again every 10 ms, it made one of five processes end by SIGSEGV in place of their code.
    const counted = `
      import { Worker } from 'node:worker_threads';
      const { terminate } = Worker.prototype;
      let told = 0;
      Worker.prototype.terminate = function () { told += 1; return terminate.call(this); };
      ${STUCK} console.log(told <= 4 ? 'a few times' : told); await endProcess(3, { stuck: true });`;
    // It was so where no question was under way as it got stuck: in one of three.
    const all = await Promise.all(Array.from({ length: 6 }, () => runSource(counted)));
    for (const { stdout } of all) expect(stdout).toBe(`${JSON.stringify([false, ['guest']])}\na few times\n`);
  });

  test('that holds none runs its exit listeners', async () => {
    const source = `${START} thread.terminate(); await new Promise((resolve) => thread.onEnd(resolve));
      await wall.close(); process.on('exit', () => console.log('listener')); await endProcess(2, { stuck: false });`;
    expect(await runSource(source)).toEqual({ code: 2, signal: null, stdout: 'listener\n', stderr: '' });
  });

  test('comes by itself when threads and wall are closed, and nothing is printed by the inspector', async () => {
    const source = `${START} thread.terminate(); await new Promise((resolve) => thread.onEnd(resolve)); await wall.close();`;
    expect(await runSource(source)).toEqual({ code: 0, signal: undefined, stdout: '', stderr: '' });
  });

  test('waits for a spare that is dismissed while the guard asks it something', async () => {
    const delay = `
      const { GuardEntry } = await import('${dist}guard.js');
      const { release } = GuardEntry.prototype;
      GuardEntry.prototype.release = function (clock, terminate) {
        release.call(this, clock, () => clock.after(50, terminate));
      };`;
    const close = `thread.terminate(); await new Promise((resolve) => thread.onEnd(resolve)); await wall.close();`;
    const ended = await runSource(`${START} ${delay} ${close}`);
    expect(ended).toEqual({ code: 0, signal: undefined, stdout: '', stderr: '' });
  });

  test('is not held up by spares', async () => {
    const source = `${START} thread.terminate();`;
    expect(await runSource(source)).toEqual({ code: 0, signal: undefined, stdout: '', stderr: '' });
  });

  test('a flag of the process that overrides the limits of threads is noticed from what V8 took', async () => {
    const source = `${START} thread.terminate(); await wall.close();`;
    const ended = await runSource(source, ['--max-old-space-size=3000']);
    expect(ended.stdout).toContain('a flag of the process overrides ours');
  });
});
