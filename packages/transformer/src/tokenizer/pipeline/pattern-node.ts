/** A regular expression in parts. */
export type PatternNode =
  /** One character of a class: `source` is a class in brackets, for the flag v. */
  | { readonly kind: 'set'; readonly source: string }
  /** A place: `source` is an assertion without a part that repeats. */
  | { readonly kind: 'edge'; readonly source: string }
  | { readonly kind: 'sequence'; readonly items: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly options: readonly PatternNode[] }
  | { readonly kind: 'group' | 'atomic'; readonly body: PatternNode }
  | { readonly kind: 'look'; readonly ahead: boolean; readonly negated: boolean; readonly body: PatternNode }
  | {
      readonly kind: 'repeat';
      readonly body: PatternNode;
      readonly min: number;
      readonly max: number;
      readonly mode: 'greedy' | 'lazy' | 'possessive';
    };

/** The regular expression in JavaScript's syntax. */
export function emit(node: PatternNode): string {
  let groups = 0;
  // A look-ahead gives nothing back once it has matched.
  const atomic = (source: () => string): string => {
    const number = ++groups;
    return `(?:(?=(${source()}))\\${number})`;
  };
  const write = (part: PatternNode): string => {
    switch (part.kind) {
      case 'set':
      case 'edge':
        return part.source;
      case 'sequence':
        return part.items.map(write).join('');
      case 'choice':
        return `(?:${part.options.map(write).join('|')})`;
      case 'group':
        return `(?:${write(part.body)})`;
      case 'atomic':
        return atomic(() => write(part.body));
      case 'look':
        return `(?${part.ahead ? '' : '<'}${part.negated ? '!' : '='}${write(part.body)})`;
      case 'repeat': {
        const count = part.max === Infinity ? `{${part.min},}` : `{${part.min},${part.max}}`;
        const source = (): string => `(?:${write(part.body)})${count}`;
        return part.mode === 'possessive' ? atomic(source) : source() + (part.mode === 'lazy' ? '?' : '');
      }
    }
  };
  return write(node);
}
