/** Which signal has ended a process, from the numbers that tell of it. */
import { constants } from 'node:os';

/** What a shell adds to the number of the signal that has ended its command, to make its own exit code. */
const SIGNALLED = 128;

export function signalName(signal: number): NodeJS.Signals | null {
  const found = Object.entries(constants.signals).find(([, number]) => number === signal);
  return found === undefined ? null : (found[0] as NodeJS.Signals);
}

/** Null for every other exit code. Who ends with such a code of his own choice cannot be told from that. */
export function signalOfExit(exitCode: number | null): NodeJS.Signals | null {
  return exitCode === null || exitCode <= SIGNALLED ? null : signalName(exitCode - SIGNALLED);
}
