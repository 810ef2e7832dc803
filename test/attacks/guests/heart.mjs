/** Beats, and measures the longest time in which it could not. */
import { server } from '@espalier/core';

const BEAT_MS = 20;
let last = performance.now();
let longest = 0;

export default server({
  init() {
    setInterval(beat, BEAT_MS);
    return null;
  },
  calls: {
    /** The longest gap since it was asked last, milliseconds. */
    gap() {
      beat();
      const gap = longest;
      longest = 0;
      return gap;
    },
  },
});

function beat() {
  const now = performance.now();
  longest = Math.max(longest, now - last);
  last = now;
}
