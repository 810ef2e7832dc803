import { expect, test } from '@jest/globals';
import { realTime } from '@espalier/core/internal/host.js';
import { ImageSource } from '../../src/host/image-source.js';

test('image source: users at the same time share a builder, later ones have another', async () => {
  const source = new ImageSource(realTime());
  const first = await source.use((outer) =>
    source.use((inner) => {
      expect(inner).toBe(outer);
      return Promise.resolve(outer);
    }),
  );
  await source.use((later) => {
    expect(later).not.toBe(first);
    return Promise.resolve();
  });
});

test('image source: a builder that nobody uses any more is closed, whatever came of its use', async () => {
  const source = new ImageSource(realTime());
  const used = await source.use((builder) => Promise.resolve(builder));
  await expect(used.build({ module: './a.ts', base: import.meta.dirname })).rejects.toMatchObject({
    code: 'host_stopped',
  });
  const failed = source.use((builder) => Promise.reject(Object.assign(new Error('odd'), { builder })));
  const { builder } = await failed.catch((error: unknown) => error as { builder: typeof used });
  await expect(builder.build({ module: './a.ts', base: import.meta.dirname })).rejects.toMatchObject({
    code: 'host_stopped',
  });
});

test('image source: whoever builds when it is closed is told so', async () => {
  const source = new ImageSource(realTime());
  const build = source.use(async (builder) => {
    await source.close();
    return builder.build({ module: './a.ts', base: import.meta.dirname });
  });
  await expect(build).rejects.toMatchObject({ code: 'host_stopped' });
  await source.settled();
});
