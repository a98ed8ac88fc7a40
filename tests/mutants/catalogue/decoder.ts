import { type Mutant, mutantsOf } from '../mutant.ts';

const SRC = 'packages/transformer/src';
const DECODER = `${SRC}/decoder`;
const FAMILIES_TEST = `${DECODER}/families.test.ts`;

/** Blocks of the decoder, forward and backward. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf({ file: `${DECODER}/linear.ts`, tests: [FAMILIES_TEST] }, [
    {
      id: 'linear-bias',
      kind: 'dropped bias',
      find: '    ...(bias ? { bias } : {}),\n',
      replace: '',
    },
    {
      id: 'linear-weight-gradient-overwritten',
      kind: 'accumulate ignored',
      find: 'transposeA: true, accumulate: gradWeight.accumulate',
      replace: 'transposeA: true, accumulate: false',
    },
    {
      id: 'linear-input-gradient-overwrites',
      kind: 'accumulate ignored',
      find: 'accumulate: i > 0,\n  }));',
      replace: 'accumulate: false,\n  }));',
    },
    {
      id: 'linear-bias-gradient',
      kind: 'dropped bias',
      find: 'const gradBias = gradients.biasTarget(module);',
      replace: 'const gradBias = gradients.hasWeight(module) ? undefined : gradients.biasTarget(module);',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/weights/parameter-set.ts`, tests: [FAMILIES_TEST] }, [
    {
      id: 'attention-key-bias',
      kind: 'dropped bias',
      find: 'bias: this.find(`${name}.bias`) };',
      replace: "bias: name.endsWith('key') ? undefined : this.find(`${name}.bias`) };",
    },
    {
      id: 'attention-query-bias',
      kind: 'dropped bias',
      find: 'bias: this.find(`${name}.bias`) };',
      replace: "bias: name.endsWith('query') ? undefined : this.find(`${name}.bias`) };",
    },
    {
      id: 'attention-value-bias',
      kind: 'dropped bias',
      find: 'bias: this.find(`${name}.bias`) };',
      replace: "bias: name.endsWith('value') ? undefined : this.find(`${name}.bias`) };",
    },
    {
      id: 'attention-output-bias',
      kind: 'dropped bias',
      find: 'bias: this.find(`${name}.bias`) };',
      replace: "bias: name.endsWith('output') ? undefined : this.find(`${name}.bias`) };",
    },
    {
      id: 'feed-forward-down-bias',
      kind: 'dropped bias',
      find: 'bias: this.find(`${name}.bias`) };',
      replace: "bias: name.endsWith('down') ? undefined : this.find(`${name}.bias`) };",
    },
  ]),
  ...mutantsOf({ file: `${DECODER}/attention.ts`, tests: [FAMILIES_TEST] }, [
    {
      id: 'projections-swapped',
      kind: 'wrong operand',
      find: 'const modules = [layer.query, layer.key, layer.value];',
      replace: 'const modules = [layer.key, layer.query, layer.value];',
    },
    {
      id: 'key-norm-by-query-weight',
      kind: 'wrong operand',
      find: 'layer.keyNorm && norm(pass, layer.keyNorm, k)',
      replace: 'layer.keyNorm && norm(pass, layer.queryNorm ?? layer.keyNorm, k)',
    },
    {
      id: 'rotary-before-norm-of-heads',
      kind: 'norm placement',
      find: '  rotate(pass, [query, key]);',
      replace: '  rotate(pass, [q, k]);',
    },
    {
      id: 'rotary-of-queries-alone',
      kind: 'position offset',
      find: '  rotate(pass, [query, key]);',
      replace: '  rotate(pass, [query]);',
    },
    {
      id: 'rotary-gradient-forwards',
      kind: 'wrong sign',
      find: 'rotate(pass, query ? [query, key] : [key], true);',
      replace: 'rotate(pass, query ? [query, key] : [key]);',
    },
    {
      id: 'rotary-gradient-of-keys',
      kind: 'gradient term dropped',
      find: 'rotate(pass, query ? [query, key] : [key], true);',
      replace: 'rotate(pass, query ? [query] : [key], true);',
    },
    {
      id: 'rotary-gradient-only-with-queries',
      kind: 'gradient term dropped',
      find: 'rotate(pass, query ? [query, key] : [key], true);',
      replace: 'if (query) rotate(pass, [query, key], true);',
    },
    {
      id: 'window-ignored',
      kind: 'off-by-one mask',
      find: '...(window === undefined ? {} : { window }) };',
      replace: '...(window === undefined ? {} : { window: window + 1 }) };',
    },
    {
      id: 'attention-prefix-dropped',
      kind: 'position offset',
      find: '    ...(prefix ? { prefix } : {}),\n',
      replace: '',
    },
    {
      id: 'head-norm-gradient-skipped',
      kind: 'gradient term dropped',
      find: 'key: headNormBackward(pass, layer.keyNorm, keyNorm, key),',
      replace: 'key,',
    },
    {
      id: 'head-norm-gradient-with-residual',
      kind: 'gradient added twice',
      find: 'return normBackward(pass, module, normed, gradOutput);',
      replace: 'return normBackward(pass, module, normed, gradOutput, gradOutput);',
    },
  ]),
  ...mutantsOf({ file: `${DECODER}/feed-forward.ts`, tests: [FAMILIES_TEST] }, [
    {
      id: 'gate-and-up-swapped',
      kind: 'wrong operand',
      find: 'gatedLinears(pass, { up: upModule, gate: gateModule }',
      replace: 'gatedLinears(pass, { up: gateModule, gate: upModule }',
    },
    {
      id: 'down-gradient-of-pre-activation',
      kind: 'wrong operand',
      find: 'module: layer.down, x: postActivation',
      replace: 'module: layer.down, x: preActivation',
    },
    {
      id: 'feed-forward-gate-gradient-lost',
      kind: 'accumulate ignored',
      find: '  return layers;\n}',
      replace: '  return layers.slice(-1);\n}',
    },
  ]),
  ...mutantsOf({ file: `${DECODER}/layer.ts`, tests: [FAMILIES_TEST] }, [
    {
      id: 'residual-parallel-ignored',
      kind: 'norm placement',
      find: 'feedForwardNorm: norm(pass, layer.feedForwardNorm, residual)',
      replace: 'feedForwardNorm: norm(pass, layer.feedForwardNorm, output)',
    },
    {
      id: 'feed-forward-residual-of-input',
      kind: 'residual',
      find: 'const output = sum(pass, residualMiddle, wholeOf(block.output));',
      replace: 'const output = sum(pass, residual, wholeOf(block.output));',
    },
    {
      id: 'feed-forward-by-attention-norm',
      kind: 'norm placement',
      find: 'normOfSum(pass, layer.feedForwardNorm, residual, output)',
      replace: 'normOfSum(pass, layer.attentionNorm, residual, output)',
    },
    {
      id: 'feed-forward-left-out-of-gradient',
      kind: 'gradient term dropped',
      find: 'const gradMiddle = parallelResidual ? gradOutput : throughFeedForward(gradOutput);',
      replace: 'const gradMiddle = gradOutput;',
    },
    {
      id: 'parallel-feed-forward-left-out-of-gradient',
      kind: 'gradient term dropped',
      find: 'return parallelResidual ? throughFeedForward(gradInput) : gradInput;',
      replace: 'return gradInput;',
    },
    {
      id: 'attention-norm-not-trained-by-layer',
      kind: 'gradient term dropped',
      find: '    if (trainsNorm)\n',
      replace: '    if (trainsNorm && wantInput)\n',
    },
    {
      id: 'residual-left-out-of-gradient',
      kind: 'gradient term dropped',
      find: 'attentionNorm, gradNormed, gradMiddle);',
      replace: 'attentionNorm, gradNormed, gradNormed);',
    },
    {
      id: 'post-norm-attention-norm-first',
      kind: 'norm placement',
      find: 'const attention = selfAttention(pass, layer, input.residual, {',
      replace:
        'const attention = selfAttention(pass, layer, norm(pass, layer.attentionNorm, input.residual).output, {',
    },
    {
      id: 'post-norm-prefix-normed',
      kind: 'norm placement',
      find: 'const normed = pass.config.postNorm ? residual : norm(',
      replace: 'const normed = norm(',
    },
    {
      id: 'attention-input-gradient-overwritten',
      kind: 'accumulate ignored',
      find: '  addInputGradient(pass, readers, gradInput);\n',
      replace: '  inputGradient(pass, readers);\n',
    },
    {
      id: 'post-norm-residual-gradient-overwritten',
      kind: 'accumulate ignored',
      find: 'addInputGradient(pass, feedForwardBackward(pass, layer, block, gradMiddle), gradMiddle);',
      replace: 'inputGradient(pass, feedForwardBackward(pass, layer, block, gradMiddle));',
    },
  ]),
  ...mutantsOf({ file: `${DECODER}/norm.ts`, tests: [FAMILIES_TEST] }, [
    {
      id: 'norm-epsilon-of-decoder',
      kind: 'dropped epsilon',
      find: 'const epsilon = config.normEpsilon;',
      replace: 'const epsilon = 1e-5;',
    },
    {
      id: 'norm-bias-gradient',
      kind: 'dropped bias',
      find: '...(gradBias ? { gradBias } : {}) });',
      replace: '});',
    },
    {
      id: 'norm-residual-gradient-dropped',
      kind: 'gradient term dropped',
      find: '...(gradResidual ? { gradResidual } : {})',
      replace: '',
    },
  ]),
  ...mutantsOf({ file: `${DECODER}/embedding.ts`, tests: [FAMILIES_TEST] }, [
    {
      id: 'embedding-gradient-unscaled',
      kind: 'missing scale',
      find: 'const scale = config.embeddingScale;',
      replace: 'const scale = 1;',
    },
    {
      id: 'embedding-unscaled',
      kind: 'missing scale',
      find: 'scale: config.embeddingScale,',
      replace: 'scale: 1,',
    },
    {
      id: 'position-gradient-by-token',
      kind: 'wrong operand',
      find: 'tokens: batch.positionIds, gradOutput,',
      replace: 'tokens: batch.tokenIds, gradOutput,',
    },
    {
      id: 'positions-before-projection',
      kind: 'position offset',
      find: 'add(gpu, { x: projected, y: placed, out });',
      replace: 'add(gpu, { x: projected, y: projected, out });',
    },
    {
      id: 'embedding-projection-gradient',
      kind: 'gradient term dropped',
      find: '    gradEmbedded = linearInputGradient(pass, projection, gradOutput);\n',
      replace:
        '    gradEmbedded = linearInputGradient(pass, projection, gradEmbedded, undefined);\n    return;\n',
    },
  ]),
  ...mutantsOf({ file: `${DECODER}/layer-parameters.ts`, tests: [FAMILIES_TEST] }, [
    {
      id: 'window-of-the-next-layer',
      kind: 'layer off by one',
      find: 'window: config.attentionWindows?.[index] ?? undefined,',
      replace: 'window: config.attentionWindows?.[index + 1] ?? undefined,',
    },
  ]),
  ...mutantsOf({ file: `${DECODER}/head.ts`, tests: [`${DECODER}/head.test.ts`, FAMILIES_TEST] }, [
    {
      id: 'tied-unembedding-preferred',
      kind: 'tied embeddings',
      find: "parameters.find('unembedding') ? 'unembedding' : 'embedding.tokens'",
      replace: "parameters.find('embedding.tokens') ? 'embedding.tokens' : 'unembedding'",
    },
    {
      id: 'final-norm-dropped',
      kind: 'norm placement',
      find: 'pass.config.finalNorm === false ? undefined',
      replace: 'pass.config.finalNorm !== undefined ? undefined',
    },
    {
      id: 'loss-gradient-summed',
      kind: 'loss not divided by tokens',
      find: 'scale: chunk.scales ?? 1 / plan.targetCount }',
      replace: 'scale: chunk.scales ?? 1 }',
    },
    {
      id: 'loss-gradient-by-chunk',
      kind: 'loss not divided by tokens',
      find: 'scale: chunk.scales ?? 1 / plan.targetCount }',
      replace: 'scale: chunk.scales ?? 1 / chunk.count }',
    },
    {
      id: 'loss-summed',
      kind: 'loss not divided by tokens',
      find: 'scale: -1 / plan.targetCount }',
      replace: 'scale: -1 }',
    },
    {
      id: 'unembedding-gradient-of-last-chunk',
      kind: 'accumulate ignored',
      find: 'accumulate: gradWeight.accumulate',
      replace: 'accumulate: false',
    },
    {
      id: 'head-chunk-start',
      kind: 'slices',
      find: 'const a = sliceRows(matrix(input.output), chunk.start, chunk.count);',
      replace: 'const a = sliceRows(matrix(input.output), 0, chunk.count);',
    },
    {
      id: 'head-chunk-first-target',
      kind: 'slices',
      find: 'outOffset: chunk.firstTarget,',
      replace: 'outOffset: chunk.start,',
    },
    {
      id: 'head-gradient-chunk-start',
      kind: 'slices',
      find: 'const gradRows = sliceRows(matrix(gradHeadInput), chunk.start, chunk.count);',
      replace: 'const gradRows = sliceRows(matrix(gradHeadInput), 0, chunk.count);',
    },
  ]),
];
