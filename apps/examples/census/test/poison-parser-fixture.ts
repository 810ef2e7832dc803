/** A parser that some files hang and some make crash, as bugs of a parser would; else the real one. */
import { basename } from 'node:path';
import { server } from '@espalier/core';
import type { Finding } from '../src/finding.js';
import { parseFile } from '../src/parse-file.js';

export default server({
  calls: {
    parse(_context, path: string): Finding {
      const name = basename(path);
      if (name === 'hangs.js') for (;;);
      if (name === 'exits.js') process.exit(7);
      if (name === 'throws.js') throw new Error('the parser has a bug');
      return parseFile(path);
    },
  },
});
