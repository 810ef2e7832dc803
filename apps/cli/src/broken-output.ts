/** What becomes of a command whose output nobody takes. (`up` has a tree to stop first, and sees to it itself.) */

/** A reader that has seen enough (`| head`) ends the command, and that is no failure; a full disk is one. */
export function endOnBrokenOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (code === 'EPIPE') process.exit();
      if (stream === process.stdout)
        process.stderr.write(
          `espalier: output cannot be written: ${message}. Make room, or send it elsewhere.\n`,
        );
      process.exit(1);
    });
  }
}
