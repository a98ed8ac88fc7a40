const LONGEST = 120;

/** A text from elsewhere as it may stand in a message: on one line, without control characters, not too long. */
export function shown(text: string): string {
  const visible = text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return visible.length > LONGEST ? `${visible.slice(0, LONGEST)}…` : visible;
}
