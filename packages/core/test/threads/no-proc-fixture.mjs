/** The guest of the fixture on a system without /proc. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

fs.readlinkSync = () => {
  throw new Error('there is no /proc');
};
syncBuiltinESMExports();
await import('./guest-fixture.mjs');
