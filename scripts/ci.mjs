/**
 * What .ci/run does: `npm test`, with all of the attacks in their stage, then every check that is no
 * test, each once. Its last line is the sum over all stages, `N passed, N failed, N skipped`. Each check
 * is a script of package.json, so that it can be run alone.
 */
import { run } from './lib/run.mjs';
import { deadlineMs, print, readReport, reportFile, stage, Summary } from './lib/stages.mjs';

const CHECKS = [
  {
    name: 'lint and types',
    minutes: 4,
    scripts: ['lint', 'format:check', 'test:types', 'cycles', 'unused', 'docs:check', 'kernel-budget'],
  },
  { name: 'pack check', minutes: 4, scripts: ['pack-check'] },
  // `npm run soak` runs for as long as asked; here for a moment.
  { name: 'soak', minutes: 2, scripts: ['soak -- --seconds 15'] },
];

const summary = new Summary();

const report = reportFile('summary');
const tested = await run('npm', ['test'], {
  env: { ...process.env, ESPALIER_SUMMARY: report, ESPALIER_ATTACKS: 'all' },
  stdout: true,
});
summary.add(readReport(report) ?? { failed: 1 });
if (tested !== 0 && summary.failed === 0) summary.add({ failed: 1 });

for (const { name, minutes, scripts } of CHECKS) {
  await stage(summary, name, minutes, async () => {
    const counts = { passed: 0, failed: 0 };
    for (const script of scripts) {
      const start = performance.now();
      const code = await run('npm', ['run', '--silent', ...script.split(' ')], {
        stdout: true,
        deadlineMs: deadlineMs(minutes),
      });
      print(
        `   ${script}: ${code === 0 ? 'ok' : 'FAILED'}, ${((performance.now() - start) / 1000).toFixed(1)} s`,
      );
      counts[code === 0 ? 'passed' : 'failed'] += 1;
    }
    return counts;
  });
}

print(`\n${summary}`);
process.exitCode = summary.failed === 0 ? 0 : 1;
