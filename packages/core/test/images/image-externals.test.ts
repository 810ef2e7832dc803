import { describe, expect, test } from '@jest/globals';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { rejection, runInGuest, withProject, type Files } from './project.js';

const manifest = (name: string, more: object = {}): string =>
  JSON.stringify({ name, version: '1.0.0', ...more });

const ASSETS: Files = {
  'main.ts': 'import { read } from "assets"; export default () => read();',
  'node_modules/assets/package.json': manifest('assets', { main: 'index.js', dependencies: { helper: '1' } }),
  'node_modules/assets/index.js':
    'const fs = require("fs"); const help = require("helper"); exports.read = () => [help(fs.readFileSync(__dirname + "/data/text.txt", "utf8")), __dirname, tryIt("stranger")]; function tryIt(name) { try { return require(name); } catch (error) { return error.code; } }',
  'node_modules/assets/data/text.txt': 'from the asset',
  'node_modules/assets/node_modules/helper/package.json': manifest('helper', { version: '2.0.0' }),
  'node_modules/assets/node_modules/helper/index.js': 'module.exports = (text) => text + "!";',
  'node_modules/helper/package.json': manifest('helper'),
  'node_modules/helper/index.js': 'module.exports = () => "the wrong helper";',
  'node_modules/stranger/index.js': 'module.exports = "found above";',
};

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();

