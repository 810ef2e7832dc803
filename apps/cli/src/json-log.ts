/** The log of `--json`: pino's lines, in turn with all else that is printed. */
import type { Logger } from 'pino';

/** `print` gets each line without its end. */
export async function jsonLog(print: (line: string) => void): Promise<Logger> {
  // It takes longer to load than all the rest of the command.
  const { pino } = await import('pino');
  // Process and host are known to who reads it; errors come as records already.
  return pino(
    { base: null, serializers: { err: (record: unknown) => record } },
    { write: (line) => print(line.trimEnd()) },
  );
}
