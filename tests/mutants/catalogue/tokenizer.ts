import { type Mutant, mutantsOf } from '../mutant.ts';

/** Text to tokens: pre-tokenization, special and added tokens, files of a tokenizer. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf(
    {
      file: 'packages/transformer/src/tokenizer/byte-level.ts',
      tests: ['byte-level', 'tokenizer'].map((name) => `packages/transformer/src/tokenizer/${name}.test.ts`),
    },
    [
      {
        id: 'gpt2-contraction',
        kind: 'contraction forgotten',
        find: "'s|'t|'re|'ve|'m|'ll|'d|",
        replace: "'s|'t|'re|'ve|'m|'d|",
      },
      {
        id: 'gpt2-numbers',
        kind: 'numbers joined to punctuation',
        find: '| ?\\p{N}+| ?[^\\p{White_Space}\\p{L}\\p{N}]+',
        replace: '| ?[^\\p{White_Space}\\p{L}]+',
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
        find: '\\p{White_Space}+(?!\\P{White_Space})|',
        replace: '',
      },
      {
        id: 'prefix-space-always',
        kind: 'prefix space always',
        find: "if (step['add_prefix_space'] === true) {",
        replace: 'if (true) {',
      },
      {
        id: 'prefix-space-never',
        kind: 'prefix space never',
        find: "if (step['add_prefix_space'] === true) {",
        replace: 'if (false) {',
      },
      {
        id: 'use-regex-ignored',
        kind: 'option ignored',
        find: "step.type !== 'ByteLevel' || step['use_regex'] === false",
        replace: "step.type !== 'ByteLevel'",
      },
      {
        id: 'nested-not-expanded',
        kind: 'nested steps ignored',
        find: 'step.pretokenizers.map(expandByteLevel)',
        replace: '[...step.pretokenizers]',
      },
      { id: 'merges-crlf', kind: 'CRLF kept', find: 'split(/\\r?\\n/)', replace: "split('\\n')" },
      {
        id: 'merges-comments',
        kind: 'merges dropped',
        find: "!line.startsWith('#version')",
        replace: "!line.startsWith('#')",
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'packages/transformer/src/tokenizer/definition.ts',
      tests: ['packages/transformer/src/tokenizer/tokenizer.test.ts'],
    },
    [
      {
        id: 'split-inverted',
        kind: 'option ignored',
        find: "(behavior !== 'Isolated' || invert === true)",
        replace: "behavior !== 'Isolated'",
      },
      {
        id: 'model-type-lost',
        kind: 'wrong kind of model',
        find: 'model: { type: modelType(model), ...model }',
        replace: "model: { type: 'BPE', ...model }",
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'packages/transformer/src/tokenizer/tokenizer.ts',
      tests: ['packages/transformer/src/tokenizer/tokenizer.test.ts'],
    },
    [
      {
        id: 'specials-recognised',
        kind: 'special tokens seen in texts',
        find: 'rest.added_tokens.filter(({ special }) => special !== true)',
        replace: 'rest.added_tokens',
      },
      {
        id: 'added-dropped',
        kind: 'added tokens ignored',
        find: 'rest.added_tokens.filter(({ special }) => special !== true)',
        replace: '[]',
      },
      {
        id: 'post-processor',
        kind: 'BOS added',
        find: 'post_processor: null,',
        replace: 'post_processor: (rest as never as {post_processor: never}).post_processor,',
      },
      {
        id: 'normalizer-dropped',
        kind: 'normalizer ignored',
        find: 'normalizer: rest.normalizer,',
        replace: 'normalizer: null,',
      },
      {
        id: 'unknown-zero',
        kind: 'unknown taken for token 0',
        find: 'this.#ids.get(token) ?? this.#unknownId;',
        replace: 'this.#ids.get(token) ?? this.#unknownId ?? 0;',
      },
      {
        id: 'unknown-falsy',
        kind: 'token 0 taken for none',
        find: 'this.#ids.get(token) ?? this.#unknownId;',
        replace: 'this.#ids.get(token) || this.#unknownId;',
      },
      {
        id: 'vocab-size-of-model',
        kind: 'added tokens not counted',
        find: 'this.vocabSize = this.#tokens.length;',
        replace: 'this.vocabSize = this.#ids.size;',
      },
      {
        id: 'cleanup-spaces',
        kind: 'spaces cleaned up',
        find: 'clean_up_tokenization_spaces: false',
        replace: 'clean_up_tokenization_spaces: true',
      },
      {
        id: 'decoder-added',
        kind: 'added tokens not decoded',
        find: 'if (this.#library.decoder)\n      this.#library.decoder.added_tokens = added.map((token) => new AddedToken(token));',
        replace: '',
      },
      {
        id: 'vocab-preferred',
        kind: 'wrong file',
        find: 'if (await fileExists(single)) {',
        replace: "if (await fileExists(join(directory, 'merges.txt')) ? false : await fileExists(single)) {",
      },
    ],
  ),
];
