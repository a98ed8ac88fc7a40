/** Where each token of a sequence occurs: compressed sparse rows of its one-hot matrix, transposed. */
export interface TokenOccurrences {
  /** Distinct tokens, ascending. */
  readonly distinct: readonly number[];
  /** Token distinct[i] occurs at rows[starts[i]] … rows[starts[i + 1] - 1]. */
  readonly starts: readonly number[];
  /** Places in the sequence, ascending for each token. */
  readonly rows: readonly number[];
}

/**
 * @param vocabulary V
 * @param table its name, for the error
 * @throws RangeError if a token is not an integer in [0, V)
 */
export function tokenOccurrences(
  tokens: readonly number[],
  vocabulary: number,
  table: string,
): TokenOccurrences {
  for (const [t, token] of tokens.entries()) {
    if (!Number.isInteger(token) || token < 0 || token >= vocabulary) {
      throw new RangeError(`token ${token} at position ${t} is no row of ${table}, which has ${vocabulary}`);
    }
  }
  const at = (t: number): number => tokens[t] ?? 0;
  const rows = tokens.map((_, t) => t).sort((a, b) => at(a) - at(b) || a - b);
  const distinct: number[] = [];
  const starts: number[] = [];
  for (const [i, row] of rows.entries()) {
    if (distinct.at(-1) === at(row)) continue;
    distinct.push(at(row));
    starts.push(i);
  }
  return { distinct, starts: [...starts, rows.length], rows };
}
