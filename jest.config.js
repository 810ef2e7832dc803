/** Tests run against the built code: scripts/jest-resolver.cjs turns `../src/x.js` into `../dist/x.js`. */
export default {
  testEnvironment: 'node',
  roots: ['packages', 'apps', 'test'],
  testMatch: ['**/test/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' } }] },
  resolver: '<rootDir>/scripts/jest-resolver.cjs',
  cacheDirectory: '<rootDir>/.cache/jest',
  // Of one that hangs. What a test takes is many times less, also on a machine that is slow or does something else besides.
  testTimeout: 90_000,
  testSequencer: '<rootDir>/scripts/jest-sequencer.mjs',
  maxWorkers: 2,
  // What files leave in their worker makes the next ones slower: the simulated grid took two to three times as long.
  workerIdleMemoryLimit: '800MB',
};
