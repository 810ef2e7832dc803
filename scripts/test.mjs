/**
 * `npm test`: set-up, build and all tests, ending with one line `N passed, N failed, N skipped`.
 * Arguments go to Jest: `npm test -- packages/core/test/values` runs what matches, in one stage.
 *
 * ESPALIER_REQUIRE (e.g. `broker,netns,cells`) reaches the tests: what it names must be there, and a
 * test that would skip for want of it fails. ESPALIER_ATTACKS=all runs every attack and not the small part.
 * ESPALIER_SUMMARY names a file that gets the counts.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBroker } from './broker.mjs';
import { build } from './build.mjs';
import { filesBelow } from './lib/project.mjs';
import { runNode } from './lib/run.mjs';
import { deadlineMs, print, readReport, reportFile, stage, Summary } from './lib/stages.mjs';
import { ensureNamespaceTools } from './namespaces.mjs';
import { setup } from './setup.mjs';

/** Folders of the root test/ that have a stage, and so a budget, of their own. */
const OWN_STAGES = [
  { name: 'processes', folder: 'test/grid/processes', minutes: 8 },
  { name: 'attacks', folder: 'test/attacks', minutes: 10 },
  { name: 'broker', folder: 'test/broker', minutes: 6, prepare: ensureBroker },
  { name: 'namespaces', folder: 'test/namespaces', minutes: 6, prepare: ensureNamespaceTools },
];

const JEST = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];

/** Runs Jest in a child process and gives its counts. A test file that cannot be run counts as one failure. */
async function jest(name, minutes, args) {
  const report = reportFile(name);
  const code = await runNode(
    [...JEST, join('node_modules', 'jest', 'bin', 'jest.js'), '--json', `--outputFile=${report}`, ...args],
    { env: { ...process.env, NODE_ENV: 'test' }, deadlineMs: deadlineMs(minutes) },
  );
  const result = readReport(report);
  if (result === undefined) return { failed: 1 };
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  return {
    passed: result.numPassedTests,
    failed: code !== 0 && failed === 0 ? 1 : failed,
    skipped: result.numPendingTests + result.numTodoTests,
  };
}

async function main(args) {
  const summary = new Summary();
  const ready = await stage(summary, 'install and build', 4, async () => {
    await setup();
    await build();
  });
  if (ready && args.length > 0) {
    await stage(summary, 'tests', 10, () => jest('tests', 10, args));
  } else if (ready) {
    const apart = OWN_STAGES.map(({ folder }) => `/${folder}/`);
    await stage(summary, 'tests', 10, () =>
      jest('tests', 10, ['--testPathIgnorePatterns', '/node_modules/', ...apart]),
    );
    for (const { name, folder, minutes, prepare } of OWN_STAGES) {
      const files = testsIn(folder);
      if (files.length === 0) continue;
      await stage(summary, name, minutes, async () => {
        await prepare?.();
        return await jest(name, minutes, ['--runTestsByPath', ...files]);
      });
    }
  }
  if (process.env.ESPALIER_SUMMARY) writeFileSync(process.env.ESPALIER_SUMMARY, JSON.stringify(summary));
  print(`\n${summary}`);
  process.exitCode = summary.failed === 0 ? 0 : 1;
}

function testsIn(folder) {
  return filesBelow(folder, (path) => path.endsWith('.test.ts'));
}

await main(process.argv.slice(2));
