import type { RebuildingClass } from './tokenizer-class.ts';

const SPACE_MARK = '\u2581';
const QWEN2_PATTERN = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** What tokenizer_config.json says to the classes that have steps of their own. */
export interface Settings {
  readonly addPrefixSpace: boolean | undefined;
  /** LlamaTokenizer: a prefix space before every piece of text between added tokens, not before the first alone. */
  readonly legacy: boolean;
  readonly unknownToken: string | undefined;
  /** The Precompiled step of tokenizer.json's normalizer, where there is one. */
  readonly precompiled: object | undefined;
}

interface Rebuilt {
  readonly model: 'BPE' | 'Unigram';
  /** Whether spaces are bytes of tokens (else they are marks). */
  readonly byteLevel: boolean;
  /** Special tokens by name, as far as the files do not name others. */
  readonly special: Readonly<Record<string, string>>;
  /** The options of the model, beside vocabulary and merges. */
  options(settings: Settings): object;
  steps(settings: Settings): {
    readonly normalizer: object | null;
    readonly pre_tokenizer: object;
    readonly decoder: object;
  };
}

const byteLevelDecoder = { type: 'ByteLevel' };
const byteLevelOf = ({ addPrefixSpace }: Settings, useRegex = true): object => ({
  type: 'ByteLevel',
  add_prefix_space: addPrefixSpace ?? false,
  trim_offsets: true,
  use_regex: useRegex,
});
const endOfText = '<|endoftext|>';
const threeSpecial = { bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>' };

function spaceMarks(scheme: string, split: boolean): object {
  return { type: 'Metaspace', replacement: SPACE_MARK, prepend_scheme: scheme, split };
}

function spaceMarkDecoder(strip: boolean): object {
  const decoders: object[] = [
    { type: 'Replace', pattern: { String: SPACE_MARK }, content: ' ' },
    { type: 'ByteFallback' },
    { type: 'Fuse' },
  ];
  if (strip) decoders.push({ type: 'Strip', content: ' ', start: 1, stop: 0 });
  return { type: 'Sequence', decoders };
}

/** How each class of transformers 5.18 is built around a vocabulary. */
export const REBUILT: Readonly<Record<RebuildingClass, Rebuilt>> = {
  GPT2Tokenizer: {
    ...{ model: 'BPE', byteLevel: true },
    special: { bos_token: endOfText, eos_token: endOfText, unk_token: endOfText },
    options: () => ({}),
    steps: (settings) => ({
      normalizer: null,
      pre_tokenizer: byteLevelOf(settings),
      decoder: byteLevelDecoder,
    }),
  },
  GPTNeoXTokenizer: {
    ...{ model: 'BPE', byteLevel: true },
    special: { bos_token: endOfText, eos_token: endOfText, unk_token: endOfText, pad_token: '<|padding|>' },
    options: () => ({}),
    steps: (settings) => ({
      ...{ normalizer: { type: 'NFC' }, pre_tokenizer: byteLevelOf(settings), decoder: byteLevelDecoder },
    }),
  },
  Qwen2Tokenizer: {
    ...{ model: 'BPE', byteLevel: true },
    special: { eos_token: endOfText, unk_token: endOfText, pad_token: endOfText },
    options: () => ({}),
    steps: (settings) => ({
      normalizer: { type: 'NFC' },
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          { type: 'Split', pattern: { Regex: QWEN2_PATTERN }, behavior: 'Isolated', invert: false },
          byteLevelOf(settings, false),
        ],
      },
      decoder: byteLevelDecoder,
    }),
  },
  LlamaTokenizer: {
    ...{ model: 'BPE', byteLevel: false, special: threeSpecial },
    options: () => ({ fuse_unk: true, byte_fallback: true }),
    steps: ({ addPrefixSpace, legacy }) => {
      const prefix = addPrefixSpace ?? true;
      const scheme = prefix ? (legacy ? 'always' : 'first') : 'never';
      return {
        normalizer: null,
        pre_tokenizer: spaceMarks(scheme, false),
        decoder: spaceMarkDecoder(prefix),
      };
    },
  },
  CodeLlamaTokenizer: {
    ...{ model: 'BPE', byteLevel: false },
    special: {
      ...threeSpecial,
      ...{ prefix_token: '\u2581<PRE>', middle_token: '\u2581<MID>', suffix_token: '\u2581<SUF>' },
      ...{ eot_token: '\u2581<EOT>', fill_token: '<FILL_ME>' },
    },
    options: ({ unknownToken }) => ({
      fuse_unk: true,
      byte_fallback: true,
      unk_token: unknownToken ?? '<unk>',
    }),
    steps: ({ addPrefixSpace }) => {
      const scheme = (addPrefixSpace ?? true) ? 'first' : 'never';
      return { normalizer: null, pre_tokenizer: spaceMarks(scheme, false), decoder: spaceMarkDecoder(true) };
    },
  },
  XGLMTokenizer: {
    ...{ model: 'Unigram', byteLevel: false },
    special: { ...threeSpecial, sep_token: '</s>', cls_token: '<s>', pad_token: '<pad>' },
    options: () => ({ unk_id: 3, byte_fallback: false }),
    steps: ({ addPrefixSpace, precompiled }) => {
      const scheme = (addPrefixSpace ?? true) ? 'always' : 'never';
      const joinSpaces = { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' };
      return {
        normalizer: { type: 'Sequence', normalizers: precompiled ? [precompiled, joinSpaces] : [joinSpaces] },
        pre_tokenizer: spaceMarks(scheme, true),
        decoder: { type: 'Metaspace', replacement: SPACE_MARK, prepend_scheme: scheme, split: true },
      };
    },
  },
};
