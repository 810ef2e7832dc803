/** "Did you mean": the known word that a misspelt one is nearest to. */

/** Undefined if none is near enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const plain = bare(word);
  const same = known.find((candidate) => bare(candidate) === plain);
  if (same !== undefined) return same;
  const allowed = word.length <= 4 ? 1 : word.length <= 40 ? 2 : 0;
  let best: string | undefined;
  let bestDistance = allowed + 1;
  for (const candidate of known) {
    const distance = editDistance(plain, bare(candidate), bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** `max_children`, `max-children` and `MaxChildren` are all `maxChildren`. */
function bare(word: string): string {
  return word.toLowerCase().replace(/[_\-\s]/g, '');
}

/** Insertions, deletions, changes and swaps of neighbours; anything of `limit` or more is `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(change, at(last, j) + 1, at(row, j - 1) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, at(beforeLast, j - 2) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return Math.min(at(last, b.length), limit);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
