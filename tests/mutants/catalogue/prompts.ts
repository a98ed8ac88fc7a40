import { type Mutant, mutantsOf } from '../mutant.ts';

/** From rows of a dataset to prompts: files, labels, templates, selection, order, context. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf({ file: 'apps/bench/src/tasks/dataset.ts', tests: ['apps/bench/src/tasks/dataset.test.ts'] }, [
    {
      id: 'dataset-splits-swapped',
      kind: 'wrong split',
      find: 'readSplit(files.validation, task, hint, warn)',
      replace: 'readSplit(files.train, task, hint, warn)',
    },
  ]),
  ...mutantsOf(
    { file: 'apps/bench/src/tasks/dataset.ts', tests: ['apps/bench/src/tasks/formats/formats.test.ts'] },
    [
      {
        id: 'dataset-first-file',
        kind: 'shards dropped',
        find: 'examples: examples.flat()',
        replace: 'examples: examples[0]!',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/tasks/formats/delimited.ts',
      tests: ['apps/bench/src/tasks/formats/formats.test.ts'],
    },
    [
      {
        id: 'csv-crlf',
        kind: 'CRLF kept',
        find: "record_delimiter: ['\\r\\n', '\\n']",
        replace: "record_delimiter: ['\\n']",
      },
      {
        id: 'csv-quote-tsv',
        kind: 'quotes in TSV',
        find: "quote: delimiter === ',' ? '\"' : null",
        replace: "quote: '\"'",
      },
      { id: 'csv-untyped', kind: 'labels as texts', find: 'untyped: true', replace: 'untyped: false' },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/src/tasks/formats/json.ts', tests: ['apps/bench/src/tasks/dataset.test.ts'] },
    [
      {
        id: 'jsonl-blank-skipped',
        kind: 'empty lines skipped',
        find: 'for (const line of splitAtLineFeeds(bytes)) rows',
        replace: 'for (const line of splitAtLineFeeds(bytes)) if (line.length > 0) rows',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/src/tasks/formats/lines.ts', tests: ['apps/bench/src/tasks/dataset.test.ts'] },
    [
      {
        id: 'jsonl-bom',
        kind: 'byte order mark kept',
        find: '? bytes.subarray(BYTE_ORDER_MARK.length)',
        replace: '? bytes',
      },
    ],
  ),
  ...mutantsOf({ file: 'apps/bench/src/tasks/locate.ts', tests: ['apps/bench/src/tasks/dataset.test.ts'] }, [
    {
      id: 'locate-own-ignored',
      kind: 'wrong files',
      find: "if (own && 'files' in own) return own.files;",
      replace: "if (own && 'files' in own && data === undefined) return own.files;",
    },
  ]),
  ...mutantsOf(
    {
      file: 'apps/bench/src/tasks/prompts/context.ts',
      tests: ['apps/bench/src/tasks/prompts/context.test.ts'],
    },
    [
      {
        id: 'context-cut-off-by-one',
        kind: 'off by one',
        find: 'grown + longest >= limits.contextLength',
        replace: 'grown + longest > limits.contextLength',
      },
      {
        id: 'context-eos-uncounted',
        kind: 'off by one',
        find: 'length + tokens.length + 1;',
        replace: 'length + tokens.length;',
      },
      {
        id: 'context-skip',
        kind: 'later demonstrations in the context',
        find: '>= limits.contextLength) break;',
        replace: '>= limits.contextLength) continue;',
      },
      {
        id: 'context-wrong-end',
        kind: 'context cut at the wrong end',
        find: 'demonstrations.slice(0, used)',
        replace: 'demonstrations.slice(demonstrations.length - used)',
      },
      {
        id: 'longest-first-option',
        kind: 'longest option ignored',
        find: 'for (const option of options) longest',
        replace: 'for (const option of options.slice(0, 1)) longest',
      },
      {
        id: 'longest-no-bos',
        kind: 'off by one',
        find: '1 + tokens.length + option.length',
        replace: 'tokens.length + option.length',
      },
      {
        id: 'fits-longest',
        kind: 'off by one',
        find: 'if (longest > limits.contextLength)',
        replace: 'if (longest >= limits.contextLength)',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'packages/methods/src/prompt-encoder.ts',
      tests: ['apps/bench/src/tasks/prompts/encode.test.ts'],
    },
    [
      {
        id: 'label-no-space',
        kind: 'leading space dropped',
        find: 'encode(`${line} ${word}`)',
        replace: 'encode(`${line}${word}`)',
      },
      {
        id: 'label-trimmed',
        kind: 'label words trimmed',
        find: 'encode(`${line} ${word}`)',
        replace: 'encode(`${line} ${word.trim()}`)',
      },
      {
        id: 'eos-between-lines',
        kind: 'separator dropped',
        find: '[...tokenizer.encode(line), separator(eosTokenId, name)]',
        replace: 'tokenizer.encode(line)',
      },
      {
        id: 'label-alone',
        kind: 'label word encoded by itself',
        find: 'return joint.slice(tokens.length);',
        replace: 'return tokenizer.encode(` ${word}`);',
      },
      {
        id: 'label-same-tokens',
        kind: 'equal options accepted',
        find: 'requireDistinct(options, labelWords, name);',
        replace: '',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'packages/methods/src/prompt-encoder.ts',
      tests: ['apps/bench/src/tasks/prompts/encode.test.ts'],
    },
    [
      {
        id: 'demonstration-option-0',
        kind: 'label by its wrong option',
        find: 'const option = options[answer] as',
        replace: 'const option = options[0] as',
      },
      {
        id: 'demonstration-first-token',
        kind: 'label by its wrong token',
        find: 'tokens: [...tokens, ...option]',
        replace: 'tokens: [...tokens, option[0] as number]',
      },
      {
        id: 'demonstration-eos',
        kind: 'EOS kept in training',
        find: 'tokens: [...tokens, ...option]',
        replace: 'tokens: [...tokens, ...option, 2]',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/tasks/prompts/prepare-run.ts',
      tests: ['apps/bench/src/tasks/prompts/prepare-run.test.ts'],
    },
    [
      {
        id: 'prepare-gold',
        kind: 'wrong rows',
        find: 'gold: evaluated.map(({ label }) => label)',
        replace: 'gold: dataset.validation.slice(0, evaluated.length).map(({ label }) => label)',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/tasks/prompts/choose-demonstrations.ts',
      tests: ['apps/bench/src/tasks/prompts/choose-demonstrations.test.ts'],
    },
    [
      {
        id: 'prepare-permutation-gd-only',
        kind: 'permutation ignored in the context',
        find: 'const trainRows = selectDemonstrations(selection);',
        replace: 'const trainRows = selectDemonstrations({ ...selection, permutation: 0 });',
      },
      {
        id: 'prepare-permutation-icl-only',
        kind: 'permutation ignored in training',
        find: 'selectDemonstrations({ ...selection, order: options.fineTuningOrder })',
        replace: 'selectDemonstrations({ ...selection, permutation: 0 })',
      },
      {
        id: 'disjoint-in-order',
        kind: 'wrong order',
        find: 'const ownOrder = choice.disjoint ? 0 : options.permutation;',
        replace: 'const ownOrder = options.permutation;',
      },
      {
        id: 'drawn-in-order-shown',
        kind: 'draws follow the order',
        find: 'const drawn = selectDemonstrations({ ...selection, permutation: ownOrder });',
        replace: 'const drawn = trainRows;',
      },
      {
        id: 'disjoint-same',
        kind: 'wrong demonstrations',
        find: 'skipped: choice.disjoint ? shots : 0,',
        replace: 'skipped: 0,',
      },
      {
        id: 'matched-all',
        kind: 'option ignored',
        find: '!options.matchedDemonstrations || fitting.has(row)',
        replace: 'true',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/tasks/prompts/selection.ts',
      tests: ['apps/bench/src/tasks/prompts/prepare-run.test.ts'],
    },
    [
      {
        id: 'validation-seed',
        kind: 'wrong seed',
        find: 'const VALIDATION_SEED = 1;',
        replace: 'const VALIDATION_SEED = 0;',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/tasks/prompts/selection.ts',
      tests: ['apps/bench/src/tasks/prompts/selection.test.ts'],
    },
    [
      {
        id: 'permutation-ignored',
        kind: 'permutation ignored',
        find: 'if (permutation === 0) return rows;',
        replace: 'return rows;\n',
      },
      {
        id: 'permutation-seed',
        kind: 'seed ignored',
        find: 'new LegacyMt19937(seed)',
        replace: 'new LegacyMt19937(0)',
      },
      {
        id: 'permutation-draws-one-less',
        kind: 'off by one',
        find: 'draw <= taken',
        replace: 'draw < taken',
      },
      {
        id: 'selection-seed',
        kind: 'seed ignored',
        find: 'new Pcg64(seed).permutation(trainRows)',
        replace: 'new Pcg64(0).permutation(trainRows)',
      },
      {
        id: 'selection-first-n',
        kind: 'not shuffled',
        find: 'new Pcg64(seed).permutation(trainRows).slice(skipped, skipped + shots)',
        replace: 'Array.from({ length: trainRows }, (_, i) => i).slice(skipped, skipped + shots)',
      },
      {
        id: 'order-inverse',
        kind: 'transposed',
        find: 'order.map((place) => rows[place]!)',
        replace: 'rows.map((_, place) => rows[order.indexOf(place)]!)',
      },
      {
        id: 'released-ignored',
        kind: 'order ignored',
        find: "(whose === 'released' ? PERMUTATION_DRAWS : 0)",
        replace: '0',
      },
      {
        id: 'validation-max',
        kind: 'limit ignored',
        find: 'Math.min(examples, MAX_EXAMPLES)',
        replace: 'examples',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'packages/methods/src/split-lines.ts',
      tests: ['packages/methods/src/split-lines.test.ts'],
    },
    [
      {
        id: 'lines-empty-kept',
        kind: 'empty lines kept',
        find: ".filter((line) => line !== '')",
        replace: '',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/tasks/prompts/template.ts',
      tests: ['apps/bench/src/tasks/prompts/template.test.ts'],
    },
    [
      {
        id: 'template-order',
        kind: 'order of fields',
        find: 'of task.fields) text',
        replace: 'of task.fields.toReversed()) text',
      },
      {
        id: 'template-dollar',
        kind: 'text taken for a pattern',
        find: "() => fields[field] ?? '')",
        replace: "fields[field] ?? '')",
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/tasks/layout/readme-configs.ts',
      tests: ['apps/bench/src/tasks/layout/split-files.test.ts'],
    },
    [
      {
        id: 'readme-dir-slash',
        kind: 'wrong folder',
        find: "directory?.replaceAll(/^\\.(\\/|$)|\\/$/g, '')",
        replace: 'directory',
      },
      {
        id: 'readme-field-ignored',
        kind: 'files read otherwise',
        find: '!usual && !harmless.includes(value)',
        replace: '!usual && harmless.includes(value)',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/src/tasks/row-schema.ts', tests: ['apps/bench/src/tasks/dataset.test.ts'] },
    [
      {
        id: 'label-max',
        kind: 'off by one',
        find: 'task.classes.length - 1',
        replace: 'task.classes.length',
      },
      {
        id: 'label-source-last',
        kind: 'wrong label field',
        find: 'labels.find(has)',
        replace: 'labels.findLast(has)',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/src/tasks/row-schema.ts', tests: ['apps/bench/src/tasks/formats/formats.test.ts'] },
    [
      {
        id: 'label-mapped-raw',
        kind: 'labels by their order',
        find: 'Object.hasOwn(values, String(value))) return values[String(value)]',
        replace: 'Object.hasOwn(values, String(value))) return Object.keys(values).indexOf(String(value))',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/src/tasks/row-schema.ts', tests: ['apps/bench/src/tasks/task-file.test.ts'] },
    [
      {
        id: 'column-ignored',
        kind: 'wrong column',
        find: '? (task.columns[field] as string) : field',
        replace: '? field : field',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/tasks/layout/split-files.ts',
      tests: ['apps/bench/src/tasks/layout/split-files.test.ts'],
    },
    [
      {
        id: 'split-unsorted',
        kind: 'shards out of order',
        find: 'return own.toSorted()',
        replace: 'return own',
      },
      {
        id: 'split-others-unsaid',
        kind: 'other files than Python without a word',
        find: "others.join('\\n') === found.join('\\n')",
        replace: "others.join('\\n') !== found.join('\\n')",
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/tasks/layout/split-names.ts',
      tests: ['apps/bench/src/tasks/layout/split-files.test.ts'],
    },
    [
      {
        id: 'split-synonym-order',
        kind: 'test taken for validation',
        find: "['validation', ['validation', 'valid', 'dev', 'val']],",
        replace: "['validation', ['validation', 'valid', 'dev', 'val', 'test']],",
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/tasks/layout/python-layout.ts',
      tests: ['apps/bench/src/tasks/layout/python-layouts.test.ts'],
    },
    [
      {
        id: 'python-names-first',
        kind: 'files by other names',
        find: '[FOLDER_PATTERNS, NAME_PATTERNS]) {',
        replace: '[NAME_PATTERNS, FOLDER_PATTERNS]) {',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/src/tasks/task-file.ts', tests: ['apps/bench/src/tasks/task-file.test.ts'] },
    [
      {
        id: 'task-permutations-default',
        kind: 'wrong default',
        find: 'permutations ?? defaults.seeds.map(() => 0)',
        replace: 'permutations ?? defaults.seeds.map((_, i) => i)',
      },
      {
        id: 'task-relative',
        kind: 'wrong folder',
        find: 'resolve(dirname(resolve(path)), relative)',
        replace: 'resolve(relative)',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/tasks/agnews.yaml', tests: ['apps/bench/src/cli/presets/presets.test.ts'] },
    [{ id: 'agnews-rate', kind: 'wrong value', find: 'learning_rate: 0.2', replace: 'learning_rate: 0.02' }],
  ),
  ...mutantsOf({ file: 'apps/bench/tasks/agnews.yaml', tests: ['apps/bench/src/tasks/tasks.test.ts'] }, [
    {
      id: 'agnews-words',
      kind: 'label words swapped',
      find: '[World, Sports, Business, Technology]\nclasses',
      replace: '[World, Sports, Technology, Business]\nclasses',
    },
  ]),
];