describe('images: external packages', () => {
  test('external: a package named in the request runs from a folder of its own, with its assets and dependencies', async () => {
    await withProject(ASSETS, async (project) => {
      const image = await project.build('./main.ts', ['assets']);
      const { value, stack } = await runInGuest(image);
      expect(stack).toBeNull();
      const [text, place, stranger] = value as string[];
      expect(text).toBe('from the asset!');
      expect(place).toContain(join(project.packages, image.manifest.externals?.hash.slice(7) ?? '-'));
      expect(stranger).toBe('MODULE_NOT_FOUND');
      expect(image.manifest.packages).toEqual([
        { name: 'assets', version: '1.0.0', files: 3, external: true },
        { name: 'helper', version: '2.0.0', files: 2, external: true },
      ]);
      expect(image.manifest.externals?.names).toEqual(['assets']);
      expect(image.code).not.toContain('from the asset');
    });
  });

  test('external: the folder is read-only and the same for the same packages', async () => {
    await withProject(ASSETS, async (project) => {
      const image = await project.build('./main.ts', ['assets']);
      const folder = image.folder ?? '';
      for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
        expect([name, statSync(realpathSync(join(folder, name))).mode & 0o222]).toEqual([name, 0]);
      }
      project.write({ 'other.ts': 'export { read } from "assets";' });
      expect((await project.build('./other.ts', ['assets'])).folder).toBe(folder);
      expect(readdirSync(project.packages)).toHaveLength(1);
    });
  });

  test.each([
    ['a literal .node file', { 'index.js': 'module.exports = () => require("./build/addon.node");' }, {}],
    [
      'a binding.gyp',
      { 'index.js': 'module.exports = () => require("./build/" + "addon.node");', 'binding.gyp': '{}' },
      {},
    ],
    [
      'a loader of add-ons',
      { 'index.js': 'module.exports = () => require("bindings")("addon");' },
      { dependencies: { bindings: '1' } },
    ],
  ])('external: a package with %s is taken whole without being named', async (_name, files, more) => {
    const placed = Object.entries(files).map(([name, text]) => [`node_modules/native/${name}`, text]);
    const all: Files = {
      'main.mjs':
        'import load from "native"; import { pure } from "pure"; export default () => { try { return load(); } catch (error) { return [pure, error.code ?? error.message]; } };',
      'node_modules/native/package.json': manifest('native', more),
      'node_modules/native/build/addon.node': 'not a real add-on',
      'node_modules/bindings/package.json': manifest('bindings'),
      'node_modules/bindings/index.js':
        'module.exports = (name) => require("native/build/" + name + ".node");',
      'node_modules/pure/package.json': manifest('pure', { type: 'module', exports: './i.js' }),
      'node_modules/pure/i.js': 'export const pure = "pure";',
      ...Object.fromEntries(placed as [string, string][]),
    };
    await withProject(all, async (project) => {
      const image = await project.build('./main.mjs');
      expect(image.manifest.externals?.names).toEqual(['native']);
      expect(filesBelow(image.folder ?? '')).toContain('store/0/node_modules/native/build/addon.node');
      const external = image.manifest.packages.filter((one) => one.external).map(({ name }) => name);
      expect(external).toContain('native');
      expect(external).not.toContain('pure');
      const [pure, problem] = (await runInGuest(image)).value as [string, string];
      expect(pure).toBe('pure');
      expect(problem).toMatch(/DLOPEN|MODULE_NOT_FOUND/);
    });
  });

  test('external: an ES module with a top-level await is loaded by import() from the folder', async () => {
    const files = {
      'main.ts': 'export default async () => (await import("waits")).value;',
      'node_modules/waits/package.json': manifest('waits', { type: 'module', exports: './i.js' }),
      'node_modules/waits/i.js': 'export const value = await Promise.resolve("waited");',
    };
    await withProject(files, async (project) => {
      const image = await project.build('./main.ts', ['waits']);
      const report = await runInGuest(image);
      expect(report).toMatchObject({ value: 'waited', codeCache: 'used', printed: '' });
    });
  });

  test('external: what is not bundled by name is refused when it is not installed', async () => {
    await withProject({ 'main.ts': '' }, async (project) => {
      expect(await rejection(project.build('./main.ts', ['gone']))).toMatchObject({
        code: 'module_missing',
        value: 'gone',
        remedy: expect.stringContaining('external'),
      });
    });
  });

  test('external: an add-on that belongs to no package is refused', async () => {
    await withProject({ 'main.cjs': 'require("./addon.node")', 'addon.node': '' }, async (project) => {
      expect(await rejection(project.build('./main.cjs'))).toMatchObject({
        code: 'module_unfit',
        path: project.path('addon.node'),
      });
    });
  });

  test('external: a change in the package makes another folder, a damaged folder is made again', async () => {
    await withProject(ASSETS, async (project) => {
      const builder = project.builder();
      const build = () => builder.build({ module: './main.ts', base: project.base, external: ['assets'] });
      const first = await build();
      await build();
      expect(builder.statistics).toMatchObject({ bundled: 1, fromCache: 1 });
      project.write({ 'node_modules/assets/data/text.txt': 'changed' });
      const second = await build();
      expect(second.folder).not.toBe(first.folder);
      expect((await runInGuest(second)).value).toEqual(['changed!', expect.any(String), 'MODULE_NOT_FOUND']);

      const damaged =
        filesBelow(second.folder ?? '').find((name) => name.includes('store') && name.endsWith('text.txt')) ??
        '';
      const path = join(second.folder ?? '', damaged);
      chmodSync(path, 0o644);
      writeFileSync(path, 'tampered');
      const third = await build();
      expect(third.hash).toBe(second.hash);
      expect(readFileSync(path, 'utf8')).toBe('changed');
      expect(builder.statistics).toMatchObject({ bundled: 3 });
    });
  });

  test('external: a place with a node_modules above it is never used', async () => {
    await withProject(ASSETS, async (project) => {
      const inside = project.path('.espalier/packages');
      mkdirSync(inside, { recursive: true });
      const builder = project.builder({ packagesDir: inside });
      const image = await builder.build({ module: './main.ts', base: project.base, external: ['assets'] });
      expect(image.folder?.startsWith(project.base)).toBe(false);
      expect(existsSync(join(inside, image.manifest.externals?.hash.slice(7) ?? '-'))).toBe(false);
    });
  });
});
