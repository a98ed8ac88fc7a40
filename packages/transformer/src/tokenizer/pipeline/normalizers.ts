import { z } from 'zod';
import { bytesToLetters } from './byte-letters.ts';
import * as characters from './characters.ts';
import { type ComponentTypes, componentType, inside, makeComponent, stepList, refuse } from './component.ts';
import { type Find, findMatches, patternSchema, replaced } from './pattern.ts';
import { precompiled } from './precompiled.ts';

/** What is done to a text before it is cut. */
export interface Normalizer {
  (text: string): string;
  /** How many characters (code points) it removes from the beginning of a text; none if absent. */
  readonly removed?: (text: string) => number;
  /** What it does one after another, if it is a sequence. */
  readonly parts?: readonly Normalizer[];
}

const NOT_NORMALIZED = characters.oneOf(characters.NOT_NORMALIZED + characters.UNASSIGNED);

/** Normalization by Unicode 9.0: what is newer stays as it is and lets nothing past it. */
function unicodeForm(form: 'NFC' | 'NFD' | 'NFKC' | 'NFKD'): Normalizer {
  return (text) => {
    let result = '';
    let from = 0;
    for (const { index, 0: character } of text.matchAll(NOT_NORMALIZED)) {
      result += text.slice(from, index).normalize(form) + character;
      from = index + character.length;
    }
    return result + text.slice(from).normalize(form);
  };
}

/** Character by character: no sigma is final. */
function lowercase(text: string): string {
  return text.replaceAll('Σ', 'σ').toLowerCase();
}

function stripSpace(left: boolean, right: boolean): Normalizer {
  const start = /^\p{White_Space}+/v;
  const strip = (text: string): string => {
    let end = text.length;
    if (right) while (end > 0 && /\p{White_Space}/v.test(text[end - 1]!)) end--;
    const rest = text.slice(0, end);
    return left ? rest.replace(start, '') : rest;
  };
  const removed = (text: string): number => (left ? codePointCount(start.exec(text)?.[0] ?? '') : 0);
  return Object.assign(strip, { removed });
}

