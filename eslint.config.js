import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/**
 * Type-aware linting, and the rules of the house: which folder may import which, no ambient clock or
 * randomness, coded errors only.
 */

const SOURCES = ['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts'];
const PACKAGE_SOURCES = ['packages/*/src/**/*.ts'];
/** Where the real clock, randomness, threads and processes come in; everything else gets them as parameters. */
const ADAPTERS = [
  'packages/core/src/threads/**',
  'packages/core/src/cells/**',
  'packages/mq-bridge/src/node/**',
];

const pattern = (regex, message) => ({ regex, message });

const NOT_OURS = pattern('^@espalier/', 'core imports nothing of ours.');
const ONLY_CORE = pattern('^@espalier/(?!core(/|$))', 'A package beside core imports core only.');
const NO_APPS = pattern('^@espalier/(cli|daemon)(/|$)', 'No package imports an app.');
const NO_NODE = pattern(
  '^node:',
  'This folder is free of input and output: take what is needed as a parameter.',
);
const NO_THREADS = pattern(
  '(^|/)(threads|cells)/',
  'Threads and cells are adapters; this side must run without them.',
);
const NO_GUEST = pattern('(^|/)guest/', 'Kernel side and guest side share the protocol and nothing else.');
const NO_KERNEL = pattern('(^|/)kernel/', 'Kernel side and guest side share the protocol and nothing else.');

const imports = (files, ...patterns) => ({
  files,
  rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
});

const TIMERS = ['setTimeout', 'setInterval', 'setImmediate'].map((name) => ({
  name,
  message: 'Use the clock that is handed in.',
}));

const AMBIENT = [
  { object: 'Date', property: 'now', message: 'Use the clock that is handed in.' },
  { object: 'performance', property: 'now', message: 'Use the clock that is handed in.' },
  { object: 'Math', property: 'random', message: 'Use the randomness that is handed in.' },
  ...['globalThis', 'global'].flatMap((object) =>
    TIMERS.map(({ name, message }) => ({ object, property: name, message })),
  ),
];

/** What scripts in plain JavaScript find in Node. */
const NODE_GLOBALS = Object.fromEntries(
  [
    'AbortController',
    'AbortSignal',
    'Atomics',
    'Buffer',
    'MessageChannel',
    'SharedArrayBuffer',
    'TextDecoder',
    'TextEncoder',
    'URL',
    'clearImmediate',
    'clearInterval',
    'clearTimeout',
    'console',
    'performance',
    'process',
    'queueMicrotask',
    'setImmediate',
    'setInterval',
    'setTimeout',
    'structuredClone',
  ].map((name) => [name, 'readonly']),
);

export default tseslint.config(
  {
    ignores: [
      '**/dist/',
      '**/node_modules/',
      '**/.espalier/',
      '.tools/',
      '.cache/',
      'coverage/',
      '**/poison/',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // Built-in methods are captured on purpose, before a guest can replace them.
      '@typescript-eslint/unbound-method': 'off',
      // An async function without await turns what it throws into a rejection; that is often its point.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: SOURCES,
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ThrowStatement > NewExpression[callee.name=/^(Error|TypeError|RangeError)$/]',
          message: 'Throw an EspalierError with a code, field, value and remedy.',
        },
      ],
    },
  },
  {
    files: PACKAGE_SOURCES,
    ignores: ADAPTERS,
    rules: {
      'no-restricted-globals': ['error', ...TIMERS],
      'no-restricted-properties': ['error', ...AMBIENT],
    },
  },
  imports(['packages/*/src/**/*.ts'], ONLY_CORE, NO_APPS),
  imports(['packages/core/src/**/*.ts'], NOT_OURS),
  imports(
    ['channel', 'protocol', 'values'].map((folder) => `packages/core/src/${folder}/**/*.ts`),
    NOT_OURS,
    NO_NODE,
    NO_THREADS,
  ),
  imports(['packages/core/src/kernel/**/*.ts'], NOT_OURS, NO_NODE, NO_THREADS, NO_GUEST),
  imports(['packages/core/src/guest/**/*.ts'], NOT_OURS, NO_NODE, NO_THREADS, NO_KERNEL),
  {
    files: ['**/test/**/*.ts'],
    rules: {
      // Tests hand over what no type allows, to see it refused.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: NODE_GLOBALS },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { require: 'readonly', module: 'writable', __dirname: 'readonly' },
    },
  },
);
