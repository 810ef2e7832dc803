/** Sends more than there is room for, and says what became of it. */
import { server, type CallError } from '@espalier/core';

export interface Flood {
  readonly target: string;
  /** The values are [from, padding], [from + 1, padding], … */
  readonly from: number;
  readonly count: number;
  /** Of the padding. */
  readonly bytes: number;
  /** So many at once; then all of them have an end, and the next ones follow. */
  readonly wave: number;
}

export interface Flooded {
  /** Whose `send` resolved. */
  readonly sent: readonly number[];
  /** The others, by code. */
  readonly refused: Readonly<Record<string, number>>;
}

export default server({
  calls: {
    flood: async (context, { target, from, count, bytes, wave }: Flood): Promise<Flooded> => {
      const sent: number[] = [];
      const refused: Record<string, number> = {};
      const padding = 'x'.repeat(bytes);
      const send = (n: number): Promise<unknown> =>
        context.send(target, [n, padding]).then(
          () => sent.push(n),
          ({ code }: CallError) => (refused[code] = (refused[code] ?? 0) + 1),
        );
      for (let done = 0; done < count; done += wave) {
        const length = Math.min(wave, count - done);
        await Promise.all(Array.from({ length }, (_, n) => send(from + done + n)));
      }
      return { sent: sent.sort((left, right) => left - right), refused };
    },
  },
});
