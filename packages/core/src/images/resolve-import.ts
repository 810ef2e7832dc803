/** Asks the bundler, outside of a build, what an import leads to by the rules for `import`. */
import type * as Esbuild from 'esbuild';

export interface ResolvedImport {
  /** Absolute path, or null where the import leads nowhere. */
  readonly path: string | null;
  /** The bundler's own words. */
  readonly problem: string;
}

/** The bundler resolves only inside a build, so this is a build of nothing. */
export async function resolveImport(
  esbuild: typeof Esbuild,
  specifier: string,
  folder: string,
): Promise<ResolvedImport> {
  let found: ResolvedImport = { path: null, problem: '' };
  const plugin: Esbuild.Plugin = {
    name: 'espalier-resolve',
    setup(build) {
      build.onStart(async () => {
        const result = await build.resolve(specifier, { kind: 'import-statement', resolveDir: folder });
        const problem = result.errors.map((error) => error.text).join('\n');
        found = { path: result.errors.length === 0 ? result.path : null, problem };
      });
    },
  };
  await esbuild.build({
    absWorkingDir: folder,
    stdin: { contents: '' },
    write: false,
    logLevel: 'silent',
    platform: 'node',
    plugins: [plugin],
  });
  return found;
}
