/**
 * The order in which Jest starts test files: as it would, but what runs longest first. Jest goes by what each took the
 * last time; where it does not know (in a fresh clone) by its size, and these are small: each runs a grid that stands
 * elsewhere, and one that starts last is waited for alone.
 */
import TestSequencer from '@jest/test-sequencer';

const LONG = [
  /\/test\/grid\//,
  /\/conformance\/simulation\//,
  /\/daemon\/test\/(?:crashes|lives)\.test\.ts$/,
];

export default class LongestFirst extends TestSequencer {
  /** @param {Parameters<TestSequencer['sort']>[0]} tests */
  async sort(tests) {
    const sorted = await super.sort(tests);
    const isLong = ({ path }) => LONG.some((pattern) => pattern.test(path));
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
}
