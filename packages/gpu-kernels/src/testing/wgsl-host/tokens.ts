export interface Token {
  readonly text: string;
  readonly isName: boolean;
  readonly isNumber: boolean;
}

const PATTERN =
  /\s*(?:\/\/[^\n]*\n\s*)*(?:([A-Za-z_]\w*)|(\d+\.\d*(?:e[+-]?\d+)?[fh]?|\d+[uifh]?)|(->|\+\+|--|<<|[+\-*/%&|^]=|[<>=!]=|&&|\|\||[{}()[\]<>;:,.@=+\-*/%&|^!~]))/y;

/** `>>` is left as two tokens, which templates need. */
export function tokensOf(wgsl: string): Token[] {
  const text = `${wgsl.trim()}\n`;
  const tokens: Token[] = [];
  PATTERN.lastIndex = 0;
  while (PATTERN.lastIndex < text.trimEnd().length) {
    const at = PATTERN.lastIndex;
    const match = PATTERN.exec(text);
    if (match === null) throw new Error(`WGSL not understood at: ${text.slice(at, at + 40)}`);
    const [, name, number, symbol] = match;
    tokens.push({
      text: name ?? number ?? symbol ?? '',
      isName: name !== undefined,
      isNumber: number !== undefined,
    });
  }
  return tokens;
}
