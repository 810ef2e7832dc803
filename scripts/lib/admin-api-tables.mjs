/** What docs/daemon.md says of the admin API, out of the table that the daemon's routes are made of. */
import { built } from './project.mjs';

const { OPERATIONS } = await built('packages/supervisor/dist/client/contract/index.js');

export function adminApiTables() {
  const rows = Object.entries(OPERATIONS).map(([name, { method, path, summary }]) => {
    return `| \`${name}\` | \`${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}\` | ${summary} |`;
  });
  return {
    operations: ['| operation | request | what it does |', '| --- | --- | --- |', ...rows].join('\n'),
  };
}
