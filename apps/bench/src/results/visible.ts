/**
 * What does not show, breaks lines, or turns the direction of what follows: control characters, line and paragraph separators,
 * bidirectional and invisible formatting characters, halves of surrogate pairs.
 */
const HIDDEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200B\u200E\u200F\u202A-\u202E\u2060-\u2069\uFEFF\uFFFE\uFFFF]/gu;
const SHORT = new Map([
  ['\n', String.raw`\n`],
  ['\r', String.raw`\r`],
  ['\t', String.raw`\t`],
]);

/** A name on one line with everything in it to be seen: what does not show stands as its escape. */
export function visible(text: string): string {
  return text.replaceAll(
    HIDDEN,
    (hidden) => SHORT.get(hidden) ?? String.raw`\u{${(hidden.codePointAt(0) as number).toString(16)}}`,
  );
}
