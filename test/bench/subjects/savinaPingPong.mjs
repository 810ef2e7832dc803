/** Savina's ping-pong: half of the messages are pings, half pongs. */
import { open as openRoundTrips } from './rttVsRaw.mjs';

/** @type {import('../subject.mjs').Open} */
export async function open() {
  const side = await openRoundTrips();
  return {
    ...side,
    async run({ payload, count }) {
      const measured = await side.run({ payload, count: count / 2 });
      return { ...measured, count };
    },
  };
}
