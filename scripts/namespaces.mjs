/**
 * What the tests in network namespaces run. Where they must run (ESPALIER_REQUIRE=netns) it is installed from the
 * packages of the system; elsewhere the tests say what is missing.
 */
import { existsSync } from 'node:fs';
import { AVAHI_HEADER, AVAHI_TOOLS, missingTools, NETWORK_TOOLS } from '../test/namespaces/tools.mjs';
import { hindrance, install } from './lib/apt.mjs';
import { say } from './lib/project.mjs';

export async function ensureNamespaceTools() {
  if (process.env.ESPALIER_REQUIRE?.split(',').includes('netns') !== true) return;
  const tools = { ...NETWORK_TOOLS, ...AVAHI_TOOLS };
  const packages = missingTools(tools).map((tool) => tools[tool]);
  if (!existsSync(AVAHI_HEADER.path)) packages.push(AVAHI_HEADER.package);
  if (packages.length === 0) return;
  const why = hindrance();
  if (why !== undefined) {
    say(`namespaces: ${packages.join(', ')} cannot be installed: ${why}`);
    return;
  }
  say(`namespaces: installing ${packages.join(', ')} for the tests; no service starts`);
  try {
    await install(...new Set(packages));
  } catch (error) {
    say(`namespaces: ${error.message}`);
  }
}
