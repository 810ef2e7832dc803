/** How the test clock itself waits: for real, whatever the test has replaced. */
const { setImmediate, setTimeout, clearTimeout } = globalThis;

/** The running turn has ended, and what it had sent has left. */
export function loopTurned(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Resolves with the first of these, after `mostMs` at the latest. Keeps the process going meanwhile. */
export async function whicheverFirst(mostMs: number, ...these: readonly Promise<unknown>[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, mostMs);
  });
  await Promise.race([late, ...these]);
  clearTimeout(timer);
}
