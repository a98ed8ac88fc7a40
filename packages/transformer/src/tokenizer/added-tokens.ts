import { UserError } from '../errors.ts';
import type { AddedToken } from './added-token.ts';
import { PrefixIndex } from './prefix-index.ts';
import { quote } from './quote.ts';

/** The id of an added token, or text between such tokens with the place where it begins. */
type Part = number | { readonly text: string; readonly start: number };

/** Text for the pre-tokenizer. */
export interface Section {
  /** Normalized. */
  readonly text: string;
  /** Whether it begins where the whole text begins. */
  readonly first: boolean;
}

// What Rust's regular expressions call a word character and white space.
const WORD_END = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const WORD_START = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const SPACE = /^\p{White_Space}$/u;

/** Finds tokens in a text: the leftmost first, of those the longest. */
class Finder {
  readonly #tokens: readonly AddedToken[];
  readonly #index: PrefixIndex;

  /** Of two tokens that look the same the first counts. */
  constructor(tokens: readonly AddedToken[], forms: readonly string[]) {
    this.#tokens = tokens;
    const entries = new Map<string, number>();
    for (const [i, form] of forms.entries()) if (!entries.has(form)) entries.set(form, i);
    this.#index = new PrefixIndex(entries);
  }

  cut(text: string): Part[] {
    const parts: Part[] = [];
    let done = 0;
    for (let at = 0; at < text.length;) {
      const match = this.#index.longest(text, at);
      if (match === undefined) {
        at++;
        continue;
      }
      const token = this.#tokens[match.value]!;
      let { end } = match;
      const start = token.lstrip ? Math.max(done, spaceBefore(text, at)) : at;
      const inWord = token.single_word && (isWordEnd(text, at) || WORD_START.test(text.slice(end, end + 2)));
      at = end;
      // A special token is text, but no other token is looked for inside.
      if (token.special || inWord) continue;
      if (token.rstrip) end = spaceAfter(text, end);
      if (done < start) parts.push({ text: text.slice(done, start), start: done });
      parts.push(token.id);
      done = end;
    }
    if (done < text.length) parts.push({ text: text.slice(done), start: done });
    return parts;
  }
}

function isWordEnd(text: string, end: number): boolean {
  return WORD_END.test(text.slice(Math.max(0, end - 2), end));
}

/** All white space is in the basic plane. */
function spaceBefore(text: string, end: number): number {
  let start = end;
  while (start > 0 && SPACE.test(text[start - 1]!)) start--;
  return start;
}

function spaceAfter(text: string, start: number): number {
  let end = start;
  while (end < text.length && SPACE.test(text[end]!)) end++;
  return end;
}

/** Added tokens in texts: first those that are looked for in the text as it stands, then the others in the normalized text. */
export class AddedTokens {
  readonly #normalize: (text: string) => string;
  readonly #raw: Finder;
  readonly #normalized: Finder;

  /** @throws UserError if a token is nothing once normalized */
  constructor(tokens: readonly AddedToken[], normalize: (text: string) => string, file: string) {
    this.#normalize = normalize;
    // Of a token that is there twice the last definition counts, in the place of the first.
    const last = new Map(tokens.map((token) => [token.content, token]));
    const ordered = [...last.values()].toSorted((a, b) => Number(b.special) - Number(a.special));
    const raw = ordered.filter(({ normalized }) => !normalized);
    this.#raw = new Finder(
      raw,
      raw.map(({ content }) => content),
    );
    const normalized = ordered.filter((token) => token.normalized);
    const forms = normalized.map(({ content }) => normalize(content));
    const nothing = normalized[forms.indexOf('')];
    if (nothing !== undefined)
      throw new UserError(
        `${file}: the normalizer leaves nothing of the added token ${quote(nothing.content)}; set its "normalized" to false`,
      );
    this.#normalized = new Finder(normalized, forms);
  }

  /** Ids of added tokens and the normalized text between. */
  split(text: string): (number | Section)[] {
    return this.#raw.cut(text).flatMap((part): (number | Section)[] => {
      if (typeof part === 'number') return [part];
      return this.#normalized
        .cut(this.#normalize(part.text))
        .map((inner) =>
          typeof inner === 'number' ? inner : { text: inner.text, first: part.start + inner.start === 0 },
        );
    });
  }
}
