/**
 * Puts the code of each driver of the daemon into one file. A driver is an environment like a user's: of Espalier
 * its image finds `@espalier/core` and nothing else, so what it uses of our other packages goes into the file.
 */
import { sep } from 'node:path';
import { allExist, bundle } from './bundle.mjs';
import { ROOT } from './project.mjs';

/** Entry and bundle, relative to the root. */
const DRIVERS = ['admin', 'bridge', 'images', 'logs'].map((name) => {
  const path = `apps/daemon/dist/drivers/${name}`;
  return [`${path}.js`, `${path}.cjs`];
});

/** Our modules do nothing when they are loaded: what of them is not used stays out. */
const onlyWhatIsUsed = {
  name: 'only what is used',
  setup(build) {
    build.onResolve({ filter: /^@espalier\/core$/ }, ({ path }) => ({ path, external: true }));
    build.onResolve({ filter: /^(@espalier\/|\.)/ }, async ({ path, pluginData, ...options }) => {
      if (pluginData === onlyWhatIsUsed) return undefined;
      const found = await build.resolve(path, { ...options, pluginData: onlyWhatIsUsed });
      const ours = found.path.startsWith(ROOT) && !found.path.includes(`${sep}node_modules${sep}`);
      return ours ? { ...found, sideEffects: false } : found;
    });
  },
};

/** Bundles what lies in dist now. */
export const bundleDrivers = () => bundle(DRIVERS, { plugins: [onlyWhatIsUsed] });

export const driversExist = () => allExist(DRIVERS);
