/**
 * Refuses options whose names are nearly those that there are: what TypeScript says of them is not said to programs in
 * JavaScript, where a misspelt option would have no effect. Names that are like none are let through.
 * @param what the function, for the message
 * @param known the names that there are; an object, so that types can hold it complete
 * @throws RangeError naming the option, and the one that is probably meant
 */
export function refuseMisspelt(
  what: string,
  options: object,
  known: Readonly<Record<string, unknown>>,
): void {
  const names = Object.keys(known);
  for (const name of Object.keys(options)) {
    if (name in known) continue;
    const meant = names.find((other) => isNearly(name.toLowerCase(), other.toLowerCase()));
    if (meant !== undefined) throw new RangeError(`${what}: unknown option ${name}; did you mean ${meant}?`);
  }
}

/**
 * Checks an option that is one of a few words.
 * @param name the option, for the message
 * @throws RangeError naming option and value, and the words that there are
 */
export function requireOneOf(name: string, value: unknown, words: readonly string[]): void {
  if (!words.includes(value as string))
    throw new RangeError(
      `${name} is ${typeof value === 'string' ? JSON.stringify(value) : String(value)}; it can be ${words.join(', ')}`,
    );
}

/** Whether two words differ by one letter (two in long words): left out, put in, another, or two exchanged. */
function isNearly(one: string, other: string): boolean {
  const plain = (word: string): string => word.replaceAll(/[-_]/g, '');
  const [a, b] = [plain(one), plain(other)];
  const most = Math.min(a.length, b.length) < 6 ? 1 : 2;
  if (Math.abs(a.length - b.length) > most) return false;
  // Distances of the beginnings of a to all of b: those of the two letters before, and of the one before.
  let [earlier, last]: number[][] = [[], Array.from({ length: b.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const at = (line: readonly number[] | undefined, place: number): number => line?.[place] ?? Infinity;
      const changed = at(last, j - 1) + Number(a[i - 1] !== b[j - 1]);
      const exchanged =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(earlier, j - 2) + 1 : Infinity;
      row.push(Math.min(changed, exchanged, at(last, j) + 1, at(row, j - 1) + 1));
    }
    [earlier, last] = [last as number[], row];
  }
  return (last?.[b.length] ?? Infinity) <= most;
}
