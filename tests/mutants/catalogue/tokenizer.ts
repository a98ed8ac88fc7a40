import { type Mutant, mutantsOf } from '../mutant.ts';

/** Text to tokens: pre-tokenization, special and added tokens, files of a tokenizer. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf(
    {
      file: 'packages/transformer/src/tokenizer/byte-level.ts',
      tests: ['byte-level', 'tokenizer'].map((name) => `packages/transformer/src/tokenizer/${name}.test.ts`),
    },
    [
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
        id: 'vocab-preferred',
        kind: 'wrong file',
        find: 'if (await fileExists(single)) {',
        replace: "if (await fileExists(join(directory, 'merges.txt')) ? false : await fileExists(single)) {",
      },
    ],
  ),
];
