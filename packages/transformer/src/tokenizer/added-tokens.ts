import { UserError } from '../errors.ts';
import type { AddedToken } from './added-token.ts';
import type { Steps } from './pipeline/steps.ts';
import { PrefixIndex } from './prefix-index.ts';
import { quote } from '../words.ts';

/** The id of an added token, or text between such tokens with the place where it begins. */
type Part = number | { readonly text: string; readonly start: number };

/** Text for the pre-tokenizer. */
export interface Section {
  /** Normalized. */
  readonly text: string;
  /** Whether it begins where the whole text begins, before normalization. */
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
  readonly #file: string;

  constructor(tokens: readonly AddedToken[], forms: readonly string[], file: string) {
    this.#tokens = tokens;
    this.#file = file;
    this.#index = new PrefixIndex(new Map(forms.map((form, i) => [form, i])));
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
      if (start > end) {
        throw new UserError(
          `${this.#file}: in ${quote(text)} the added token ${quote(token.content)} and the one before it both take the white space between`,
        );
      }
      // What the token before has taken already, all of it white space, is not there twice.
      if (start === end) continue;
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

/** Which of two that look the same comes out is left to chance in the Rust implementation. */
function checkForms(tokens: readonly AddedToken[], forms: readonly string[], file: string): void {
  const seen = new Map<string, AddedToken>();
  for (const [i, form] of forms.entries()) {
    const token = tokens[i]!;
    const other = seen.get(form);
    seen.set(form, token);
    if (form === '') {
      throw new UserError(
        `${file}: the normalizer leaves nothing of the added token ${quote(token.content)}; set its "normalized" to false`,
      );
    }
    if (other === undefined || (token.special && other.special)) continue;
    throw new UserError(
      `${file}: the normalizer makes the same of the added tokens ${quote(other.content)} and ${quote(token.content)}; set "normalized" of one to false`,
    );
  }
}

/** Added tokens in texts: first those that are looked for in the text as it stands, then the others in the normalized text. */
export class AddedTokens {
  readonly #steps: Pick<Steps, 'normalize' | 'keepsStart'>;
  readonly #raw: Finder;
  readonly #normalized: Finder;

  /** @throws UserError if an ordinary token is nothing once normalized, or the same as another one */
  constructor(tokens: readonly AddedToken[], steps: Pick<Steps, 'normalize' | 'keepsStart'>, file: string) {
    this.#steps = steps;
    // Of a token that is there twice the last definition counts, but special it stays.
    const special = new Set(tokens.filter((token) => token.special).map(({ content }) => content));
    const last = new Map(tokens.map((token) => [token.content, token]));
    const all = [...last.values()].map((token) => ({ ...token, special: special.has(token.content) }));
    const raw = all.filter(({ normalized }) => !normalized);
    this.#raw = new Finder(
      raw,
      raw.map(({ content }) => content),
      file,
    );
    const normalized = all.filter((token) => token.normalized);
    const forms = normalized.map(({ content }) => steps.normalize(content));
    checkForms(normalized, forms, file);
    this.#normalized = new Finder(normalized, forms, file);
  }

  /** Ids of added tokens and the normalized text between. */
  split(text: string): (number | Section)[] {
    return this.#raw.cut(text).flatMap((part): (number | Section)[] => {
      if (typeof part === 'number') return [part];
      const atStart = part.start === 0 && this.#steps.keepsStart(part.text);
      return this.#normalized
        .cut(this.#steps.normalize(part.text))
        .map((inner) =>
          typeof inner === 'number' ? inner : { text: inner.text, first: atStart && inner.start === 0 },
        );
    });
  }
}
