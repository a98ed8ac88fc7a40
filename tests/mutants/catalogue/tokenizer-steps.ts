import { type Mutant, mutantsOf } from '../mutant.ts';

const folder = 'packages/transformer/src/tokenizer/pipeline';
const tests = ['packages/transformer/src/tokenizer/byte-level.test.ts', `${folder}/steps.test.ts`];

/** Steps before and after a tokenizer's model: normalizers, pre-tokenizers, decoders, regular expressions. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf({ file: `${folder}/pre-tokenizers.ts`, tests }, [
    {
      id: 'gpt2-contraction',
      kind: 'contraction forgotten',
      find: "'s|'t|'re|'ve|'m|'ll|'d|",
      replace: "'s|'t|'re|'ve|'m|'d|",
    },
    {
      id: 'gpt2-numbers',
      kind: 'numbers joined to punctuation',
      find: '| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+',
      replace: '| ?[^\\s\\p{L}]+',
    },
    {
      id: 'gpt2-no-space-letters',
      kind: 'leading space dropped',
      find: '| ?\\p{L}+|',
      replace: '|\\p{L}+|',
    },
    {
      id: 'gpt2-trailing-space',
      kind: 'white space not split',
      find: '\\s+(?!\\S)|',
      replace: '',
    },
    {
      id: 'prefix-space-always',
      kind: 'prefix space always',
      find: "prefixSpace && !piece.startsWith(' ')",
      replace: "!piece.startsWith(' ')",
    },
    {
      id: 'use-regex-ignored',
      kind: 'option ignored',
      find: "(regex ? split(text, find(text), 'Isolated') : [text])",
      replace: "split(text, find(text), 'Isolated')",
    },
    {
      id: 'metaspace-everywhere',
      kind: 'option ignored',
      find: "(scheme === 'first' && atStart && i === 0)",
      replace: "scheme === 'first'",
    },
    {
      id: 'digits-together',
      kind: 'option ignored',
      find: "each ? 'Isolated' : 'Contiguous'",
      replace: "'Contiguous'",
    },
  ]),
  ...mutantsOf({ file: `${folder}/normalizers.ts`, tests }, [
    {
      id: 'final-sigma',
      kind: 'letters differ by place',
      find: "text.replaceAll('Σ', 'σ').toLowerCase()",
      replace: 'text.toLowerCase()',
    },
    {
      id: 'newer-unicode',
      kind: 'newer Unicode',
      find: 'characters.oneOf(characters.NOT_NORMALIZED + characters.UNASSIGNED)',
      replace: 'characters.oneOf(characters.UNASSIGNED)',
    },
    {
      id: 'accents-by-case',
      kind: 'option ignored',
      find: 'options.strip_accents ?? options.lowercase',
      replace: 'options.strip_accents',
    },
  ]),
  ...mutantsOf({ file: `${folder}/precompiled.ts`, tests }, [
    {
      id: 'grapheme-ignored',
      kind: 'marks apart from letters',
      find: 'if (!JOINING.test(text)) return byCharacter(text);',
      replace: 'return byCharacter(text);',
    },
  ]),
  ...mutantsOf({ file: `${folder}/decoders.ts`, tests }, [
    {
      id: 'bytes-lost',
      kind: 'bytes dropped',
      find: "pieces.push(...bytes.map(() => '\\u{fffd}'));",
      replace: "pieces.push('\\u{fffd}');",
    },
  ]),
  ...mutantsOf({ file: `${folder}/pattern.ts`, tests }, [
    {
      id: 'match-in-a-character',
      kind: 'characters cut in halves',
      find: "if (isLowSurrogate(text, start) && match[0] === '') {",
      replace: "if (false && match[0] === '') {",
    },
    {
      id: 'invert-ignored',
      kind: 'option ignored',
      find: 'const matched = found !== inverted;',
      replace: 'const matched = found;',
    },
  ]),
  ...mutantsOf({ file: `${folder}/oniguruma-classes.ts`, tests }, [
    {
      id: 'classes-of-the-engine',
      kind: 'newer Unicode',
      find: 'return `[[${source}]--[${UNASSIGNED}${lacks}]]`;',
      replace: 'return `[[${source}]--[${lacks}\\\\u{378}]]`;',
    },
  ]),
];
