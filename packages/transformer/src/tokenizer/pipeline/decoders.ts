import { z } from 'zod';
import { lettersToBytes } from './byte-letters.ts';
import {
  type ComponentTypes,
  type Place,
  character,
  componentType,
  inside,
  makeComponent,
  stepList,
} from './component.ts';
import { findMatches, patternSchema, replaced } from './pattern.ts';
import { metaspaceOptions, metaspaceScheme } from './metaspace.ts';

/** What makes pieces of text of tokens, to be joined by the last step. */
export type Decoder = (tokens: readonly string[]) => string[];

const TYPE = { type: z.string() };
const utf8 = {
  lossy: new TextDecoder('utf-8', { ignoreBOM: true }),
  strict: new TextDecoder('utf-8', { ignoreBOM: true, fatal: true }),
};

function byteLevel(tokens: readonly string[]): string[] {
  return [utf8.lossy.decode(new Uint8Array(tokens.flatMap(lettersToBytes)))];
}

/** English text as BERT's decoder tidies it. */
function cleanUp(text: string): string {
  return [
    ...[
      [' .', '.'],
      [' ?', '?'],
      [' !', '!'],
      [' ,', ','],
      [" ' ", "'"],
      [" n't", "n't"],
      [" 'm", "'m"],
    ],
    ...[
      [' do not', " don't"],
      [" 's", "'s"],
      [" 've", "'ve"],
      [" 're", "'re"],
    ],
  ].reduce((result, [from, to]) => result.replaceAll(from!, to!), text);
}

/** `<0x41>` and the like as bytes: each run of them is a text, or as many replacement characters if it is none. */
function byteFallback(tokens: readonly string[]): string[] {
  const pieces: string[] = [];
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length === 0) return;
    try {
      pieces.push(utf8.strict.decode(new Uint8Array(bytes)));
    } catch {
      pieces.push(...bytes.map(() => '\u{fffd}'));
    }
    bytes = [];
  };
  for (const token of tokens) {
    // A plus sign counts as part of a number in Rust.
    const digits = /^<0x(?<digits>[0-9a-f]{2}|\+[0-9a-f])>$/i.exec(token)?.groups?.['digits'];
    if (digits !== undefined) {
      bytes.push(Number.parseInt(digits, 16));
      continue;
    }
    flush();
    pieces.push(token);
  }
  flush();
  return pieces;
}

function strip(content: string, start: number, stop: number): (token: string) => string {
  return (token) => {
    const letters = [...token];
    let first = 0;
    while (first < start && letters[first] === content) first++;
    let end = letters.length;
    while (end > first && letters.length - end < stop && letters[end - 1] === content) end--;
    return letters.slice(first, end).join('');
  };
}

const count = z.int().nonnegative();

/** Every decoder that is supported, with its options: each gives what the Rust implementation gives. */
export const DECODERS: ComponentTypes<Decoder> = new Map([
  [
    'ByteLevel',
    // None of the options matters to decoding.
    componentType(
      {
        ...{ ...TYPE, add_prefix_space: z.boolean().optional() },
        ...{ trim_offsets: z.boolean().optional(), use_regex: z.boolean().optional() },
      },
      () => byteLevel,
    ),
  ],
  [
    'WordPiece',
    componentType(
      { ...TYPE, prefix: z.string(), cleanup: z.boolean() },
      ({ prefix, cleanup }) =>
        (tokens) => {
          const words = tokens.map((token, i) => {
            if (i === 0) return token;
            return token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
          });
          return cleanup ? words.map(cleanUp) : words;
        },
    ),
  ],
  [
    'Metaspace',
    componentType(metaspaceOptions, (options, place) => {
      const first = metaspaceScheme(options, place) === 'never' ? ' ' : '';
      return (tokens) =>
        tokens.map((token, i) => token.replaceAll(options.replacement, i === 0 ? first : ' '));
    }),
  ],
  [
    'BPEDecoder',
    componentType(
      { ...TYPE, suffix: z.string().min(1, 'must not be empty') },
      ({ suffix }) =>
        (tokens) =>
          tokens.map((token, i) => token.replaceAll(suffix, i === tokens.length - 1 ? '' : ' ')),
    ),
  ],
  [
    'CTC',
    componentType(
      {
        ...{ ...TYPE, pad_token: z.string().min(1, 'must not be empty') },
        ...{ word_delimiter_token: z.string().min(1, 'must not be empty'), cleanup: z.boolean() },
      },
      ({ pad_token: pad, word_delimiter_token: delimiter, cleanup }) =>
        (tokens) =>
          tokens
            .filter((token, i) => i === 0 || token !== tokens[i - 1])
            .map((token) => token.replaceAll(pad, ''))
            .map((token) => (cleanup ? cleanUp(token).replaceAll(delimiter, ' ') : token))
            .filter((token) => token !== ''),
    ),
  ],
  [
    'Replace',
    componentType({ ...TYPE, pattern: patternSchema, content: z.string() }, ({ pattern, content }, place) => {
      const find = findMatches(pattern, place);
      return (tokens) => tokens.map((token) => replaced(token, find(token), content));
    }),
  ],
  ['ByteFallback', componentType(TYPE, () => byteFallback)],
  ['Fuse', componentType(TYPE, () => (tokens) => [tokens.join('')])],
  [
    'Strip',
    componentType({ ...TYPE, content: character, start: count, stop: count }, ({ content, start, stop }) => {
      const stripped = strip(content, start, stop);
      return (tokens) => tokens.map(stripped);
    }),
  ],
  [
    'Sequence',
    componentType({ ...TYPE, decoders: stepList }, ({ decoders }, place) => {
      const steps = decoders.map((step, i) => makeDecoder(step, inside(place, 'decoders', i)));
      return (tokens) => steps.reduce<string[]>((result, step) => step(result), [...tokens]);
    }),
  ],
]);

/** @throws UserError naming what is not supported */
export const makeDecoder = (definition: unknown, place: Place): Decoder =>
  makeComponent(DECODERS, definition, place);
