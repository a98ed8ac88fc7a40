import { type Mutant, mutantsOf } from '../mutant.ts';

const MODELS = 'packages/transformer/src/tokenizer/models/models.test.ts';
const ADDED = 'packages/transformer/src/tokenizer/added-tokens.test.ts';
const FILES = 'packages/transformer/src/tokenizer/files/auto-tokenizer.test.ts';

/** Text to tokens: pre-tokenization, models, special and added tokens, files of a tokenizer. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf(
    {
      file: 'packages/transformer/src/tokenizer/files/read-tokenizer.ts',
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
      file: 'packages/transformer/src/tokenizer/models/definition.ts',
      tests: ['packages/transformer/src/tokenizer/tokenizer.test.ts', MODELS],
    },
    [
      {
        id: 'model-type-lost',
        kind: 'wrong kind of model',
        find: 'return { type: modelType(model), ...model };',
        replace: "return { type: 'BPE', ...model };",
      },
      {
        id: 'merge-version-line',
        kind: 'option ignored',
        find: "if (typeof merge === 'string' && merge.startsWith('#version')) continue;",
        replace: '',
      },
    ],
  ),
  ...mutantsOf({ file: 'packages/transformer/src/tokenizer/models/bpe.ts', tests: [MODELS] }, [
    {
      id: 'merges-first-of-two',
      kind: 'duplicate merges',
      find: 'this.#ranks.set(this.#pair(left[rank]!, right[rank]!), rank);',
      replace:
        'if (!this.#ranks.has(this.#pair(left[rank]!, right[rank]!))) this.#ranks.set(this.#pair(left[rank]!, right[rank]!), rank);',
    },
    {
      id: 'merges-rightmost',
      kind: 'wrong order of merges',
      find: 'queue.push(rank * POSITIONS + left);',
      replace: 'queue.push(rank * POSITIONS + ids.length - left);',
    },
    {
      id: 'unknown-before-bytes',
      kind: 'wrong order',
      find: 'ids.push(...bytes);',
      replace: 'if (pending) ids.push(this.#unknown!); pending = false; ids.push(...bytes);',
    },
    {
      id: 'unknown-never-fused',
      kind: 'option ignored',
      find: 'if (pending && !fuse) ids.push(this.#unknown);',
      replace: 'if (pending) ids.push(this.#unknown);',
    },
    {
      id: 'whole-pieces-merged',
      kind: 'option ignored',
      find: 'if (this.#definition.ignore_merges) {',
      replace: 'if (false) {',
    },
  ]),
  ...mutantsOf({ file: 'packages/transformer/src/tokenizer/models/unigram.ts', tests: [MODELS] }, [
    {
      id: 'unigram-penalty',
      kind: 'wrong constant',
      find: 'const UNKNOWN_PENALTY = 10;',
      replace: 'const UNKNOWN_PENALTY = 0;',
    },
    {
      id: 'unigram-last-of-equals',
      kind: 'ties resolved otherwise',
      find: '!(sum > best[end]!)',
      replace: '!(sum >= best[end]!)',
    },
    {
      id: 'unigram-not-fused',
      kind: 'unknown characters apart',
      find: 'if (unknown !== null && tokens[end] === unknown) continue;',
      replace: '',
    },
  ]),
  ...mutantsOf({ file: 'packages/transformer/src/tokenizer/models/words.ts', tests: [MODELS] }, [
    {
      id: 'unknown-zero',
      kind: 'unknown taken for token 0',
      find: 'return id === undefined ? this.#unknown : [id];',
      replace: 'return [id ?? 0];',
    },
    {
      id: 'word-length',
      kind: 'off by one',
      find: 'if (characters.length > most) return this.#unknown;',
      replace: 'if (characters.length >= most) return this.#unknown;',
    },
  ]),
  ...mutantsOf({ file: 'packages/transformer/src/tokenizer/added-tokens.ts', tests: [ADDED] }, [
    {
      id: 'specials-recognised',
      kind: 'special tokens seen in texts',
      find: 'if (token.special || inWord) continue;',
      replace: 'if (inWord) continue;',
    },
    {
      id: 'single-word-ignored',
      kind: 'option ignored',
      find: 'if (token.special || inWord) continue;',
      replace: 'if (token.special) continue;',
    },
    {
      id: 'normalizer-dropped',
      kind: 'normalizer ignored',
      find: '.cut(this.#steps.normalize(part.text))',
      replace: '.cut(part.text)',
    },
    {
      id: 'added-form-not-normalized',
      kind: 'normalizer ignored',
      find: 'normalized.map(({ content }) => steps.normalize(content))',
      replace: 'normalized.map(({ content }) => content)',
    },
    {
      id: 'removed-beginning-ignored',
      kind: 'normalizer ignored',
      find: 'part.start === 0 && this.#steps.keepsStart(part.text)',
      replace: 'part.start === 0',
    },
    {
      id: 'white-space-taken-twice',
      kind: 'option ignored',
      find: 'if (start === end) continue;',
      replace: '',
    },
    {
      id: 'rstrip-ignored',
      kind: 'option ignored',
      find: 'if (token.rstrip) end = spaceAfter(text, end);',
      replace: '',
    },
  ]),
  ...mutantsOf({ file: 'packages/transformer/src/tokenizer/files/added.ts', tests: [FILES] }, [
    {
      id: 'special-by-name-ignored',
      kind: 'file ignored',
      find: 'special: token.special || named.includes(token.content)',
      replace: 'special: token.special',
    },
    {
      id: 'special-map-beside-decoder',
      kind: 'file read that does not count',
      find: 'settings.added_tokens_decoder === undefined ? specialTokensMap : {}',
      replace: 'specialTokensMap',
    },
    {
      id: 'added-tokens-of-json-dropped',
      kind: 'file ignored',
      find: 'for (const { id, ...token } of base) byId.set(id, token);',
      replace: '',
    },
  ]),
  ...mutantsOf({ file: 'packages/transformer/src/tokenizer/files/tokenizer-class.ts', tests: [FILES] }, [
    {
      id: 'registered-class-never-counts',
      kind: 'wrong class',
      find: 'named === undefined || isClassFixed(modelType)',
      replace: 'named === undefined',
    },
  ]),
  ...mutantsOf({ file: 'packages/transformer/src/tokenizer/files/rebuilt.ts', tests: [FILES] }, [
    {
      id: 'legacy-ignored',
      kind: 'option ignored',
      find: "(legacy ? 'always' : 'first')",
      replace: "'first'",
    },
    {
      id: 'prefix-space-of-settings-ignored',
      kind: 'option ignored',
      find: 'add_prefix_space: addPrefixSpace ?? false',
      replace: 'add_prefix_space: false',
    },
  ]),
  ...mutantsOf(
    {
      file: 'packages/transformer/src/tokenizer/files/read-tokenizer.ts',
      tests: ['packages/transformer/src/tokenizer/tokenizer.test.ts'],
    },
    [
      {
        id: 'vocab-preferred',
        kind: 'wrong file',
        find: "if (await has('tokenizer.json'))",
        replace: "if (!(await has('merges.txt')) && (await has('tokenizer.json')))",
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
        id: 'added-dropped',
        kind: 'added tokens ignored',
        find: 'new AddedTokens(added, ',
        replace: 'new AddedTokens([], ',
      },
      {
        id: 'vocab-size-of-model',
        kind: 'added tokens not counted',
        find: 'added.reduce((size, { id }) => Math.max(size, id + 1), model.tokens.length)',
        replace: 'model.tokens.length',
      },
    ],
  ),
];
