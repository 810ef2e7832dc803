import { describe, expect, test } from '@jest/globals';
import {
  chmodSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isIntact } from '../../src/images/image.js';
import { rejection, runInGuest, withProject } from './project.js';

const TYPESCRIPT = {
  'front.ts': `
    import type { Greeting } from './greeting.ts';
    import { greet } from './greeting.js';
    import numbers from './numbers.json' with { type: 'json' };
    enum Colour { Red, Green = 'green' }
    class Counter { constructor(private readonly start: number, public step = 1) {} next() { return this.start + this.step; } }
    const greeting: Greeting = { text: greet('world') } satisfies Greeting;
    export default () => ({ greeting, colour: Colour.Green, next: new Counter(41).next(), sum: numbers.reduce((a: number, b: number) => a + b, 0) });`,
  'greeting.ts': `
    export interface Greeting { readonly text: string }
    export const greet = (who: string): string => 'hello ' + who;`,
  'numbers.json': '[1, 2, 3]',
};

const entryFiles = (folder: string, end: string): string[] =>
  readdirSync(folder).filter((name) => name.endsWith(end));

describe('image: what goes in', () => {
  test('image: TypeScript with types, an enum, parameter properties and JSON runs without a build step', async () => {
    await withProject(TYPESCRIPT, async (project) => {
      const report = await runInGuest(await project.build('./front.ts'));
      expect(report.stack).toBeNull();
      expect(report.value).toEqual({ greeting: { text: 'hello world' }, colour: 'green', next: 42, sum: 6 });
      expect(report.printed).toBe('');
    });
  });

  test.each([
    ['main.js', 'module.exports = () => typeof require("node:os").cpus;', 'function'],
    [
      'main.cjs',
      'const { basename } = require("path"); module.exports = () => basename(__filename);',
      'main.cjs',
    ],
    [
      'main.mjs',
      'import { basename } from "node:path"; export default () => basename(import.meta.filename);',
      'main.mjs',
    ],
    ['main.mts', 'export default (): number => 5;', 5],
    ['main.cts', 'const answer: number = 6; export = () => answer;', 6],
  ])('image: a module in %s runs', async (name, text, value) => {
    await withProject({ [name]: text }, async (project) => {
      expect((await runInGuest(await project.build(`./${name}`))).value).toBe(value);
    });
  });

  test('image: a path, an absolute path and a file: URL of one module give the same image', async () => {
    await withProject(TYPESCRIPT, async (project) => {
      const builder = project.builder();
      const names = ['./front.ts', project.path('front.ts'), pathToFileURL(project.path('front.ts')).href];
      const images = await Promise.all(names.map((module) => builder.build({ module, base: project.base })));
      expect(new Set(images.map(({ hash }) => hash)).size).toBe(1);
      expect(builder.statistics).toMatchObject({ requests: 3, shared: 2, bundled: 1, threadsStarted: 1 });
    });
  });

  test('image: a package specifier is resolved from the base folder by the rules for import', async () => {
    const files = {
      'node_modules/greeter/package.json': JSON.stringify({
        name: 'greeter',
        version: '1.2.3',
        exports: { './behaviour': { browser: './b.js', node: { import: './n.mjs', require: './n.cjs' } } },
      }),
      'node_modules/greeter/n.mjs': 'export default () => "node, import";',
      'node_modules/greeter/n.cjs': 'exports.default = () => "node, require";',
      'node_modules/greeter/b.js': 'export default () => "browser";',
    };
    await withProject(files, async (project) => {
      const image = await project.build('greeter/behaviour');
      expect((await runInGuest(image)).value).toBe('node, import');
      expect(image.manifest.packages).toEqual([
        { name: 'greeter', version: '1.2.3', files: 1, external: false },
      ]);
    });
  });

  test('image: two packages that need a third share one copy of it, two versions of it stay two', async () => {
    const shared = (version: string) => ({ name: 'shared', version, main: 'index.js' });
    const files = {
      'main.mjs':
        'import a from "a"; import b from "b"; import c from "c"; a(); b(); export default () => [a(), b(), c()];',
      ...Object.fromEntries(
        ['a', 'b', 'c'].flatMap((name) => [
          [`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' })],
          [`node_modules/${name}/index.js`, 'const s = require("shared"); module.exports = () => ++s.count;'],
        ]),
      ),
      'node_modules/shared/package.json': JSON.stringify(shared('1.0.0')),
      'node_modules/shared/index.js': 'exports.count = 0;',
      'node_modules/c/node_modules/shared/package.json': JSON.stringify(shared('2.0.0')),
      'node_modules/c/node_modules/shared/index.js': 'exports.count = 100;',
    };
    await withProject(files, async (project) => {
      const image = await project.build('./main.mjs');
      expect((await runInGuest(image)).value).toEqual([3, 4, 101]);
      expect(image.manifest.packages.map(({ name, version }) => `${name}@${version}`)).toEqual([
        'a@1.0.0',
        'b@1.0.0',
        'c@1.0.0',
        'shared@1.0.0',
        'shared@2.0.0',
      ]);
    });
  });

  test('image: each file is told its own place, with a hashbang, a directive and a variable called meta too', async () => {
    const files = {
      'main.ts':
        '#!/usr/bin/env node\nimport { inner } from "./lib/inner.js"; const meta = 1; export default () => [import.meta.url, import.meta.dirname, inner, meta];',
      'lib/inner.ts':
        'import c from "./strict.cjs"; const __dirname = "mine"; export const inner = [import.meta.filename, __dirname, c];',
      'lib/strict.cjs':
        '// first a comment\n"use strict"; module.exports = [__dirname, __filename, (function () { return this === undefined; })()];',
    };
    await withProject(files, async (project) => {
      const lib = project.path('lib');
      expect((await runInGuest(await project.build('./main.ts'))).value).toEqual([
        pathToFileURL(project.path('main.ts')).href,
        project.base,
        [join(lib, 'inner.ts'), 'mine', [lib, join(lib, 'strict.cjs'), true]],
        1,
      ]);
    });
  });

  test('image: import() works for own files, packages, built-in modules and computed names, without a warning', async () => {
    const files = {
      'main.ts': `
        export default async () => {
          const own = await import('./lazy.ts');
          const { default: pkg } = await import('lazy-package');
          const os = await import('node:os');
          const path = await import('path');
          const name = 'node:' + 'url';
          const url = await import(name);
          return [own.value, pkg, typeof os.cpus, typeof path.default.join, typeof url.fileURLToPath];
        };`,
      'lazy.ts': 'export const value: string = "own";',
      'node_modules/lazy-package/package.json':
        '{"name":"lazy-package","version":"1.0.0","type":"module","exports":"./i.js"}',
      'node_modules/lazy-package/i.js': 'export default "package";',
    };
    await withProject(files, async (project) => {
      const report = await runInGuest(await project.build('./main.ts'));
      expect(report.value).toEqual(['own', 'package', 'function', 'function', 'function']);
      expect(report.printed).toBe('');
    });
  });

  test('image: the manifest names files with hashes, built-in modules and what Espalier provides', async () => {
    const files = {
      'package.json': '{"name":"shop","version":"3.1.0","type":"module"}',
      'main.ts':
        'import { task } from "@espalier/core"; import fs from "fs"; import "./side.js"; export default () => [task, fs];',
      'side.js': 'export {};',
    };
    await withProject(files, async (project) => {
      const image = await project.build('./main.ts');
      expect(image.manifest).toMatchObject({
        entry: 'main.ts',
        builtins: ['node:fs'],
        provided: ['@espalier/core'],
        externals: null,
        packages: [{ name: 'shop', version: '3.1.0', files: 2, external: false }],
      });
      expect(image.manifest.files.map(({ path, bytes }) => [path, bytes])).toEqual([
        ['main.ts', files['main.ts'].length],
        ['side.js', files['side.js'].length],
      ]);
      expect(isIntact(image)).toBe(true);
      expect(isIntact({ ...image, code: `${image.code} ` })).toBe(false);
      expect(isIntact({ ...image, manifest: { ...image.manifest, builtins: [] } })).toBe(false);
    });
  });

  test('image: the same sources in another folder give the same hash', async () => {
    const build = async (): Promise<string> =>
      withProject(TYPESCRIPT, async (project) => (await project.build('./front.ts')).hash);
    expect(await build()).toBe(await build());
  });
});

describe('image: what is refused', () => {
  test('image: a top-level await is refused with file, line and remedy', async () => {
    const files = {
      'main.ts': 'import "./slow.ts"; export default 1;',
      'slow.ts': 'const é = 1;\nexport const x = "é" + await Promise.resolve(é);',
    };
    await withProject(files, async (project) => {
      expect(await rejection(project.build('./main.ts'))).toMatchObject({
        code: 'module_unfit',
        path: `${project.path('slow.ts')}:2:24`,
        value: 'await',
        remedy: expect.stringContaining('init'),
      });
    });
  });

  test('image: a top-level await in a package is refused with the package to make external', async () => {
    const files = {
      'main.mjs': 'import "waits"; export default 1;',
      'node_modules/waits/package.json': '{"name":"waits","version":"1.0.0","type":"module","main":"i.js"}',
      'node_modules/waits/i.js': 'await 1;',
    };
    await withProject(files, async (project) => {
      expect(await rejection(project.build('./main.mjs'))).toMatchObject({
        code: 'module_unfit',
        path: `${project.path('node_modules/waits/i.js')}:1:1`,
        remedy: expect.stringContaining('"waits" under `external`'),
      });
    });
  });

  test('image: a syntax error is refused with file, line, column and the bundler’s words', async () => {
    await withProject({ 'main.ts': '// fine\nexport const x = import.meta.url + ;' }, async (project) => {
      const error = await rejection(project.build('./main.ts'));
      expect(error).toMatchObject({ code: 'module_unfit', path: `${project.path('main.ts')}:2:36` });
      expect(error['cause']).toMatch(/Unexpected/);
    });
  });

  test('image: a column in a first line that the builder has lengthened is the author’s column', async () => {
    await withProject({ 'main.ts': 'export const x = import.meta.url + ;' }, async (project) => {
      expect(await rejection(project.build('./main.ts'))).toMatchObject({
        path: `${project.path('main.ts')}:1:36`,
      });
    });
  });

  test.each([
    ['./gone.ts', /Check the path/],
    ['./front', /\.\/front\.ts/],
    ['./lib', /folder/],
    ['front.ts', /"\.\/"/],
    ['no-such-package', /Install/],
  ])('image: the missing module %s is refused with path, value and remedy', async (module, remedy) => {
    await withProject({ ...TYPESCRIPT, 'lib/x.ts': '' }, async (project) => {
      const error = await rejection(project.build(module));
      expect(error).toMatchObject({ code: 'module_missing', value: module });
      expect(error['path']).toContain(project.base);
      expect(error['remedy']).toMatch(remedy);
    });
  });

  test.each(['', 'node:fs', 'fs', './numbers.json'])(
    'image: "%s" is no module and is refused',
    async (module) => {
      await withProject(TYPESCRIPT, async (project) => {
        expect(await rejection(project.build(module))).toMatchObject({ code: 'module_unfit', value: module });
      });
    },
  );

  test.each([
    ['./gone.js', /Check the path/],
    ['gone', /Install/],
  ])('image: an import of %s that leads nowhere is refused with its place', async (specifier, remedy) => {
    await withProject({ 'main.ts': `\nimport x from '${specifier}'; export default x;` }, async (project) => {
      const error = await rejection(project.build('./main.ts'));
      expect(error).toMatchObject({
        code: 'module_missing',
        value: specifier,
        path: `${project.path('main.ts')}:2:15`,
      });
      expect(error['remedy']).toMatch(remedy);
    });
  });

  test('image: a base folder that does not exist, or is relative, is refused', async () => {
    await withProject({}, async (project) => {
      const builder = project.builder();
      for (const base of [project.path('gone'), 'relative']) {
        expect(await rejection(builder.build({ module: './x.ts', base }))).toMatchObject({
          code: 'module_missing',
          value: base,
        });
      }
    });
  });

  test('image: an optional package that is not installed is not missed before it is asked for', async () => {
    const main =
      'let found = true; try { require("optional-package"); } catch (e) { found = e.code; } module.exports = () => found;';
    await withProject({ 'main.cjs': main }, async (project) => {
      expect((await runInGuest(await project.build('./main.cjs'))).value).toBe('MODULE_NOT_FOUND');
      project.write({ 'node_modules/optional-package/index.js': 'module.exports = 1;' });
      expect((await runInGuest(await project.build('./main.cjs'))).value).toBe(true);
    });
  });
});

test('image: what packages require and is not installed is missed only by who gets there', async () => {
  const files = {
    'main.mjs': 'import load from "chooser"; export default () => [load(false), load(true)];',
    'node_modules/chooser/package.json': '{"name":"chooser","version":"1.0.0","main":"i.js"}',
    'node_modules/chooser/i.js':
      'const rare = () => require("rare-package"); module.exports = (want) => { if (!want) return "usual"; try { return rare(); } catch (error) { return error.code; } };',
  };
  await withProject(files, async (project) => {
    expect((await runInGuest(await project.build('./main.mjs'))).value).toEqual([
      'usual',
      'MODULE_NOT_FOUND',
    ]);
    project.write({ 'node_modules/rare-package/index.js': 'module.exports = "rare";' });
    expect((await runInGuest(await project.build('./main.mjs'))).value).toEqual(['usual', 'rare']);
    project.write({ 'node_modules/chooser/i.js': 'import "rare-import"; export default () => 1;' });
    expect(await rejection(project.build('./main.mjs'))).toMatchObject({
      code: 'module_missing',
      value: 'rare-import',
      path: `${project.path('node_modules/chooser/i.js')}:1:8`,
    });
  });
});

describe('image: cache', () => {
  test('cache: a second build of unchanged sources starts no thread and bundles nothing', async () => {
    await withProject(TYPESCRIPT, async (project) => {
      const first = await project.build('./front.ts');
      const builder = project.builder();
      const second = await builder.build({ module: './front.ts', base: project.base });
      expect(builder.statistics).toEqual({
        requests: 1,
        shared: 0,
        fromCache: 1,
        bundled: 0,
        threadsStarted: 0,
      });
      expect(second).toEqual({ ...first, sourceMap: second.sourceMap });
      expect(await runInGuest(second)).toMatchObject({ codeCache: 'used', stack: null });
    });
  });

  const CHANGES: [
    string,
    (project: { write(files: Record<string, string>): void; path(name: string): string }) => void,
  ][] = [
    [
      'a file imported by an imported file',
      (project) => project.write({ 'b/value.ts': 'export const value = 2;' }),
    ],
    [
      'a file of the same size and time',
      (project) => {
        const { atime, mtime } = statSync(project.path('b/value.ts'));
        writeFileSync(project.path('b/value.ts'), 'export const value = 2;');
        utimesSync(project.path('b/value.ts'), atime, mtime);
      },
    ],
    [
      'a file that comes before the one taken so far',
      (project) => project.write({ 'b/value.js': 'export const value = 2;' }),
    ],
    [
      'a package that is linked to another version',
      (project) => {
        rmSync(project.path('node_modules/dep'));
        symlinkSync(project.path('store/dep-2'), project.path('node_modules/dep'));
      },
    ],
    [
      'a nearer copy of a package',
      (project) => project.write({ 'b/node_modules/dep/index.js': 'module.exports = 2;' }),
    ],
    [
      'a package.json that names another file',
      (project) => project.write({ 'store/dep-1/package.json': '{"name":"dep","main":"two.js"}' }),
    ],
    [
      'a folder of sources that is linked to another one',
      (project) => {
        rmSync(project.path('linked'));
        symlinkSync(project.path('folders/second'), project.path('linked'));
      },
    ],
    [
      'a new file that a computed import may mean',
      (project) => project.write({ 'plugins/second.ts': 'export default 2;' }),
    ],
    [
      'a tsconfig.json that maps a path elsewhere',
      (project) =>
        project.write({ 'tsconfig.json': '{"compilerOptions":{"paths":{"#mapped":["./two.ts"]}}}' }),
    ],
  ];

  test.each(CHANGES)('cache: %s makes it build again', async (_name, change) => {
    const files = {
      'main.ts':
        'import { a } from "./a.js"; import mapped from "#mapped"; import { number } from "./linked/number.js"; const plugin = async (name: string) => { try { return (await import(`./plugins/${name}.ts`)).default; } catch { return 1; } }; export default async () => Math.max(a, mapped, number, await plugin("second"));',
      'a.ts':
        'import { value } from "./b/value.js"; import dep from "./b/dep.js"; export const a = Math.max(value, dep);',
      'b/value.ts': 'export const value = 1;',
      'b/dep.ts': 'import dep from "dep"; export default dep;',
      'plugins/first.ts': 'export default 1;',
      'folders/first/number.ts': 'export const number = 1;',
      'folders/second/number.ts': 'export const number = 2;',
      'one.ts': 'export default 1;',
      'two.ts': 'export default 2;',
      'tsconfig.json': '{"compilerOptions":{"paths":{"#mapped":["./one.ts"]}}}',
      'store/dep-1/package.json': '{"name":"dep","main":"index.js"}',
      'store/dep-1/index.js': 'module.exports = 1;',
      'store/dep-1/two.js': 'module.exports = 2;',
      'store/dep-2/index.js': 'module.exports = 2;',
      'node_modules/.keep': '',
    };
    await withProject(files, async (project) => {
      symlinkSync(project.path('store/dep-1'), project.path('node_modules/dep'));
      symlinkSync(project.path('folders/first'), project.path('linked'));
      const builder = project.builder();
      const build = () => builder.build({ module: './main.ts', base: project.base });
      expect((await runInGuest(await build())).value).toBe(1);
      await build();
      expect(builder.statistics).toMatchObject({ fromCache: 1, bundled: 1 });
      change(project);
      expect((await runInGuest(await build())).value).toBe(2);
      expect(builder.statistics).toMatchObject({ fromCache: 1, bundled: 2 });
    });
  });

  test.each(['.js', '.map', '.v8', '.json'])(
    'cache: a damaged %s file is noticed and built again',
    async (end) => {
      await withProject(TYPESCRIPT, async (project) => {
        const first = await project.build('./front.ts');
        const folder = project.path('.espalier/cache/images');
        const [name = ''] = entryFiles(folder, end);
        const bytes = readFileSync(join(folder, name));
        bytes.writeUInt8(bytes.readUInt8(40) ^ 1, 40);
        chmodSync(join(folder, name), 0o600);
        writeFileSync(join(folder, name), bytes);
        const builder = project.builder();
        const second = await builder.build({ module: './front.ts', base: project.base });
        expect(second.hash).toBe(first.hash);
        expect(builder.statistics).toMatchObject({ fromCache: 0, bundled: 1 });
        await builder.build({ module: './front.ts', base: project.base });
        expect(builder.statistics).toMatchObject({ fromCache: 1, bundled: 1 });
      });
    },
  );

  test('cache: an entry of another shape, or cut short, is built again', async () => {
    await withProject(TYPESCRIPT, async (project) => {
      const first = await project.build('./front.ts');
      const folder = project.path('.espalier/cache/images');
      const [name = ''] = entryFiles(folder, '.json');
      for (const text of ['{}', '[]', 'null', '{"image":', '{"manifest":{},"stems":7}']) {
        writeFileSync(join(folder, name), text);
        expect((await project.build('./front.ts')).hash).toBe(first.hash);
      }
    });
  });

  test('cache: where it cannot be written, another place or none is used', async () => {
    await withProject({ ...TYPESCRIPT, 'a-file': '' }, async (project) => {
      const builder = project.builder({ cacheDir: project.path('a-file/cache') });
      const build = () => builder.build({ module: './front.ts', base: project.base });
      const image = await build();
      expect((await runInGuest(image)).value).toMatchObject({ next: 42 });
      await build();
      expect(builder.statistics).toMatchObject({ bundled: 1, fromCache: 1 });
      const none = project.builder({
        cacheDir: project.path('a-file/x'),
        fallbackDir: project.path('a-file/y'),
      });
      for (let count = 0; count < 2; count++) {
        const again = await none.build({ module: './front.ts', base: project.base });
        expect(again.hash).toBe(image.hash);
        expect((await runInGuest(again)).value).toMatchObject({ next: 42 });
      }
      expect(none.statistics).toMatchObject({ bundled: 2, fromCache: 0 });
    });
  });

  test('cache: builders that start at once all get the image, and leave complete entries only', async () => {
    await withProject(TYPESCRIPT, async (project) => {
      const builders = [project.builder(), project.builder(), project.builder()];
      const images = await Promise.all(
        builders.map((one) => one.build({ module: './front.ts', base: project.base })),
      );
      expect(new Set(images.map(({ hash }) => hash)).size).toBe(1);
      expect(entryFiles(project.path('.espalier/cache/images'), '.tmp')).toEqual([]);
      const builder = project.builder();
      await builder.build({ module: './front.ts', base: project.base });
      expect(builder.statistics).toMatchObject({ fromCache: 1, bundled: 0 });
    });
  });

  test('cache: earlier answers to one question are kept for a while, not for ever', async () => {
    await withProject({ 'main.js': '' }, async (project) => {
      const builder = project.builder();
      for (let count = 0; count < 11; count++) {
        project.write({ 'main.js': `export default () => ${count};` });
        await builder.build({ module: './main.js', base: project.base });
      }
      expect(entryFiles(project.path('.espalier/cache/images'), '.js')).toHaveLength(8);
    });
  });
});
