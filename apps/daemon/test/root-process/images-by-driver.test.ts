import { CallError, EnvironmentError, type ExitReason } from '@espalier/core';
import type { Image } from '@espalier/core/internal/host.js';
import { problemOf } from '@espalier/supervisor/client';
import { expect, test } from '@jest/globals';
import type { Built } from '../../src/drivers/images.js';
import { ImagesByDriver } from '../../src/root-process/images-by-driver.js';

const IMAGE = { hash: 'sha256-1' } as unknown as Image;

interface Asked {
  readonly module: string;
  readonly answer: (built: Built) => void;
  readonly fail: (error: Error) => void;
}

/** A driver whose answers, and a clock whose time, the test decides. */
class Fake {
  readonly asked: Asked[] = [];
  killed = 0;
  #now = 0;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];

  readonly images = new ImagesByDriver({
    ask: ({ module }) =>
      new Promise((answer, fail) => {
        this.asked.push({ module, answer, fail });
      }),
    kill: () => {
      this.killed += 1;
    },
    silenceMs: 1000,
    after: (delayMs, callback) => {
      const timer = { at: this.#now + delayMs, callback };
      this.#timers.push(timer);
      return () => {
        this.#timers = this.#timers.filter((known) => known !== timer);
      };
    },
  });

  build(module: string): Promise<Image> {
    return this.images.build({ module, base: '/' });
  }

  async pass(ms: number): Promise<void> {
    this.#now += ms;
    const due = this.#timers.filter(({ at }) => at <= this.#now);
    this.#timers = this.#timers.filter(({ at }) => at > this.#now);
    for (const { callback } of due) callback();
    await settled();
  }

  /** As its kernel tells everybody who has asked. */
  ends(reason: ExitReason): void {
    for (const { fail } of this.asked.splice(0)) fail(new CallError('down', 'it has ended', { reason }));
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

test('an image, and an error of the build with its code and its place, come as the driver gives them', async () => {
  const driver = new Fake();
  const [good, bad] = [driver.build('good'), driver.build('bad')];
  driver.asked[0]?.answer({ ok: true, image: IMAGE });
  const unfit = new EnvironmentError('module_unfit', 'no', { path: 'bad.ts:3:5', remedy: 'Mend it.' });
  driver.asked[1]?.answer({ ok: false, problem: problemOf(unfit) });
  expect(await good).toBe(IMAGE);
  const { code, path, remedy } = unfit;
  await expect(bad).rejects.toMatchObject({ code, path, remedy });
});

test('what was asked of a driver that is killed is asked of its next life', async () => {
  const driver = new Fake();
  const built = driver.build('m');
  driver.ends({ tag: 'killed' });
  await settled();
  expect(driver.asked.map(({ module }) => module)).toEqual(['m']);
  driver.asked[0]?.answer({ ok: true, image: IMAGE });
  expect(await built).toBe(IMAGE);
});

test('a driver that ends in each of its lives is not asked for ever', async () => {
  const driver = new Fake();
  const built = driver.build('m');
  built.catch(() => undefined);
  let lives = 0;
  for (; driver.asked.length > 0; lives++) {
    driver.ends({ tag: 'cell' });
    await settled();
  }
  expect(lives).toBe(3);
  await expect(built).rejects.toMatchObject({ code: 'module_unfit', value: 'm' });
});

test.each(['limit', 'cell'] as const)(
  'what has used up the memory of a build is not tried again (%s)',
  async (tag) => {
    const driver = new Fake();
    const built = driver.build('m');
    driver.ends({ tag, detail: { limit: 'memoryMb' } });
    await expect(built).rejects.toMatchObject({
      code: 'module_unfit',
      message: expect.stringContaining('memory') as unknown,
    });
    expect(driver.asked).toEqual([]);
  },
);

test('a driver that answers nothing for too long is killed, and whoever waits is told; the next build goes on', async () => {
  const driver = new Fake();
  const waiting = [driver.build('a'), driver.build('b')];
  for (const one of waiting) one.catch(() => undefined);
  await driver.pass(999);
  expect(driver.killed).toBe(0);
  await driver.pass(1);
  expect(driver.killed).toBe(1);
  driver.ends({ tag: 'killed' });
  for (const one of waiting) await expect(one).rejects.toMatchObject({ code: 'module_unfit' });
  expect(driver.asked).toEqual([]);
  const next = driver.build('c');
  await driver.pass(999);
  driver.asked[0]?.answer({ ok: true, image: IMAGE });
  expect([await next, driver.killed]).toEqual([IMAGE, 1]);
});

test('many builds may take long together, as long as they go on; nobody watches when there is none', async () => {
  const driver = new Fake();
  const built = Array.from({ length: 5 }, (_, n) => driver.build(`m${n}`));
  for (let n = 0; n < 5; n++) {
    await driver.pass(900);
    driver.asked[n]?.answer({ ok: true, image: IMAGE });
    await settled();
  }
  await Promise.all(built);
  await driver.pass(5000);
  expect(driver.killed).toBe(0);
});

test('at the end of the daemon nobody waits for a build', async () => {
  const driver = new Fake();
  const built = driver.build('m');
  driver.images.close();
  await expect(built).rejects.toMatchObject({ code: 'host_stopped' });
});
