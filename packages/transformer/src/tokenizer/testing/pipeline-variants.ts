/** A component with one choice of its options, as in a tokenizer.json. */
export type Variant = readonly [name: string, definition: object];

const bool = [false, true];
const BEHAVIORS = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'];

/** Patterns of released models, and others with whatever else is supported. */
export const PATTERNS: readonly string[] = [
  // GPT-2
  String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  // Llama 3
  String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  // Qwen 2
  String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  // cl100k, o200k
  String.raw`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s`,
  String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  // DeepSeek
  String.raw`\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕ]+`,
  String.raw`\s?[!-/:-~！-／：-～‘-‟　-。]+`,
  String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_` +
    '`' +
    String.raw`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  // BLOOM, whose class has a parenthesis and a class inside
  ' ?[^(\\s|[.,!?…。，、।۔،])]+',
  // Falcon
  '[0-9][0-9][0-9]',
  String.raw`(?=(\d{3})+(?!\d))`,
  String.raw`\w+|[^\w\s]+`,
  String.raw`\W|[\W]`,
  String.raw`(\s)+`,
  String.raw`^\p{L}+|\d$|\A.|.\z`,
  String.raw`[[:punct:]]+|[[:alpha:]&&[^a-z\p{Han}]]|[^[:space:][:upper:]]{2,4}?|\h`,
  String.raw`(?<=\p{L})\p{P}|(?<!\S)[\p{Nd}]`,
  String.raw`(?>\s+)\S|(?:\p{L}\p{M}*)+?`,
  String.raw`x*|\x{2581}|\u00e9|\t|[\x41-\x5a]`,
  String.raw`(?i)don't|[k-m]+|hello`,
  '',
];

export const NORMALIZER_VARIANTS: readonly Variant[] = [
  ...['NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'StripAccents', 'Nmt', 'ByteLevel'].map((type): Variant => [
    type,
    { type },
  ]),
  ...bool.flatMap((left) =>
    bool.map((right): Variant => [
      `Strip ${left ? 'left' : ''} ${right ? 'right' : ''}`,
      { type: 'Strip', strip_left: left, strip_right: right },
    ]),
  ),
  ['Prepend', { type: 'Prepend', prepend: '\u{2581}' }],
  ['Replace string', { type: 'Replace', pattern: { String: ' ' }, content: '\u{2581}' }],
  ['Replace nothing', { type: 'Replace', pattern: { String: '' }, content: '_' }],
  ['Replace string with $', { type: 'Replace', pattern: { String: '.' }, content: '$&$1' }],
  ...PATTERNS.map((pattern, i): Variant => [
    `Replace regex ${i}`,
    { type: 'Replace', pattern: { Regex: pattern }, content: '_' },
  ]),
  ...bool.flatMap((clean) =>
    bool.flatMap((chinese) =>
      [...bool, null].flatMap((accents) =>
        bool.map((lower): Variant => [
          `BertNormalizer ${clean} ${chinese} ${accents} ${lower}`,
          {
            ...{ type: 'BertNormalizer', clean_text: clean, handle_chinese_chars: chinese },
            ...{ strip_accents: accents, lowercase: lower },
          },
        ]),
      ),
    ),
  ),
  [
    'Sequence',
    {
      type: 'Sequence',
      normalizers: [
        { type: 'NFKC' },
        { type: 'Lowercase' },
        { type: 'Sequence', normalizers: [{ type: 'StripAccents' }] },
      ],
    },
  ],
];

export const PRE_TOKENIZER_VARIANTS: readonly Variant[] = [
  ...bool.flatMap((prefix) =>
    bool.map((regex): Variant => [
      `ByteLevel ${prefix} ${regex}`,
      { type: 'ByteLevel', add_prefix_space: prefix, trim_offsets: true, use_regex: regex },
    ]),
  ),
  ...['always', 'first', 'never'].flatMap((scheme) =>
    [...bool, null].map((cuts): Variant => [
      `Metaspace ${scheme} ${cuts}`,
      { type: 'Metaspace', replacement: '\u{2581}', prepend_scheme: scheme, split: cuts },
    ]),
  ),
  ['Metaspace old', { type: 'Metaspace', replacement: '_', add_prefix_space: true, str_rep: '_' }],
  ...BEHAVIORS.map((behavior): Variant => [`Punctuation ${behavior}`, { type: 'Punctuation', behavior }]),
  ['Punctuation', { type: 'Punctuation' }],
  ...BEHAVIORS.flatMap((behavior) =>
    bool.flatMap((invert): Variant[] => [
      [`Split string ${behavior} ${invert}`, { type: 'Split', pattern: { String: ' ' }, behavior, invert }],
      [
        `Split regex ${behavior} ${invert}`,
        { type: 'Split', pattern: { Regex: PATTERNS[11] }, behavior, invert },
      ],
      [
        `Split sometimes empty ${behavior} ${invert}`,
        { type: 'Split', pattern: { Regex: 'a*' }, behavior, invert },
      ],
    ]),
  ),
  ['Split nothing', { type: 'Split', pattern: { String: '' }, behavior: 'Isolated', invert: false }],
  ...PATTERNS.map((pattern, i): Variant => [
    `Split pattern ${i}`,
    { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
  ]),
  ...bool.map((each): Variant => [`Digits ${each}`, { type: 'Digits', individual_digits: each }]),
  ...['Whitespace', 'WhitespaceSplit', 'BertPreTokenizer', 'FixedLength'].map((type): Variant => [
    type,
    { type },
  ]),
  ['CharDelimiterSplit', { type: 'CharDelimiterSplit', delimiter: 'a' }],
  ['FixedLength 3', { type: 'FixedLength', length: 3 }],
  [
    'Sequence',
    {
      type: 'Sequence',
      pretokenizers: [
        { type: 'WhitespaceSplit' },
        { type: 'Metaspace', replacement: '\u{2581}', prepend_scheme: 'always' },
        { type: 'Digits', individual_digits: true },
        { type: 'Sequence', pretokenizers: [{ type: 'Punctuation', behavior: 'Contiguous' }] },
        { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      ],
    },
  ],
];

export const DECODER_VARIANTS: readonly Variant[] = [
  ['ByteLevel', { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true }],
  ...bool.flatMap((cleanup): Variant[] => [
    [`WordPiece ${cleanup}`, { type: 'WordPiece', prefix: '##', cleanup }],
    [`CTC ${cleanup}`, { type: 'CTC', pad_token: '<pad>', word_delimiter_token: '|', cleanup }],
  ]),
  ...['always', 'first', 'never'].map((scheme): Variant => [
    `Metaspace ${scheme}`,
    { type: 'Metaspace', replacement: '\u{2581}', prepend_scheme: scheme, split: true },
  ]),
  ['BPEDecoder', { type: 'BPEDecoder', suffix: '</w>' }],
  ['Replace string', { type: 'Replace', pattern: { String: '\u{2581}' }, content: ' ' }],
  ['Replace regex', { type: 'Replace', pattern: { Regex: String.raw`\s+|^a` }, content: '$1_' }],
  ['ByteFallback', { type: 'ByteFallback' }],
  ['Fuse', { type: 'Fuse' }],
  ['Strip left', { type: 'Strip', content: ' ', start: 1, stop: 0 }],
  ['Strip left twice', { type: 'Strip', content: 'a', start: 2, stop: 0 }],
  [
    'Sequence',
    {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '\u{2581}' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
  ],
];
