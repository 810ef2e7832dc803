import { describe, expect, test } from '@jest/globals';
import { SourceMap, type SourceMapPayload, type SourceMapping } from 'node:module';
import { readFileSync } from 'node:fs';
import { readSourceMap } from '../../src/images/source-map.js';
import { imageFilename, stackMapper } from '../../src/images/stack-map.js';
import { runInGuest, withProject } from './project.js';

const THROWING = {
  'main.ts': `import { deep, later } from './lib/deep.js';
type Unused = { readonly taken: 'out' };

export default async () => {
  try {
    deep(7 as number);
  } catch (error) {
    try {
      await later();
    } catch (second) {
      return [(error as Error).stack, (second as Error).stack];
    }
  }
};`,
  'lib/deep.ts': `
interface Taken { out: true }
export function deep(value: number): never {
  throw new RangeError(\`bad \${value}\`);
}
export async function later(): Promise<void> {
  await null;
  throw new TypeError('later');
}`,
};

describe('stacks: lines of the image', () => {
  test('stacks: an error names the author’s file, line and column, in an async function too', async () => {
    await withProject(THROWING, async (project) => {
      const [first, second] = (await runInGuest(await project.build('./main.ts'))).value as [string, string];
      const lib = project.path('lib/deep.ts');
      expect(first.split('\n').slice(0, 3)).toEqual([
        'RangeError: bad 7',
        `    at deep (${lib}:4:9)`,
        `    at main_default (${project.path('main.ts')}:6:5)`,
      ]);
      expect(second.split('\n').slice(0, 3)).toEqual([
        'TypeError: later',
        `    at later (${lib}:8:9)`,
        `    at async main_default (${project.path('main.ts')}:9:7)`,
      ]);
    });
  });

  test('stacks: an error thrown while the module is evaluated names its line', async () => {
    const files = { 'main.ts': 'import "./a.js";', 'a.ts': '\n\nthrow new Error("at import");' };
    await withProject(files, async (project) => {
      const { stack } = await runInGuest(await project.build('./main.ts'));
      expect(stack).toMatch(`Error: at import\n    at ${project.path('a.ts')}:3:7`.split('\n')[0] as string);
      expect(stack).toContain(`${project.path('a.ts')}:3:7`);
    });
  });

  test('stacks: a stack captured elsewhere is mapped as text; other lines stay as they are', async () => {
    await withProject(THROWING, async (project) => {
      const image = await project.build('./main.ts');
      const filename = imageFilename(image);
      const line = image.code.split('\n').findIndex((text) => text.includes('throw new RangeError')) + 1;
      const map = stackMapper(image);
      const stack = `Error: x\n    at deep (${filename}:${line}:9)\n    at node:internal/x:1:1\n    at y (${filename}:999999:1)`;
      expect(map(stack)).toBe(
        `Error: x\n    at deep (${project.path('lib/deep.ts')}:4:9)\n    at node:internal/x:1:1\n    at y (${filename}:999999:1)`,
      );
      const lost = stackMapper({ ...image, sourceMap: { file: project.path('gone.map') } });
      expect(lost(stack)).toBe(stack);
    });
  });

  test('stacks: an error of Node’s own keeps its code behind its name, others are written as they were', async () => {
    const files = {
      'main.ts': `
import { basename } from 'node:path';
const stackOf = (run: () => unknown) => { try { return run(); } catch (error) { return (error as Error).stack?.split('\\n')[0]; } };
export default () => [
  stackOf(() => basename(1 as unknown as string)),
  stackOf(() => { throw Object.assign(new Error('mine'), { code: 'ERR_MINE' }); }),
  stackOf(() => { throw Object.assign(new Error(''), { name: 'Odd' }); }),
];`,
    };
    await withProject(files, async (project) => {
      const { value } = await runInGuest(await project.build('./main.ts'));
      expect(value).toEqual([
        expect.stringMatching(/^TypeError \[ERR_INVALID_ARG_TYPE\]: The "path"/),
        'Error: mine',
        'Odd',
      ]);
    });
  });

  test('stacks: a package that sets Error.prepareStackTrace itself gets call sites, and others their lines', async () => {
    const files = {
      'main.ts': `
export default () => {
  const before = Error.prepareStackTrace;
  Error.prepareStackTrace = (_, sites) => sites;
  const sites = new Error().stack as unknown as NodeJS.CallSite[];
  Error.prepareStackTrace = before;
  return [typeof sites[0]?.getFunctionName(), new Error('mine').stack?.split('\\n')[1]];
};`,
    };
    await withProject(files, async (project) => {
      const { value } = await runInGuest(await project.build('./main.ts'));
      expect(value).toEqual(['string', expect.stringContaining(`${project.path('main.ts')}:7:`)]);
    });
  });
});

test('source map: every place of a real image is found as Node’s own SourceMap finds it', async () => {
  const files = {
    'main.ts': THROWING['main.ts'],
    'lib/deep.ts': THROWING['lib/deep.ts'],
    'more.ts':
      'export const one = ["a", "ü"] as const; export class Two { #x = 1; get x(): number { return this.#x } }\n\n\n',
    'all.ts': 'export { default } from "./main.js"; export * from "./more.js";',
  };
  await withProject(files, async (project) => {
    const image = await project.build('./all.ts');
    if (!('file' in image.sourceMap)) throw new Error('The cache of the test must be writable');
    const json = readFileSync(image.sourceMap.file, 'utf8');
    const find = readSourceMap(json);
    const node = new SourceMap(JSON.parse(json) as SourceMapPayload);
    let found = 0;
    for (const [index, text] of image.code.split('\n').entries()) {
      for (let column = 0; column <= text.length; column++) {
        const mine = find(index + 1, column + 1);
        const theirs = node.findEntry(index, column) as SourceMapping;
        if (mine === null) continue;
        found++;
        expect([mine.source, mine.line, mine.column]).toEqual([
          theirs.originalSource,
          theirs.originalLine + 1,
          theirs.originalColumn + 1,
        ]);
      }
    }
    expect(found).toBeGreaterThan(300);
    expect(find(0, 1)).toBeNull();
    expect(find(1_000_000, 1)).toBeNull();
  });
});
