import { type Mutant, mutantsOf } from '../mutant.ts';

const KERNELS = 'packages/gpu-kernels/src/kernels';
const RUNTIME = 'packages/gpu-kernels/src/runtime';
const REDUCTION_TEST = `${KERNELS}/reduction/reduction.test.ts`;
const LAYER_NORM_TEST = `${KERNELS}/row-norm/layer-norm.test.ts`;

/** All other kernels, and what dispatches them. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf({ file: `${RUNTIME}/command-stream.ts`, tests: [`${RUNTIME}/parameter-form.test.ts`] }, [
    {
      id: 'uniform-offset-stays',
      kind: 'wrong offset',
      find: 'this.#uniformBytes += UNIFORM_STRIDE;',
      replace: '',
    },
  ]),
  ...mutantsOf({ file: `${RUNTIME}/buffer-pool.ts`, tests: [`${RUNTIME}/command-stream.test.ts`] }, [
    {
      id: 'free-buffers-in-any-order',
      kind: 'order of work',
      find: 'list.splice(low, 0, buffer);',
      replace: 'list.push(buffer);',
    },
  ]),
  ...mutantsOf(
    { file: `${KERNELS}/activation/functions.ts`, tests: [`${KERNELS}/activation/activation.test.ts`] },
    [
      {
        id: 'gelu-as-tanh',
        kind: 'activation variant',
        find: "forward: define('activation', 'return x * normalCdf(x);'),",
        replace:
          "forward: define('activation', 'return x / (1.0 + exp(-1.5957691 * (x + 0.044715 * x * x * x)));'),",
      },
      {
        id: 'gelu-tanh-derivative',
        kind: 'activation variant',
        find: '0.21406444 * x * x',
        replace: '0.07135481 * x * x',
      },
      {
        id: 'relu-derivative-at-zero',
        kind: 'activation variant',
        find: 'select(0.0, 1.0, x > 0.0)',
        replace: 'select(0.0, 1.0, x >= 0.0)',
      },
      {
        id: 'silu-derivative',
        kind: 'gradient term dropped',
        find: "'return sigmoid(x) + x * sigmoidSlope(x);'",
        replace: "'return sigmoid(x);'",
      },
    ],
  ),
  ...mutantsOf(
    {
      file: `${KERNELS}/gated-activation/gated-activation.ts`,
      tests: [`${KERNELS}/gated-activation/gated-activation.test.ts`],
    },
    [
      {
        id: 'gated-activation-of-up',
        kind: 'wrong operand',
        find: `out[i] = \${call('activation', 'value')} * up[i];`,
        replace: `out[i] = \${call('activation', 'value')} * value;`,
      },
      {
        id: 'gated-gradient-without-up',
        kind: 'gradient term dropped',
        find: 'gradGate[i] = gradOutput * up[i] * ${call',
        replace: 'gradGate[i] = gradOutput * ${call',
      },
    ],
  ),
  ...mutantsOf({ file: `${KERNELS}/rotary/rotary.ts`, tests: [`${KERNELS}/pointwise.property.test.ts`] }, [
    {
      id: 'rotary-interleaved',
      kind: 'rotary pairs',
      find: 'let first = vector * params.headDim + pair;\n    let second = first + params.half;',
      replace: 'let first = vector * params.headDim + 2u * pair;\n    let second = first + 1u;',
    },
    {
      id: 'rotary-inverse-ignored',
      kind: 'wrong sign',
      find: 'let sine = params.direction * angle.y;',
      replace: 'let sine = angle.y;',
    },
    {
      id: 'rotary-position-of-head',
      kind: 'position offset',
      find: 'positions[vector / params.heads${of}]',
      replace: 'positions[vector % params.heads${of}]',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/rotary/angles-text.ts`, tests: [`${KERNELS}/rotary/rotary.test.ts`] }, [
    {
      id: 'rotary-row-of-four-interleaved',
      kind: 'rotary pairs',
      find: 'vec4<f32>(low.y, low.w, high.y, high.w)',
      replace: 'vec4<f32>(low.y, low.z, high.y, high.z)',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/rotary/rows.ts`, tests: [`${KERNELS}/rotary/rotary.test.ts`] }, [
    {
      id: 'rotary-row-position',
      kind: 'position offset',
      find: 'let angles = positions[index] * half;',
      replace: 'let angles = index * half;',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/rotary/table.ts`, tests: [`${KERNELS}/rotary/rotary.test.ts`] }, [
    {
      id: 'rotary-amplitude-of-cosine-alone',
      kind: 'wrong scale',
      find: 'amplitude * Math.sin(angle)',
      replace: 'Math.sin(angle)',
    },
    {
      id: 'rotary-table-stride',
      kind: 'wrong stride',
      find: 'table[(position * half + i) * 2 + 1]',
      replace: 'table[(position + half * i) * 2 + 1]',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/row-runs.ts`, tests: [`${KERNELS}/pointwise.property.test.ts`] }, [
    {
      id: 'row-runs-last',
      kind: 'tail dropped',
      find: 'let end = min(first + ${length}u, params.width);',
      replace: 'let end = first + ${length}u;',
    },
  ]),
  ...mutantsOf(
    { file: `${KERNELS}/elementwise/elementwise.ts`, tests: [`${KERNELS}/elementwise/elementwise.test.ts`] },
    [
      {
        id: 'gather-row-stride',
        kind: 'wrong stride',
        find: 'let start = min(source, last) * params.width;',
        replace: 'let start = min(source, last);',
      },
      {
        id: 'scatter-overwrites',
        kind: 'accumulate ignored',
        find: '+= gradOutput[i];',
        replace: '= gradOutput[i];',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: `${KERNELS}/embedding/embedding.ts`,
      tests: [`${KERNELS}/embedding/embedding.test.ts`, `${KERNELS}/pointwise.property.test.ts`],
    },
    [
      {
        id: 'embedding-stride',
        kind: 'wrong stride',
        find: 'let start = token * params.width;',
        replace: 'let start = token * params.windowRows;',
      },
      {
        id: 'embedding-half-parity',
        kind: 'float16 halves swapped',
        find: '[(start + c) % 2u]',
        replace: '[c % 2u]',
      },
      {
        id: 'embedding-scale-on-positions',
        kind: 'wrong scale',
        find: ' + positionTable[position + c];',
        replace: ' + params.scale * positionTable[position + c];',
      },
      {
        id: 'embedding-window-end',
        kind: 'slices',
        find: 'if (token >= params.windowRows) { return; }',
        replace: 'if (token + 1u >= params.windowRows) { return; }',
      },
      {
        id: 'embedding-gradient-scale',
        kind: 'missing scale',
        find: '+= params.scale * sum;',
        replace: '+= sum;',
      },
      {
        id: 'embedding-gradient-overwrites',
        kind: 'accumulate ignored',
        find: '+= params.scale * sum;',
        replace: '= params.scale * sum;',
      },
      {
        id: 'embedding-gradient-window',
        kind: 'slices',
        find: 'firstToken: first,',
        replace: 'firstToken: 0,',
      },
    ],
  ),
  ...mutantsOf(
    { file: `${KERNELS}/optimizer/optimizer.ts`, tests: [`${KERNELS}/optimizer/optimizer.test.ts`] },
    [
      {
        id: 'sgd-sign',
        kind: 'wrong sign',
        find: 'scale: -learningRate }',
        replace: 'scale: learningRate }',
      },
      {
        id: 'adamw-bias-correction',
        kind: 'bias correction',
        find: 'stepSize: learningRate / (1 - beta1 ** step),',
        replace: 'stepSize: learningRate,',
      },
      {
        id: 'adamw-coupled-decay',
        kind: 'weight decay',
        find: 'decay: 1 - learningRate * args.weightDecay,',
        replace: 'decay: 1 - args.weightDecay,',
      },
      {
        id: 'adamw-epsilon-inside-root',
        kind: 'dropped epsilon',
        find: '* params.inverseRootCorrection2 + params.epsilon;',
        replace: '* params.inverseRootCorrection2;',
      },
      {
        id: 'adamw-gradient-scale-ignored',
        kind: 'gradient clipping',
        find: '[j] * gradientScale[0]`',
        replace: '[j] + 0.0 * gradientScale[0]`',
      },
      {
        id: 'clip-always',
        kind: 'gradient clipping',
        find: 'min(1.0, params.maxNorm / (sqrt(squaredNorm[i]) + 1e-6))',
        replace: 'params.maxNorm / (sqrt(squaredNorm[i]) + 1e-6)',
      },
    ],
  ),
  ...mutantsOf(
    { file: `${RUNTIME}/kernel.ts`, tests: [`${RUNTIME}/kernel.test.ts`, REDUCTION_TEST, LAYER_NORM_TEST] },
    [
      {
        id: 'grid-second-dimension',
        kind: 'grid',
        find: 'workgroupId.y * workgroupCount.x + workgroupId.x',
        replace: 'workgroupId.y * workgroupCount.y + workgroupId.x',
      },
      {
        id: 'grid-last-workgroups',
        kind: 'grid',
        find: 'return [Math.ceil(count / rows), rows, 1];',
        replace: 'return [Math.floor(count / rows), rows, 1];',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: `${KERNELS}/pointwise.ts`,
      tests: [`${KERNELS}/elementwise/elementwise.test.ts`, REDUCTION_TEST],
    },
    [
      {
        id: 'pointwise-last-workgroup',
        kind: 'last tile skipped',
        find: 'grid(Math.ceil(count / invocations))',
        replace: 'grid(Math.max(1, Math.floor(count / invocations)))',
      },
      {
        id: 'pointwise-guard',
        kind: 'bounds check dropped',
        find: 'if (i >= params.count) { return; }\n',
        replace: '',
      },
      {
        id: 'pointwise-window-part',
        kind: 'slices',
        find: 'part: (tensor) => elements(tensor, window),',
        replace: 'part: (tensor) => elements(tensor, { start: 0, end: window.end - window.start }),',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: `${KERNELS}/windows.ts`,
      tests: [`${KERNELS}/elementwise/elementwise.test.ts`, `${KERNELS}/embedding/embedding.test.ts`],
    },
    [
      {
        id: 'windows-last',
        kind: 'slices',
        find: 'start < rows; start += step)',
        replace: 'start + step <= rows; start += step)',
      },
      {
        id: 'windows-alignment',
        kind: 'slices',
        find: 'while ((aligned * rowBytes) % ALIGNMENT !== 0) aligned *= 2;',
        replace: '',
      },
    ],
  ),
];