function codePointCount(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** Removes all characters of a class. */
function removing(source: characters.ClassSource): Normalizer {
  const pattern = characters.runsOf(source);
  const first = new RegExp(`^[${source}]+`, 'v');
  return Object.assign((text: string) => text.replace(pattern, ''), {
    removed: (text: string) => codePointCount(first.exec(text)?.[0] ?? ''),
  });
}

function replacing(find: Find, content: string): Normalizer {
  const replace = (text: string): string => replaced(text, find(text), content);
  const removed = (text: string): number => {
    const stretches = find(text);
    const [, end, matched] = stretches[0] ?? [0, 0, false];
    if (!matched) return 0;
    // The content stands for the last character of the match.
    if (content !== '') return Math.max(0, codePointCount(text.slice(0, end)) - 1);
    const kept = stretches.find((stretch) => !stretch[2])?.[0] ?? text.length;
    return codePointCount(text.slice(0, kept));
  };
  return Object.assign(replace, { removed });
}

const WHITE_SPACE = characters.oneOf(characters.WHITE_SPACE);
// BERT's list of blocks, with its gaps.
const CHINESE =
  /[\u{3400}-\u{4dbf}\u{4e00}-\u{9fff}\u{f900}-\u{faff}\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gv;
const NMT_CONTROL = [
  ...[characters.codePoints(0x01, 0x08), characters.codePoints(0x0b), characters.codePoints(0x0e, 0x1f)],
  ...[0x7f, 0x8f, 0x9f].map((point) => characters.codePoints(point)),
].join('');
const NMT_SPACE = /[\t\n\f\r\u{1680}\u{200b}-\u{200f}\u{2028}\u{2029}\u{2581}\u{feff}\u{fffd}]/gv;
const nfd = unicodeForm('NFD');

const form = (name: 'NFC' | 'NFD' | 'NFKC' | 'NFKD') => componentType(TYPE, () => unicodeForm(name));
const TYPE = { type: z.string() };

/** Every normalizer that is supported, with its options: each gives what the Rust implementation gives. */
export const NORMALIZERS: ComponentTypes<Normalizer> = new Map([
  ['NFC', form('NFC')],
  ['NFD', form('NFD')],
  ['NFKC', form('NFKC')],
  ['NFKD', form('NFKD')],
  ['Lowercase', componentType(TYPE, () => lowercase)],
  ['StripAccents', componentType(TYPE, () => removing(characters.COMBINING_MARK))],
  [
    'Strip',
    componentType({ ...TYPE, strip_left: z.boolean(), strip_right: z.boolean() }, (options) =>
      stripSpace(options.strip_left, options.strip_right),
    ),
  ],
  [
    'Prepend',
    componentType(
      { ...TYPE, prepend: z.string() },
      ({ prepend }) =>
        (text) =>
          text === '' ? '' : prepend + text,
    ),
  ],
  [
    'Replace',
    componentType({ ...TYPE, pattern: patternSchema, content: z.string() }, ({ pattern, content }, place) =>
      replacing(findMatches(pattern, place), content),
    ),
  ],
  [
    'BertNormalizer',
    componentType(
      {
        ...{ ...TYPE, clean_text: z.boolean(), handle_chinese_chars: z.boolean() },
        ...{ strip_accents: z.boolean().nullish(), lowercase: z.boolean() },
      },
      (options) => {
        const steps: Normalizer[] = [];
        if (options.clean_text) {
          steps.push(removing(characters.CONTROL), (text) => text.replace(WHITE_SPACE, ' '));
        }
        if (options.handle_chinese_chars) steps.push((text) => text.replace(CHINESE, ' $& '));
        if (options.strip_accents ?? options.lowercase) {
          steps.push(nfd, removing(characters.ACCENT));
        }
        if (options.lowercase) steps.push(lowercase);
        return inTurn(steps);
      },
    ),
  ],
  ['Nmt', componentType(TYPE, () => inTurn([removing(NMT_CONTROL), (text) => text.replace(NMT_SPACE, ' ')]))],
  [
    'Precompiled',
    componentType({ ...TYPE, precompiled_charsmap: z.string() }, ({ precompiled_charsmap: map }, place) =>
      precompiled(map, place),
    ),
  ],
  ['ByteLevel', componentType(TYPE, () => bytesToLetters)],
  [
    'Sequence',
    componentType({ ...TYPE, normalizers: stepList }, ({ normalizers }, place) =>
      inTurn(normalizers.map((step, i) => makeNormalizer(step, inside(place, 'normalizers', i)))),
    ),
  ],
]);

function inTurn(steps: readonly Normalizer[]): Normalizer {
  const all = (text: string): string => steps.reduce((result, step) => step(result), text);
  return Object.assign(all, { parts: steps });
}

/**
 * Whether anything of what stands for a text's first character is left: the Rust implementation takes the rest for the
 * middle of a text otherwise.
 */
export function keepsStart(normalizer: Normalizer, text: string): boolean {
  const parts = (step: Normalizer): readonly Normalizer[] => step.parts?.flatMap(parts) ?? [step];
  let rest = text;
  // Characters at the beginning that stand for the first one.
  let count = 1;
  for (const step of parts(normalizer)) {
    const left = count - (step.removed?.(rest) ?? 0);
    if (left <= 0) return false;
    const first = [...rest.slice(0, 2 * count)].slice(0, count).join('');
    count = Math.max(1, codePointCount(step(first)));
    rest = step(rest);
  }
  return true;
}

/** @throws UserError naming what is not supported */
export const makeNormalizer = (definition: unknown, place: Parameters<typeof refuse>[0]): Normalizer =>
  makeComponent(NORMALIZERS, definition, place);
