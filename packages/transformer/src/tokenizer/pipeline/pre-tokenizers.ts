import { z } from 'zod';
import { bytesToLetters } from './byte-letters.ts';
import * as characters from './characters.ts';
import {
  type ComponentTypes,
  type Place,
  character,
  componentType,
  inside,
  makeComponent,
  stepList,
  refuse,
} from './component.ts';
import { metaspaceOptions, metaspaceScheme } from './metaspace.ts';
import {
  type Behavior,
  type Find,
  behaviors,
  findMatches,
  findRegExp,
  patternSchema,
  split,
} from './pattern.ts';

/** What cuts a text into pieces before the model sees it: pieces into smaller ones. `atStart`: the first begins the whole text. */
export interface PreTokenizer {
  (pieces: readonly string[], atStart: boolean): string[];
  /** Depends on whether a piece begins the text. */
  readonly needsStart?: boolean;
}

const TYPE = { type: z.string() };
const behavior = z.enum(behaviors);

/** Cuts each piece by itself. */
function eachPiece(cut: (piece: string) => readonly string[]): PreTokenizer {
  return (pieces) => pieces.flatMap(cut);
}

function splitBy(find: Find, how: Behavior, inverted = false): PreTokenizer {
  return eachPiece((piece) => split(piece, find(piece), how, inverted));
}

const whiteSpace = findRegExp(characters.runsOf(characters.WHITE_SPACE));
const punctuation = findRegExp(characters.oneOf(characters.PUNCTUATION));
const number = findRegExp(/\p{N}/gv);
// The words of Rust's regex library, by Unicode 16.0.
const WORD = `[[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u{200c}\\u{200d}]--[${characters.UNASSIGNED}]]`;
const words = findRegExp(new RegExp(`${WORD}+|[^${WORD}${characters.WHITE_SPACE}]+`, 'gv'));

// GPT-2's pattern; \s is Unicode's White_Space.
const GPT2_PATTERN = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

function byteLevel(prefixSpace: boolean, regex: boolean, place: Place): PreTokenizer {
  const find = findMatches({ Regex: GPT2_PATTERN }, place);
  return eachPiece((piece) => {
    const text = prefixSpace && !piece.startsWith(' ') ? ` ${piece}` : piece;
    return (regex ? split(text, find(text), 'Isolated') : [text]).map(bytesToLetters);
  });
}

function metaspace(replacement: string, scheme: 'always' | 'first' | 'never', cuts: boolean): PreTokenizer {
  const find = findMatches({ String: replacement }, { file: '', path: '' });
  const cut: PreTokenizer = (pieces, atStart) =>
    pieces.flatMap((piece, i) => {
      const replaced = piece.replaceAll(' ', replacement);
      const prefixed =
        (scheme === 'always' || (scheme === 'first' && atStart && i === 0)) &&
        !replaced.startsWith(replacement);
      const text = prefixed ? replacement + replaced : replaced;
      return cuts ? split(text, find(text), 'MergedWithNext') : [text];
    });
  return Object.assign(cut, { needsStart: scheme === 'first' });
}

function fixedLength(length: number): PreTokenizer {
  return eachPiece((piece) => {
    const letters = [...piece];
    const parts: string[] = [];
    for (let i = 0; i < letters.length; i += length) parts.push(letters.slice(i, i + length).join(''));
    return parts;
  });
}

function inTurn(steps: readonly PreTokenizer[], place: Place): PreTokenizer {
  if (steps.slice(1).some(({ needsStart }) => needsStart === true)) {
    refuse(place, 'Metaspace with prepend_scheme "first" is supported as the first step alone');
  }
  const cut: PreTokenizer = (pieces, atStart) =>
    steps.reduce<readonly string[]>((result, step) => step(result, atStart), pieces) as string[];
  return Object.assign(cut, { needsStart: steps[0]?.needsStart === true });
}

/** Every pre-tokenizer that is supported, with its options: each gives what the Rust implementation gives. */
export const PRE_TOKENIZERS: ComponentTypes<PreTokenizer> = new Map([
  [
    'ByteLevel',
    componentType(
      {
        ...{ ...TYPE, add_prefix_space: z.boolean(), use_regex: z.boolean().optional() },
        // Of offsets, which nobody sees.
        trim_offsets: z.boolean().optional(),
      },
      ({ add_prefix_space: prefix, use_regex: regex = true }, place) => byteLevel(prefix, regex, place),
    ),
  ],
  [
    'Metaspace',
    componentType(metaspaceOptions, (options, place) =>
      metaspace(options.replacement, metaspaceScheme(options, place), options.split ?? true),
    ),
  ],
  [
    'Split',
    componentType(
      { ...TYPE, pattern: patternSchema, behavior, invert: z.boolean() },
      ({ pattern, behavior: how, invert }, place) => splitBy(findMatches(pattern, place), how, invert),
    ),
  ],
  [
    'Punctuation',
    componentType({ ...TYPE, behavior: behavior.optional() }, ({ behavior: how = 'Isolated' }) =>
      splitBy(punctuation, how),
    ),
  ],
  [
    'Digits',
    componentType({ ...TYPE, individual_digits: z.boolean() }, ({ individual_digits: each }) =>
      splitBy(number, each ? 'Isolated' : 'Contiguous'),
    ),
  ],
  ['Whitespace', componentType(TYPE, () => splitBy(words, 'Removed', true))],
  ['WhitespaceSplit', componentType(TYPE, () => splitBy(whiteSpace, 'Removed'))],
  [
    'BertPreTokenizer',
    componentType(TYPE, (_, place) =>
      inTurn([splitBy(whiteSpace, 'Removed'), splitBy(punctuation, 'Isolated')], place),
    ),
  ],
  [
    'CharDelimiterSplit',
    componentType({ ...TYPE, delimiter: character }, ({ delimiter }, place) =>
      splitBy(findMatches({ String: delimiter }, place), 'Removed'),
    ),
  ],
  [
    'FixedLength',
    componentType({ ...TYPE, length: z.int().positive().optional() }, ({ length = 5 }) =>
      fixedLength(length),
    ),
  ],
  [
    'Sequence',
    componentType({ ...TYPE, pretokenizers: stepList }, ({ pretokenizers }, place) =>
      inTurn(
        pretokenizers.map((step, i) => makePreTokenizer(step, inside(place, 'pretokenizers', i))),
        place,
      ),
    ),
  ],
]);

/** @throws UserError naming what is not supported */
export const makePreTokenizer = (definition: unknown, place: Place): PreTokenizer =>
  makeComponent(PRE_TOKENIZERS, definition, place);
