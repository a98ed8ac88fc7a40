import { type Mutant, mutantsOf } from '../mutant.ts';

const SRC = 'packages/transformer/src';
const DECODER = `${SRC}/decoder`;
const FAMILIES_TEST = `${DECODER}/families.test.ts`;
const GRADIENT_TEST = `${DECODER}/loss-gradient.test.ts`;
const EVALUATE_TESTS = [`${DECODER}/evaluate.test.ts`, FAMILIES_TEST];

/** Passes through the decoder: positions, targets, what is recorded. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf({ file: `${DECODER}/pass.ts`, tests: EVALUATE_TESTS }, [
    {
      id: 'position-offset-of-prefix',
      kind: 'position offset',
      find: 'prefixLength + positionOffset + config.positions.offset',
      replace: 'positionOffset + config.positions.offset',
    },
    {
      id: 'position-offset-of-family',
      kind: 'position offset',
      find: 'prefixLength + positionOffset + config.positions.offset',
      replace: 'prefixLength + positionOffset',
    },
    {
      id: 'position-offset-ignored',
      kind: 'position offset',
      find: 'prefixLength + positionOffset + config.positions.offset',
      replace: 'prefixLength + config.positions.offset',
    },
    {
      id: 'attention-scale-of-pass',
      kind: 'missing scale',
      find: 'headDim, scale: attentionScale }',
      replace: 'headDim, scale: attentionScale ** 0 }',
    },
  ]),
  ...mutantsOf({ file: `${DECODER}/batch.ts`, tests: ['tests/decoder-identities.test.ts'] }, [
    {
      id: 'positions-through-batch',
      kind: 'position offset',
      find: 'this.positionIds = sequences.flatMap((tokens) => tokens.map((_, i) => firstPosition + i));',
      replace: 'this.positionIds = sequences.flat().map((_, i) => firstPosition + i);',
    },
  ]),
  ...mutantsOf({ file: `${DECODER}/positions.ts`, tests: EVALUATE_TESTS }, [
    {
      id: 'sinusoidal-frequencies',
      kind: 'position table',
      find: '/ (half - 1));',
      replace: '/ half);',
    },
    {
      id: 'sinusoidal-interleaved',
      kind: 'position table',
      find: 'table[row * dModel + i] = Math.sin(row * frequency);\n      table[row * dModel + half + i]',
      replace:
        'table[row * dModel + 2 * i] = Math.sin(row * frequency);\n      table[row * dModel + 2 * i + 1]',
    },
  ]),
  ...mutantsOf({ file: `${DECODER}/rotary-frequencies.ts`, tests: [FAMILIES_TEST] }, [
    {
      id: 'llama3-bounds-swapped',
      kind: 'rope rescaling',
      find: 'if (waves < low) return frequency / factor;\n  if (waves > high) return frequency;',
      replace: 'if (waves > high) return frequency / factor;\n  if (waves < low) return frequency;',
    },
    {
      id: 'llama3-mix',
      kind: 'rope rescaling',
      find: 'return frequency * (kept + (1 - kept) / factor);',
      replace: 'return frequency * (1 - kept + kept / factor);',
    },
    {
      id: 'yarn-amplitude',
      kind: 'rope rescaling',
      find: 'amplitude: rescaling.amplitude,',
      replace: 'amplitude: 1,',
    },
    {
      id: 'yarn-ramp',
      kind: 'rope rescaling',
      find: 'return frequency * (1 - interpolated + interpolated / rescaling.factor);',
      replace: 'return frequency * (interpolated + (1 - interpolated) / rescaling.factor);',
    },
    {
      id: 'yarn-rounding',
      kind: 'rope rescaling',
      find: 'Math.max(truncate ? Math.floor(fast) : fast, 0)',
      replace: 'Math.max(truncate ? Math.ceil(fast) : fast, 0)',
    },
    {
      id: 'linear-factor-multiplies',
      kind: 'rope rescaling',
      find: 'frequency / rescaling.factor),',
      replace: 'frequency * rescaling.factor),',
    },
    {
      id: 'rotary-frequency-exponent',
      kind: 'rotary pairs',
      find: 'theta ** ((-2 * i) / size));',
      replace: 'theta ** (-i / size));',
    },
  ]),
  ...mutantsOf({ file: `${DECODER}/targets.ts`, tests: [`${SRC}/fine-tuning.test.ts`, GRADIENT_TEST] }, [
    {
      id: 'target-of-the-same-row',
      kind: 'off-by-one mask',
      find: 'rows.push(start + i - 1);',
      replace: 'rows.push(start + i);',
    },
    {
      id: 'targets-skip-first',
      kind: 'off-by-one mask',
      find: 'for (let i = 1; i < sequence.length; i++) {',
      replace: 'for (let i = 2; i < sequence.length; i++) {',
    },
    {
      id: 'targets-skip-last',
      kind: 'off-by-one mask',
      find: 'for (let i = 1; i < sequence.length; i++) {',
      replace: 'for (let i = 1; i < sequence.length - 1; i++) {',
    },
    {
      id: 'targets-of-first-sequence',
      kind: 'position offset',
      find: '    start += sequence.length;\n',
      replace: '',
    },
  ]),
  ...mutantsOf({ file: `${DECODER}/evaluate.ts`, tests: EVALUATE_TESTS }, [
    {
      id: 'probe-of-residual',
      kind: 'wrong tensor recorded',
      find: 'onLayer: (layer, { attention }) => {',
      replace: 'onLayer: (layer, { attention: of, output }) => {\n      const attention = { ...of, output };',
    },
    {
      id: 'probe-of-head-outputs',
      kind: 'wrong tensor recorded',
      find: 'x: wholeOf(attention.output), rows,',
      replace: 'x: attention.input, rows,',
    },
    {
      id: 'rows-of-the-last-layer-not-placed',
      kind: 'wrong row recorded',
      find: 'layer === config.layers - 1 ? last.probed : rowIndex',
      replace: 'layer === config.layers ? last.probed : rowIndex',
    },
    {
      id: 'probe-layer-off-by-one',
      kind: 'layer off by one',
      find: 'const outOffset = layer * probed.length',
      replace: 'const outOffset = Math.max(0, layer - 1) * probed.length',
    },
    {
      id: 'scores-layer-off-by-one',
      kind: 'layer off by one',
      find: 'outOffset: layer * scoreRows.outputLength,',
      replace: 'outOffset: (config.layers - 1 - layer) * scoreRows.outputLength,',
    },
    {
      id: 'scores-of-keys-from-context',
      kind: 'off-by-one mask',
      find: 'firstKey: start + firstKey }));',
      replace: 'firstKey: start }));',
    },
    {
      id: 'log-probs-unsorted',
      kind: 'wrong order',
      find: 'allLogProbs[original] = sorted[place] as number;',
      replace: 'allLogProbs[place] = sorted[place] as number;',
    },
  ]),
  ...mutantsOf({ file: `${DECODER}/evaluate.ts`, tests: EVALUATE_TESTS }, [
    {
      id: 'probe-read-stride',
      kind: 'wrong stride',
      find: 'const outputAt = (layer * probed.length + probe) * dModel;',
      replace: 'const outputAt = (probe * layers + layer) * dModel;',
    },
    {
      id: 'scores-read-offset',
      kind: 'wrong stride',
      find: 'const scoreAt = layer * scoresPerLayer + (scoreOffsets[probe] as number);',
      replace: 'const scoreAt = layer * scoresPerLayer;',
    },
  ]),
  ...mutantsOf({ file: `${DECODER}/forward.ts`, tests: EVALUATE_TESTS }, [
    {
      id: 'prefix-of-first-layer',
      kind: 'layer off by one',
      find: 'prefix: prefix?.[index], isFollowed',
      replace: 'prefix: prefix?.[0], isFollowed',
    },
  ]),
  ...mutantsOf({ file: `${DECODER}/prefix.ts`, tests: EVALUATE_TESTS }, [
    {
      id: 'prefix-last-layer-of-one-before',
      kind: 'layer off by one',
      find: 'keep(layerProjections(inner, last, residual), inner);',
      replace: 'keep(layerProjections(inner, last - 1, residual), inner);',
    },
  ]),
  ...mutantsOf({ file: `${DECODER}/next-token-logits.ts`, tests: [`${DECODER}/large-vocabulary.test.ts`] }, [
    {
      id: 'logits-of-first-row',
      kind: 'position offset',
      find: '[pass.tokens - 1]',
      replace: '[0]',
    },
  ]),
  ...mutantsOf({ file: `${DECODER}/evaluate.ts`, tests: EVALUATE_TESTS }, [
    {
      id: 'likeliest-order',
      kind: 'order forgotten',
      find: 'all[original] = { ids: ids.slice(place * each, end)',
      replace: 'all[place] = { ids: ids.slice(place * each, end)',
    },
  ]),
  ...mutantsOf({ file: `${DECODER}/head.ts`, tests: [`${DECODER}/head.test.ts`] }, [
    {
      id: 'likeliest-of-chunks',
      kind: 'offset dropped',
      find: 'outOffset: firstTop',
      replace: 'outOffset: 0 * firstTop',
    },
  ]),
];
