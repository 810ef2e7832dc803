/**
 * The driver of images, in a cell of its own: what a spec calls a module is found, read, bundled and cached here, and
 * nowhere else in the daemon. What a build costs, in memory and time, it costs this process.
 */
import { concurrent, server, type ServerContext } from '@espalier/core';
import type { Image, ImageMaker, ImageRequest } from '@espalier/core/internal/host.js';
import type { Problem } from '@espalier/supervisor/client';

export type Built =
  { readonly ok: true; readonly image: Image } | { readonly ok: false; readonly problem: Problem };

/** What every image finds: Node's own `import()`, without its warning that it is experimental here. */
declare const __espalier_meta: { import(specifier: string): Promise<unknown> };

interface Arguments {
  /** Where the builder's module lies, and that of its errors. It starts a thread from a file beside its own, so it cannot be bundled. */
  readonly builder: string;
  readonly problems: string;
}

interface State {
  readonly builder: ImageMaker & { close(): Promise<void> };
  readonly problemOf: (error: unknown) => Problem;
}

export default server({
  async init({ builder, problems }: Arguments): Promise<State> {
    const { ImageBuilder } = (await __espalier_meta.import(
      builder,
    )) as typeof import('@espalier/core/internal/host.js');
    const { problemOf } = (await __espalier_meta.import(
      problems,
    )) as typeof import('@espalier/supervisor/client');
    return { builder: new ImageBuilder(), problemOf };
  },

  calls: {
    build: concurrent(async ({ state }: ServerContext<State>, request: ImageRequest): Promise<Built> => {
      try {
        return { ok: true, image: await state.builder.build(request) };
      } catch (error) {
        return { ok: false, problem: state.problemOf(error) };
      }
    }),
  },

  terminate: ({ state }) => state.builder.close(),
});
