/**
 * How long the machine itself leaves everybody waiting: a beat in a process that has nothing to do with any attack.
 * A sibling that is silent, or a guard that comes late, while this one does, too, says nothing of walls.
 */

const BEAT_MS = 20;

/** @returns {{ stop: () => number }} `stop` gives the longest time without a beat, milliseconds */
export function watchMachine() {
  let last = performance.now();
  let longest = 0;
  const beat = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(beat, BEAT_MS);
  return {
    stop() {
      clearInterval(timer);
      beat();
      return longest;
    },
  };
}
