import { type Mutant, mutantsOf } from '../mutant.ts';

const SRC = 'packages/transformer/src';
const DECODER = `${SRC}/decoder`;
const LOCKSTEP_TEST = `${SRC}/lockstep/lockstep.property.test.ts`;
const METHODS = 'packages/methods/src';
const TUNING_TEST = `${SRC}/fine-tuning.test.ts`;
const GRADIENT_TESTS = [TUNING_TEST, `${DECODER}/families.test.ts`];
const PARITY = 'tests/parity.test.ts';
const PRETRAINING_TEST = `${SRC}/pretraining/pretraining.test.ts`;

/** Fine-tuning and pretraining: losses, gradients, optimizers, what is reported of them. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf({ file: `${DECODER}/loss-gradient.ts`, tests: GRADIENT_TESTS }, [
    {
      id: 'layerwise-loss-index',
      kind: 'layer off by one',
      find: 'index: lossIndex + layer * ',
      replace: 'index: lossIndex + 0 * ',
    },
    {
      id: 'layerwise-loss-before-layer',
      kind: 'layer off by one',
      find: "if (readout === 'layer') return output;",
      replace: "if (readout === 'layer') return attention.input;",
    },
    {
      id: 'layerwise-loss-of-attention',
      kind: 'layer off by one',
      find: "if (readout === 'layer') return output;",
      replace: "if (readout === 'layer') return residualMiddle;",
    },
    {
      id: 'layerwise-update-of-previous',
      kind: 'layer off by one',
      find: 'readoutBackward(inner, layer, own, gradOutput, readout);\n    onLayer?.(layer);',
      replace:
        'readoutBackward(inner, layer, own, gradOutput, readout);\n    onLayer?.(Math.max(0, layer - 1));',
    },
    {
      id: 'readout-of-attention-as-residual',
      kind: 'wrong operand',
      find: "return readout === 'residual' ? residualMiddle : wholeOf(attention.output);",
      replace: 'return residualMiddle;',
    },
    {
      id: 'layerwise-as-output',
      kind: 'input not detached',
      find: "if (options.objective === 'output') outputGradient(pass, options);",
      replace: 'if (options.objective.length > 0) outputGradient(pass, options);',
    },
    {
      id: 'gradient-stops-after-last-layer',
      kind: 'gradient term dropped',
      find: 'if (gradInput) {',
      replace: 'if (gradInput && layer === 0) {',
    },
    {
      id: 'embedding-not-trained',
      kind: 'gradient term dropped',
      find: 'if (wantEmbedding) embedBackward(pass, gradResidual);',
      replace: '',
    },
  ]),
  ...mutantsOf(
    { file: `${SRC}/gradient-norm-variants.ts`, tests: [`${SRC}/gradient-norm-variants.test.ts`] },
    [
      {
        id: 'variants-sum-not-scaled',
        kind: 'scale dropped',
        find: "const scale = reduction === 'Sum' ? tokens : 1;",
        replace: 'const scale = 1;',
      },
      {
        id: 'variants-trained-not-reset',
        kind: 'wrong set of parameters',
        find: 'record(`frozen${reduction}`, isFrozen, total);',
        replace: 'record(`frozen${reduction}`, () => true, total);',
      },
      {
        id: 'variants-reset-of-all-as-accumulated',
        kind: 'wrong set of parameters',
        find: "record('all', () => true);",
        replace: "record('all', isFrozen);",
      },
    ],
  ),
  ...mutantsOf({ file: `${DECODER}/gradients.ts`, tests: [`${DECODER}/families.test.ts`] }, [
    {
      id: 'bias-gradients-left-out',
      kind: 'dropped bias',
      find: 'return bias && this.get(`${name}.bias`, bias.shape);',
      replace: 'return undefined;',
    },
  ]),
  ...mutantsOf({ file: `${DECODER}/gradients.ts`, tests: [TUNING_TEST] }, [
    {
      id: 'gradients-not-cleared',
      kind: 'gradient not cleared',
      find: 'if (target && !target.accumulate) this.#gpu.clear(target.tensor);',
      replace: '',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/fine-tuning.ts`, tests: [`${SRC}/training-options.test.ts`] }, [
    {
      id: 'gradient-norms-of-one-layer',
      kind: 'layer off by one',
      find: 'norms.add(layer, tensors);',
      replace: 'norms.add(0, tensors);',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/fine-tuning.ts`, tests: [TUNING_TEST] }, [
    {
      id: 'rate-halved',
      kind: 'wrong rate',
      find: 'else norms.step(layer, trained, learningRate);',
      replace: 'else norms.step(layer, trained, learningRate / this.#options.steps);',
    },
    {
      id: 'update-by-summed-loss',
      kind: 'loss not divided by tokens',
      find: 'else norms.step(layer, trained, learningRate);',
      replace: 'else norms.step(layer, trained, learningRate * tokens);',
    },
    {
      id: 'trained-on-base-model',
      kind: 'wrong operand',
      find: 'recordSequenceGradient(this.#tuned, sequence, {',
      replace: 'recordSequenceGradient(this.#model, sequence, {',
    },
    {
      id: 'biases-not-updated',
      kind: 'dropped bias',
      find: 'const trained = names.flatMap((name) => {',
      replace: `const trained = names.filter((name) => name.endsWith('weight')).flatMap((name) => {`,
    },
    {
      id: 'growth-inverted',
      kind: 'wrong operand',
      find: 'return after / before;',
      replace: 'return before / after;',
    },
    {
      id: 'losses-of-first-layer',
      kind: 'layer off by one',
      find: "this.#options.objective === 'output' ?",
      replace: "this.#options.objective !== 'output' ?",
    },
  ]),
  ...mutantsOf({ file: `${SRC}/released-norms.ts`, tests: [TUNING_TEST] }, [
    {
      id: 'released-norms-not-accumulated',
      kind: 'gradient not cleared',
      find: 'let tensor = this.#accumulated.get(name);',
      replace: 'let tensor = this.#accumulated.get(`${name} `);',
    },
    {
      id: 'released-norms-of-mean-loss',
      kind: 'loss not divided by tokens',
      find: 'source: gradient, scale: tokens });',
      replace: 'source: gradient, scale: 1 });',
    },
    {
      id: 'released-norms-trained-unscaled',
      kind: 'loss not divided by tokens',
      find: '        scaleInPlace(this.#gpu, { x: gradient, scale: tokens });\n',
      replace: '',
    },
    {
      id: 'released-norms-accumulate-trained',
      kind: 'gradient not cleared',
      find: 'if (isTrained(name)) {',
      replace: 'if (tokens === 0 && isTrained(name)) {',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/weights/parameter-set.ts`, tests: [TUNING_TEST] }, [
    {
      id: 'overlay-behind-base',
      kind: 'wrong operand',
      find: 'return this.#own.get(name) ?? this.#base?.find(name);',
      replace: 'return this.#base?.find(name) ?? this.#own.get(name);',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/parameters.ts`, tests: [`${SRC}/parameters.test.ts`] }, [
    {
      id: 'trained-values-alone',
      kind: 'wrong group',
      find: '/\\.attention\\.(key|value)\\./',
      replace: '/\\.attention\\.value\\./',
    },
    {
      id: 'trained-queries-too',
      kind: 'wrong group',
      find: '/\\.attention\\.(key|value)\\./',
      replace: '/\\.attention\\.(query|key|value)\\./',
    },
    {
      id: 'layer-one-and-ten',
      kind: 'layer off by one',
      find: 'return name.startsWith(`layers.${layer}.`);',
      replace: 'return name.startsWith(`layers.${layer}`);',
    },
  ]),
  ...mutantsOf({ file: `${METHODS}/training/train.ts`, tests: [PARITY, 'tests/divergence.test.ts'] }, [
    {
      id: 'bos-dropped-in-training',
      kind: 'special token',
      find: '[bosTokenId, ...tokens],',
      replace: '[...tokens],',
    },
    {
      id: 'eos-kept-in-training',
      kind: 'special token',
      find: '[bosTokenId, ...tokens],',
      replace: '[bosTokenId, ...tokens, config.eosTokenId ?? bosTokenId],',
    },
    {
      id: 'first-demonstration-skipped',
      kind: 'tail dropped',
      find: 'demonstrations.map(({ tokens, answerLength }',
      replace: 'demonstrations.slice(1).map(({ tokens, answerLength }',
    },
    {
      id: 'attention-group-trained',
      kind: 'wrong group',
      find: 'group: GROUPS[params],',
      replace: "group: params === 'kv' ? 'attention' : GROUPS[params],",
    },
    {
      id: 'divergence-unnoticed',
      kind: 'divergence',
      find: 'return growth <= GROWTH_LIMIT ?',
      replace: 'return growth >= 0 ?',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/lockstep/lockstep-fine-tuning.ts`, tests: [LOCKSTEP_TEST] }, [
    {
      id: 'lockstep-targets-of-first-cell',
      kind: 'packing',
      find: 'wanted.rows.push(start + row)',
      replace: 'wanted.rows.push(start + row - Math.min(row, 1))',
    },
    {
      id: 'lockstep-one-learning-rate',
      kind: 'wrong group',
      find: 'Float32Array.from(cells, ({ learningRate }) => learningRate)',
      replace: 'Float32Array.from(cells, () => cells[0]?.learningRate ?? 0)',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/lockstep/stacks.ts`, tests: [LOCKSTEP_TEST] }, [
    {
      id: 'lockstep-results-of-first-cell',
      kind: 'wrong group',
      find: 'gpu.copy(stack, copy, copy.length, cell * copy.length)',
      replace: 'gpu.copy(stack, copy, copy.length, 0 * cell)',
    },
  ]),
  ...mutantsOf({ file: `${DECODER}/targets.ts`, tests: [LOCKSTEP_TEST] }, [
    {
      id: 'lockstep-mean-over-all-cells',
      kind: 'loss not divided by tokens',
      find: 'Float32Array.from(groups.counts.flatMap((count) => Array<number>(count).fill(1 / count)))',
      replace:
        'Float32Array.from(groups.counts.flatMap((count) => Array<number>(count).fill(1 / groups.rows)))',
    },
  ]),
  ...mutantsOf({ file: `${METHODS}/learners/in-context.ts`, tests: [PARITY] }, [
    {
      id: 'context-without-eos',
      kind: 'special token',
      find: '[...tokens, eosTokenId]',
      replace: '[...tokens]',
    },
    {
      id: 'context-without-bos',
      kind: 'special token',
      find: 'return [bosTokenId, ...demonstrations',
      replace: 'return [...demonstrations',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/pretraining/pretraining.ts`, tests: [PRETRAINING_TEST] }, [
    {
      id: 'pretraining-decays-norms',
      kind: 'weight decay',
      find: "spec.kind === 'weight' && spec.role !== 'norm' ? weightDecay : 0",
      replace: "spec.kind === 'weight' ? weightDecay : 0",
    },
    {
      id: 'pretraining-decays-biases',
      kind: 'weight decay',
      find: "spec.kind === 'weight' && spec.role !== 'norm' ? weightDecay : 0",
      replace: "spec.role !== 'norm' ? weightDecay : 0",
    },
    {
      id: 'pretraining-not-clipped',
      kind: 'gradient clipping',
      find: '        gradientScale,\n',
      replace: '',
    },
    {
      id: 'pretraining-step-number',
      kind: 'bias correction',
      find: 'step: this.#taken,',
      replace: 'step: this.#taken + 1,',
    },
    {
      id: 'pretraining-norm-of-last-tensor',
      kind: 'accumulate ignored',
      find: 'out: squaredNorm, accumulate: i > 0 });',
      replace: 'out: squaredNorm, accumulate: false });',
    },
    {
      id: 'pretraining-gradients-kept',
      kind: 'gradient not cleared',
      find: '    this.#gradients.clear();\n',
      replace: '',
    },
    {
      id: 'pretraining-accumulation-summed',
      kind: 'loss not divided by tokens',
      find: 'scaleInPlace(gpu, { x: gradient, scale: 1 / batches.length });',
      replace: 'scaleInPlace(gpu, { x: gradient, scale: 1 });',
    },
    {
      id: 'pretraining-loss-summed',
      kind: 'loss not divided by tokens',
      find: 'loss += (losses[i] as number) / batches.length;',
      replace: 'loss += losses[i] as number;',
    },
    {
      id: 'pretraining-norm-not-rooted',
      kind: 'wrong operand',
      find: 'gradientNorm: Math.sqrt(norm) };',
      replace: 'gradientNorm: norm };',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/pretraining/initialise.ts`, tests: [PRETRAINING_TEST] }, [
    {
      id: 'pretraining-residual-scale',
      kind: 'initialisation scale',
      find: 'return 1 / Math.sqrt(2 * layers);',
      replace: 'return 1 / Math.sqrt(layers);',
    },
    {
      id: 'pretraining-table-scale',
      kind: 'initialisation scale',
      find: 'const deviation = isTable ? 1 :',
      replace: 'const deviation =',
    },
    {
      id: 'pretraining-final-norm',
      kind: 'initialisation scale',
      find: "spec.name.startsWith('finalNorm') && config.tiedUnembedding ?",
      replace: "spec.name.startsWith('finalNorm') ?",
    },
    {
      id: 'mimetic-output-not-transposed',
      kind: 'transposed operand',
      find: 'value[(i % inner) * d + Math.floor(i / inner)]',
      replace: 'value[i]',
    },
  ]),
  ...mutantsOf({ file: `${METHODS}/training/tangent.ts`, tests: [`${METHODS}/training/options.test.ts`] }, [
    {
      id: 'tangent-uphill',
      kind: 'sign flipped',
      find: 'return before[name].map((value, j) => value + scale * (slope[j] as number));',
      replace: 'return before[name].map((value, j) => value - scale * (slope[j] as number));',
    },
    {
      id: 'tangent-as-given',
      kind: 'order of the demonstrations',
      find: 'this.#queries = inCanonicalOrder(sequences)',
      replace: 'this.#queries = sequences',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/training-sequence.ts`, tests: [`${SRC}/training-options.test.ts`] }, [
    {
      id: 'full-batch-as-given',
      kind: 'order of the demonstrations',
      find: 'if (place >= 0) return (a.tokens[place] as number) - (b.tokens[place] as number);',
      replace: '',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/noise.ts`, tests: [`${SRC}/training-options.test.ts`] }, [
    {
      id: 'noise-of-unit-norm',
      kind: 'scale dropped',
      find: 'const scale = change / norm(noise);',
      replace: 'const scale = 1 / norm(noise);',
    },
  ]),
];
