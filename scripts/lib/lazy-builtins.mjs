/**
 * Modules of Node that few starts of a thread need, and that take it a millisecond each to load (Node 20: crypto 1.4,
 * child_process 1.2, fs/promises 0.9): a bundle loads them when it first calls one of their functions. Functions only, by
 * name: a class or a default import of theirs fails the build.
 */
const LAZY = ['node:crypto', 'node:child_process', 'node:fs/promises'];

export const lazyBuiltins = {
  name: 'lazy builtins',
  setup(build) {
    const namespace = 'lazy-builtin';
    const filter = new RegExp(`^(${LAZY.join('|')})$`);
    build.onResolve({ filter }, ({ path, namespace: from }) =>
      from === namespace ? { path, external: true } : { path, namespace, sideEffects: false },
    );
    build.onLoad({ filter: /./, namespace }, async ({ path }) => {
      const names = Object.entries(await import(path)).flatMap(([name, value]) =>
        typeof value === 'function' && /^[a-z]/.test(name) && name !== 'default' ? [name] : [],
      );
      const lines = names.map(
        (name) => `export const ${name} = (...given) => require('${path}').${name}(...given);`,
      );
      return { contents: lines.join('\n'), loader: 'js' };
    });
  },
};
