/** The command `espalier`. The process ends when nothing runs in it any more. */
import { espalier } from './program.js';

process.exitCode = await espalier(process.argv.slice(2));
