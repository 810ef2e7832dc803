/**
 * Finds import cycles between the sources of packages and apps and prints each; ends with 1 if there
 * is one. Type-only imports load nothing and may form a cycle.
 */
import { importsOf } from './lib/import-graph.mjs';
import { filesBelow, say, workspacePackages } from './lib/project.mjs';

const files = workspacePackages().flatMap(({ dir }) =>
  filesBelow(`${dir}/src`, (path) => path.endsWith('.ts')),
);
const graph = new Map(files.map((path) => [path, importsOf(path)]));

const done = new Set();
const trail = [];
const cycles = new Set();

function visit(path) {
  const at = trail.indexOf(path);
  if (at !== -1) {
    const cycle = trail.slice(at);
    // The same cycle is met from each of its files; it is told from the first one by name.
    const first = cycle.indexOf(cycle.toSorted()[0]);
    cycles.add([...cycle.slice(first), ...cycle.slice(0, first), cycle[first]].join('\n    -> '));
    return;
  }
  if (done.has(path)) return;
  trail.push(path);
  for (const target of graph.get(path) ?? []) visit(target);
  trail.pop();
  done.add(path);
}

for (const path of graph.keys()) visit(path);
for (const cycle of cycles) say(`import cycle: ${cycle}`);
say(`${files.length} files, ${cycles.size} import cycles`);
process.exitCode = cycles.size === 0 ? 0 : 1;
