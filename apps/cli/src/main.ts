/** The command `espalier`. No command is built yet; it says so. */
if (process.argv.includes('--help')) {
  process.stdout.write('Usage: espalier COMMAND\n');
} else {
  process.stderr.write('espalier: no command is built yet\n');
  process.exitCode = 64;
}
