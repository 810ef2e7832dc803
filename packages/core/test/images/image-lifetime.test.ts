import { describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { HandClock, rejection, withProject } from './project.js';

const BUILDER = new URL('../../dist/images/image-builder.js', import.meta.url).href;

/** Runs a script in a process of its own and gives back what it printed, as JSON. */
async function inProcess(body: string): Promise<unknown> {
  const head = `import { ImageBuilder } from ${JSON.stringify(BUILDER)}; import { readdirSync, readFileSync } from 'node:fs';
    const tasks = () => readdirSync('/proc/self/task').length;
    const childPids = () => readdirSync('/proc/self/task').flatMap((task) => readFileSync('/proc/self/task/' + task + '/children', 'utf8').split(' ').filter(Boolean));
    const children = () => childPids().length;`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', head + body], {
    timeout: 20_000,
    env: {},
  });
  return JSON.parse(stdout) as unknown;
}

describe('builder: what it starts, it ends', () => {
  test('builder: after close no thread and no process is left', async () => {
    await withProject({ 'main.ts': 'export default 1;' }, async (project) => {
      const seen = await inProcess(`
        const builder = new ImageBuilder();
        const before = [tasks(), children()];
        await builder.build({ module: './main.ts', base: ${JSON.stringify(project.base)} });
        const during = [tasks(), children()];
        await builder.close();
        console.log(JSON.stringify({ before, during, after: [tasks(), children()] }));`);
      const { before, during, after } = seen as Record<string, [number, number]>;
      expect(during?.[0]).toBeGreaterThan(before?.[0] ?? 99);
      expect(during?.[1]).toBe(1);
      // The thread pool of the process itself may have grown by its four threads.
      expect(after?.[0]).toBeLessThanOrEqual((before?.[0] ?? 0) + 4);
      expect(after?.[1]).toBe(0);
    });
  });

  test('builder: an idle build thread does not keep the process alive', async () => {
    await withProject({ 'main.ts': 'export default 1;' }, async (project) => {
      const seen = await inProcess(`
        const builder = new ImageBuilder({ idleMs: 3_600_000 });
        await builder.build({ module: './main.ts', base: ${JSON.stringify(project.base)} });
        console.log(JSON.stringify(children()));`);
      expect(seen).toBe(1);
    });
  });

  test('builder: two processes that build the same at once get the same image', async () => {
    await withProject({ 'main.ts': 'export default 1;' }, async (project) => {
      const script = `
        const builder = new ImageBuilder();
        const { hash } = await builder.build({ module: './main.ts', base: ${JSON.stringify(project.base)} });
        await builder.close();
        console.log(JSON.stringify(hash));`;
      const [one, two] = await Promise.all([inProcess(script), inProcess(script)]);
      expect(one).toBe(two);
      const builder = project.builder();
      expect((await builder.build({ module: './main.ts', base: project.base })).hash).toBe(one);
      expect(builder.statistics.bundled).toBe(0);
    });
  });

  test('builder: the build thread ends after ten idle seconds and is started again for the next job', async () => {
    await withProject({ 'a.ts': '', 'b.ts': '', 'c.ts': '' }, async (project) => {
      const clock = new HandClock();
      const builder = project.builder({ clock });
      const build = (module: string) => builder.build({ module, base: project.base });
      await build('./a.ts');
      clock.advance(9_999);
      await build('./b.ts');
      expect(builder.statistics.threadsStarted).toBe(1);
      clock.advance(9_999);
      clock.advance(1);
      await build('./c.ts');
      expect(builder.statistics.threadsStarted).toBe(2);
      await builder.close();
      expect(clock.waiting).toBe(0);
    });
  });

  test('builder: close rejects what is under way and what comes later', async () => {
    await withProject({ 'main.ts': 'export default 1;' }, async (project) => {
      const builder = project.builder();
      const build = () => rejection(builder.build({ module: './main.ts', base: project.base }));
      const first = build();
      await builder.close();
      expect(await first).toMatchObject({ code: 'host_stopped' });
      expect(await build()).toMatchObject({ code: 'host_stopped' });
      await builder.close();
    });
  });

  test('builder: close in the middle of a bundle ends the bundler too', async () => {
    await withProject({ 'main.ts': 'export default 1;' }, async (project) => {
      const seen = await inProcess(`
        const builder = new ImageBuilder();
        await builder.build({ module: './main.ts', base: ${JSON.stringify(project.base)} });
        const late = builder.build({ module: './main.ts', base: ${JSON.stringify(project.base)}, external: ['gone'] }).catch((error) => error.code);
        await new Promise((resolve) => setImmediate(resolve));
        await builder.close();
        console.log(JSON.stringify([await late, children()]));`);
      expect(seen).toEqual([expect.stringMatching(/host_stopped|module_missing/), 0]);
    });
  });

  test('builder: the bundler is in a process group of its own, so Ctrl-C does not fail what is being built', async () => {
    await withProject({ 'main.ts': 'export default 1;' }, async (project) => {
      const [own, bundler] = (await inProcess(`
        const groupOf = (pid) => readFileSync('/proc/' + pid + '/stat', 'utf8').split(') ')[1].split(' ')[2];
        const builder = new ImageBuilder();
        await builder.build({ module: './main.ts', base: ${JSON.stringify(project.base)} });
        const [pid] = childPids();
        console.log(JSON.stringify([groupOf('self'), groupOf(pid)]));
        await builder.close();`)) as [string, string];
      expect(own).toMatch(/^[1-9]/);
      expect(bundler).toMatch(/^[1-9]/);
      expect(bundler).not.toBe(own);
    });
  });

  test('builder: where the bundler does not run, the error says so', async () => {
    await withProject({ 'main.ts': 'export default 1;' }, async (project) => {
      const builder = project.builder({ env: { ESBUILD_BINARY_PATH: '/bin/false' } });
      expect(await rejection(builder.build({ module: './main.ts', base: project.base }))).toMatchObject({
        code: 'host_unfit',
      });
    });
  });
});
