import { type Mutant, mutantsOf } from '../mutant.ts';

/** What is put before the model and which of its numbers are taken: probes, learners, predictions, probes on disk. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/probe-file.ts',
      tests: ['apps/bench/src/experiment/record-store.test.ts'],
    },
    [
      {
        id: 'probe-file-finite',
        kind: 'damaged record trusted',
        find: 'if (!outputs.every(Number.isFinite)) throw',
        replace: 'if (false) throw',
      },
      {
        id: 'probe-file-count',
        kind: 'damaged record trusted',
        find: 'outputs.length !== validationRows.length * size || predictions.length !== validationRows.length',
        replace: 'outputs.length !== validationRows.length * size',
      },
      {
        id: 'probe-file-first-example',
        kind: 'wrong example',
        find: 'probes.map(({ attentionOutput }) => attentionOutput)',
        replace: 'probes.map(() => (probes[0] as Probe).attentionOutput)',
      },
      {
        id: 'probe-file-read-subarray',
        kind: 'wrong offset',
        find: 'outputs.subarray(i * size, (i + 1) * size)',
        replace: 'outputs.subarray(0, size)',
      },
      {
        id: 'probe-file-predictions',
        kind: 'wrong row',
        find: '(predictions[i] as PredictionRecord)',
        replace: '(predictions[0] as PredictionRecord)',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'packages/methods/src/predictions.ts',
      tests: ['apps/bench/src/experiment/probe-setting.test.ts'],
    },
    [
      {
        id: 'predict-last-on-tie',
        kind: 'last of equals',
        find: 'value > (optionLogProbs[best] as number) ? i : best',
        replace: 'value >= (optionLogProbs[best] as number) ? i : best',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/src/experiment/setting.ts', tests: ['apps/bench/src/experiment/setting.test.ts'] },
    [
      {
        id: 'zsl-sees-demonstrations',
        kind: 'wrong demonstrations',
        find: "if (needs === 'none') return [];",
        replace: '',
      },
      {
        id: 'gd-order-of-context',
        kind: 'permutation ignored',
        find: "if (needs === 'all') return given.fineTuningDemonstrations;",
        replace: "if (needs === 'all') return given.demonstrations;",
      },
      {
        id: 'icl-all-demos',
        kind: 'context not cut',
        find: 'given.demonstrations.slice(0, given.context.demonstrations)',
        replace: 'given.demonstrations',
      },
      {
        id: 'icl-last-demos',
        kind: 'context cut at the wrong end',
        find: 'given.demonstrations.slice(0, given.context.demonstrations)',
        replace: 'given.demonstrations.slice(-given.context.demonstrations)',
      },
      {
        id: 'gd-only-context-demos',
        kind: 'wrong demonstrations',
        find: "if (needs === 'all') return given.fineTuningDemonstrations;",
        replace:
          "if (needs === 'all') return given.fineTuningDemonstrations.slice(0, given.context.demonstrations);",
      },
      {
        id: 'choice-ignored',
        kind: 'wrong demonstrations',
        find: 'const given = demonstrationsOf(prepared, setting.demonstrations);',
        replace: 'const given = demonstrationsOf(prepared, {});',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/probe-setting.ts',
      tests: ['apps/bench/src/experiment/probe-setting.test.ts'],
    },
    [
      {
        id: 'losses-for-norms',
        kind: 'columns swapped',
        find: 'gradientNorms: [...step.gradientNorms],',
        replace: 'gradientNorms: [...step.losses],',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/take-in.ts',
      tests: ['apps/bench/src/experiment/probe-setting.test.ts'],
    },
    [
      {
        id: 'learner-options-dropped',
        kind: 'options ignored',
        find: 'learnerOptions: options,',
        replace: 'learnerOptions: {},',
      },
      {
        id: 'nonfinite-training-first',
        kind: 'divergence not noticed',
        find: 'for (const values of [losses, gradientNorms, releasedGradientNorms ?? []])',
        replace: 'for (const values of [losses])',
      },
      {
        id: 'rate-known-to-all',
        kind: 'stale record',
        find: '...(takesRate(setting) && learningRate !== null ? { learningRate } : {}),',
        replace: '...(learningRate === null ? {} : { learningRate }),',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/lockstep/trainings.ts',
      tests: ['apps/bench/src/experiment/lockstep/trainings.test.ts'],
    },
    [
      {
        id: 'lockstep-held-not-counted',
        kind: 'leak',
        find: '    this.#room.hold(together.filter(isHeld).length);',
        replace: '    this.#room.hold(0);',
      },
      {
        id: 'lockstep-of-another-model',
        kind: 'stale result',
        find: 'if (!own || (this.#model ??= model) !== model)',
        replace: 'if (!own)',
      },
      {
        id: 'lockstep-rate-ignored',
        kind: 'stale result',
        find: 'const told = [learningRate, releasedNorms,',
        replace: 'const told = [releasedNorms,',
      },
    ],
  ),
  ...mutantsOf({ file: 'packages/methods/src/training/train.ts', tests: ['tests/parity.test.ts'] }, [
    {
      id: 'gd-keeps-eos',
      kind: 'EOS kept in training',
      find: '[bosTokenId, ...tokens],',
      replace: "[bosTokenId, ...tokens, specialToken(config, 'eosTokenId', name)],",
    },
    {
      id: 'gd-no-bos',
      kind: 'BOS dropped',
      find: '[bosTokenId, ...tokens],',
      replace: '[...tokens],',
    },
    {
      id: 'gd-reversed',
      kind: 'order reversed',
      find: 'demonstrations.map(({ tokens, answerLength }',
      replace: 'demonstrations.toReversed().map(({ tokens, answerLength }',
    },
    {
      id: 'gd-first-only',
      kind: 'off by one',
      find: 'demonstrations.map(({ tokens, answerLength }',
      replace: 'demonstrations.slice(0, -1).map(({ tokens, answerLength }',
    },
  ]),
  ...mutantsOf(
    {
      file: 'packages/methods/src/learners/in-context.ts',
      tests: ['apps/bench/src/tasks/prompts/context.test.ts'],
    },
    [
      {
        id: 'context-no-eos',
        kind: 'EOS dropped',
        find: '[...tokens, eosTokenId])',
        replace: '[...tokens])',
      },
      {
        id: 'context-reversed',
        kind: 'order reversed',
        find: '...demonstrations.flatMap',
        replace: '...demonstrations.toReversed().flatMap',
      },
      {
        id: 'context-no-bos',
        kind: 'BOS dropped',
        find: '[bosTokenId, ...demonstrations.flatMap',
        replace: '[...demonstrations.flatMap',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'packages/methods/src/probe-plan.ts', tests: ['packages/methods/src/probe-plan.test.ts'] },
    [
      {
        id: 'label-probe-option-1',
        kind: 'wrong token of the label',
        find: '...(query.options[0] ?? [])];',
        replace: '...(query.options[1] ?? [])];',
      },
      {
        id: 'label-probe-first-token',
        kind: 'wrong token of the label',
        find: '...(query.options[0] ?? [])];',
        replace: '...(query.options[0]?.slice(0, 1) ?? [])];',
      },
      {
        id: 'probe-row-one-late',
        kind: 'wrong row of the probe',
        find: "(probeToken === 'label' ? withLabel : start).length - 1",
        replace: "(probeToken === 'label' ? withLabel : start).length",
      },
      {
        id: 'probe-row-one-early',
        kind: 'wrong row of the probe',
        find: "(probeToken === 'label' ? withLabel : start).length - 1",
        replace: "(probeToken === 'label' ? withLabel : start).length - 2",
      },
      {
        id: 'probe-tokens-swapped',
        kind: 'wrong row of the probe',
        find: "(probeToken === 'label' ? withLabel : start).length - 1",
        replace: "(probeToken === 'prompt' ? withLabel : start).length - 1",
      },
      {
        id: 'first-key-includes-bos',
        kind: 'BOS among the keys',
        find: 'firstKey: before.length',
        replace: 'firstKey: 0',
      },
      {
        id: 'option-row-off',
        kind: 'off by one',
        find: 'row: start.length - 1 + i, token',
        replace: 'row: start.length + i, token',
      },
      {
        id: 'option-row-same',
        kind: 'wrong row of an option',
        find: 'row: start.length - 1 + i, token',
        replace: 'row: start.length - 1, token',
      },
      {
        id: 'sort-short-first',
        kind: 'order ignored',
        find: 'sort((a, b) => b.length - a.length)',
        replace: 'sort((a, b) => a.length - b.length)',
      },
      {
        id: 'prefix-not-compared',
        kind: 'wrong sequence',
        find: 'short.every((token, i) => token === long[i])',
        replace: 'short.length <= long.length',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'packages/methods/src/probe-queries.ts',
      tests: ['apps/bench/src/experiment/probed-settings.test.ts'],
    },
    [
      {
        id: 'budget-ge',
        kind: 'off by one',
        find: 'used + tokens > tokenBudget',
        replace: 'used + tokens >= tokenBudget',
      },
      {
        id: 'finite-not-checked-scores',
        kind: 'divergence not noticed',
        find: 'areFinite(attentionOutput) && areFinite(attentionScores)',
        replace: 'areFinite(attentionOutput)',
      },
      {
        id: 'finite-not-checked-logprobs',
        kind: 'divergence not noticed',
        find: '![...optionLogProbs, ...(nextTokens?.logProbs ?? [])].every(Number.isFinite)',
        replace: '![...(nextTokens?.logProbs ?? [])].every(Number.isFinite)',
      },
    ],
  ),
  ...mutantsOf({ file: 'packages/methods/src/probe-queries.ts', tests: ['tests/parity.test.ts'] }, [
    {
      id: 'logprob-not-divided',
      kind: 'not divided by tokens',
      find: 'return logProb / tokens.length;',
      replace: 'return logProb;',
    },
    {
      id: 'bos-before-prefix',
      kind: 'BOS doubled',
      find: "prefix ? [] : [specialToken(model.config, 'bosTokenId', model.name)]",
      replace: "[specialToken(model.config, 'bosTokenId', model.name)]",
    },
    {
      id: 'bos-left-out',
      kind: 'BOS dropped',
      find: "prefix ? [] : [specialToken(model.config, 'bosTokenId', model.name)]",
      replace: '[]',
    },
    {
      id: 'bos-is-eos',
      kind: 'wrong special token',
      find: "specialToken(model.config, 'bosTokenId', model.name)]",
      replace: "specialToken(model.config, 'eosTokenId', model.name)]",
    },
    {
      id: 'first-not-advanced',
      kind: 'wrong offset',
      find: 'first += plan.requests.length;',
      replace: 'first += 1;',
    },
  ]),
  ...mutantsOf({ file: 'packages/methods/src/probe-queries.ts', tests: ['tests/probing.test.ts'] }, [
    {
      id: 'query-length-heads',
      kind: 'wrong divisor',
      find: 'probe.attentionScores.length / (layers * heads)',
      replace: 'probe.attentionScores.length / layers',
    },
    {
      id: 'results-slice-batch',
      kind: 'wrong offset',
      find: 'results.slice(first, first + plan.requests.length)',
      replace: 'results.slice(0, plan.requests.length)',
    },
    {
      id: 'own-first-probe',
      kind: 'wrong row of the probe',
      find: 'own[i] as Probe',
      replace: 'own[0] as Probe',
    },
  ]),
];
