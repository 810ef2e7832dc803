/** A parser: one file at a time. What breaks it costs this environment and no other. */
import { server } from '@espalier/core';
import type { Finding } from './finding.js';
import { parseFile } from './parse-file.js';

export default server({
  calls: {
    parse(_context, path: string): Finding {
      return parseFile(path);
    },
  },
});
