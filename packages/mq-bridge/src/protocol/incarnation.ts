/** One life of a bridge: never used twice, and not to be guessed. */
import type { Random } from '@espalier/core/internal/bridge.js';

/** 16 hexadecimal digits. */
export function newIncarnation(random: Random): string {
  const half = (): string =>
    Math.floor(random.next() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return half() + half();
}
