/** Runs a property; a failure says what differed, and by which `seed` and `path` it is run again. */
import fc from 'fast-check';

export async function check<T>(
  property: fc.IAsyncProperty<T>,
  parameters: { readonly numRuns: number; readonly seed?: number; readonly path?: string },
): Promise<void> {
  const run = await fc.check(property, parameters);
  if (!run.failed) return;
  // What Jest throws comes from another realm, and fast-check does not take it for an error.
  const { message } = run.errorInstance as { message?: unknown };
  throw new Error(`${fc.defaultReportMessage(run) ?? ''}\n\n${String(message)}`);
}
