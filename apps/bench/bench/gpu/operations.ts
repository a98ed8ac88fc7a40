import {
  PackedSequences,
  type Tensor,
  activationForward,
  attentionBackward,
  attentionForward,
  columnSum,
  layerNormBackward,
  layerNormForward,
  logSumExp,
  matmul,
  matrix,
  rmsNormForward,
  sgdStep,
  sumOfSquares,
} from '@icl-gd/gpu-kernels';
import {
  activationReference,
  attentionBackwardReference,
  attentionReference,
  columnSumReference,
  layerNormBackwardReference,
  layerNormReference,
  logSumExpReference,
  matmulReference,
  rmsNormReference,
  sumOfSquaresReference,
} from '@icl-gd/gpu-kernels/reference';
import { tolerances } from '../../../../packages/gpu-kernels/src/testing/tolerances.ts';
import { FURTHER_OPERATIONS } from './further-operations.ts';
import { FUSED_OPERATIONS } from './fused-operations.ts';
import { type Operation, type Output, poisoned } from './operation.ts';
import { TestRandom } from '../../../../packages/gpu-kernels/src/testing/random.ts';

const SHAPES = [
  [1, 4, 4],
  [3, 17, 29],
  [30, 64, 200],
  [67, 132, 76],
] as const;

/** Matrix products in all layouts and regimes, whole vectors and ragged sizes, with bias and accumulation. */
const products: readonly Operation[] = (['NT', 'NN', 'TN'] as const).flatMap((layout) =>
  (['training', 'probing'] as const).flatMap((regime) =>
    (layout === 'NT' ? (['float32', 'float16'] as const) : (['float32'] as const)).flatMap((dtypeB) =>
      SHAPES.map(([m, n, k]) => product({ layout, regime, dtypeB, m, n, k })),
    ),
  ),
);

function product(of: {
  readonly layout: 'NT' | 'NN' | 'TN';
  readonly regime: 'training' | 'probing';
  readonly dtypeB: 'float32' | 'float16';
  readonly m: number;
  readonly n: number;
  readonly k: number;
}): Operation {
  const { layout, regime, dtypeB, m, n, k } = of;
  const [transposeA, transposeB] = [layout === 'TN', layout === 'NT'];
  const accumulate = m % 2 === 0;
  return {
    name: `matmul ${layout} ${m} x ${k} x ${n} ${regime} ${dtypeB}`,
    run(gpu, scope, keep) {
      const random = new TestRandom(m + n + k);
      const [shapeA, shapeB] = [transposeA ? [k, m] : [m, k], transposeB ? [n, k] : [k, n]];
      // Numbers that float16 has, so that storage rounds nothing.
      const values = (length: number): Float32Array =>
        Float32Array.from({ length }, () => (random.integer(257) - 128) / 128);
      const [dataA, dataB, bias, before] = [values(m * k), values(n * k), values(n), values(m * n)];
      const a = scope.upload(dataA, shapeA);
      const b =
        dtypeB === 'float16' ? keep(gpu.tensor(shapeB, { dtype: dtypeB })) : scope.tensor(shapeB, 'b');
      gpu.write(b, dataB);
      const c = accumulate ? scope.upload(before, [m, n]) : poisoned(scope, [m, n]);
      matmul(gpu, {
        ...{ a: matrix(a), b: matrix(b), c: matrix(c), transposeA, transposeB, regime, accumulate },
        bias: scope.upload(bias, [n]),
      });
      const dense = ([rows, columns]: readonly number[], data: Float32Array) => ({
        ...{ rows: rows as number, columns: columns as number, data },
      });
      const expected = matmulReference(dense(shapeA, dataA), dense(shapeB, dataB), {
        ...{ transposeA, transposeB, bias },
        ...(accumulate ? { previous: before } : {}),
      });
      return [{ name: 'c', tensor: c, expected, tolerance: tolerances.matmul.f32, scale: Math.sqrt(k) }];
    },
  };
}

const LENGTHS = [1, 7, 30, 33];
const TOKENS = LENGTHS.reduce((a, b) => a + b, 0);

const attentions: readonly Operation[] = [16, 32, 64, 20].flatMap((headDim) =>
  [0, 19].map((prefixLength): Operation => ({
    name: `attention ${headDim}${prefixLength === 0 ? ', forward and backward' : ' behind a prefix'}`,
    run(gpu, scope, keep) {
      const random = new TestRandom(headDim + prefixLength);
      const shape = { heads: 2, kvHeads: 2, headDim, scale: headDim ** -0.5 };
      const width = shape.heads * headDim;
      const sequences = keep(new PackedSequences(gpu, LENGTHS));
      const [q, k, v, gradOutput] = Array.from({ length: 4 }, () => random.normal(TOKENS * width)) as [
        Float32Array,
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      const up = (values: Float32Array, rows = TOKENS): Tensor => scope.upload(values, [rows, width]);
      const inputs = { shape, sequences, q: up(q), k: up(k), v: up(v) };
      const [out, lse] = [poisoned(scope, [TOKENS, width]), poisoned(scope, [TOKENS, shape.heads])];
      const host = { shape, lengths: LENGTHS, q, k, v };
      const tolerance = tolerances.attention.f32;
      const before = {
        length: prefixLength,
        k: random.normal(prefixLength * width),
        v: random.normal(prefixLength * width),
      };
      const behind = prefixLength === 0 ? {} : { prefix: before };
      attentionForward(gpu, {
        ...{ ...inputs, out, logSumExp: lse },
        ...(prefixLength === 0
          ? {}
          : {
              prefix: { length: prefixLength, k: up(before.k, prefixLength), v: up(before.v, prefixLength) },
            }),
      });
      const expected = attentionReference({ ...host, ...behind });
      const forward = [
        { name: 'out', tensor: out, expected: expected.out, tolerance, scale: 4 },
        { name: 'logSumExp', tensor: lse, expected: expected.logSumExp, tolerance, scale: 4 },
      ];
      if (prefixLength > 0) return forward;
      const gradients = {
        gradQuery: poisoned(scope, [TOKENS, width]),
        gradKey: poisoned(scope, [TOKENS, width]),
        gradValue: poisoned(scope, [TOKENS, width]),
      };
      attentionBackward(gpu, { ...inputs, out, logSumExp: lse, gradOutput: up(gradOutput), ...gradients });
      const wanted = attentionBackwardReference(host, gradOutput);
      const names = ['gradQuery', 'gradKey', 'gradValue'] as const;
      return [
        ...forward,
        ...names.map((name) => ({
          ...{ name, tensor: gradients[name], expected: wanted[name], tolerance, scale: 8 },
        })),
      ];
    },
  })),
);

const WIDTHS = [4, 37, 256, 1030];
const ROWS = 9;

const norms: readonly Operation[] = WIDTHS.map((width) => ({
  name: `norms, sums and log-sum-exp ${ROWS} x ${width}`,
  run(gpu, scope) {
    const random = new TestRandom(width);
    const [x, gradOutput] = [random.normal(ROWS * width), random.normal(ROWS * width)];
    const [weight, bias] = [random.normal(width), random.normal(width)];
    const epsilon = 1e-5;
    const up = (values: Float32Array, shape: readonly number[]): Tensor => scope.upload(values, shape);
    const [own, w, b, g] = [
      up(x, [ROWS, width]),
      up(weight, [width]),
      up(bias, [width]),
      up(gradOutput, [ROWS, width]),
    ];
    const stats = poisoned(scope, [ROWS, 2]);
    const made = (shape: readonly number[]): Tensor => poisoned(scope, shape);
    const [layer, rms, gradInput, lse, columns, squares] = [
      ...[made([ROWS, width]), made([ROWS, width]), made([ROWS, width])],
      ...[made([ROWS]), made([width]), made([1])],
    ] as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
    layerNormForward(gpu, { x: own, weight: w, bias: b, epsilon, out: layer, stats });
    layerNormBackward(gpu, { x: own, weight: w, stats, gradOutput: g, gradInput });
    rmsNormForward(gpu, { x: own, weight: w, epsilon, out: rms, stats: poisoned(scope, [ROWS]) });
    logSumExp(gpu, { logits: own, rows: ROWS, vocabulary: width, out: lse });
    columnSum(gpu, { x: own, out: columns });
    sumOfSquares(gpu, { x: own, out: squares });
    const norm = tolerances['layer-norm'].f32;
    return [
      {
        name: 'layer norm',
        tensor: layer,
        expected: layerNormReference({ x, weight, bias, epsilon }).out,
        tolerance: norm,
        scale: 8,
      },
      {
        name: 'gradient of layer norm',
        tensor: gradInput,
        expected: layerNormBackwardReference({ x, weight, bias, epsilon }, gradOutput).gradInput,
        tolerance: norm,
        scale: 16,
      },
      {
        name: 'RMS norm',
        tensor: rms,
        expected: rmsNormReference({ x, weight, epsilon }).out,
        tolerance: norm,
        scale: 8,
      },
      {
        name: 'log-sum-exp',
        tensor: lse,
        expected: logSumExpReference(x, width),
        tolerance: tolerances['cross-entropy'].f32,
        scale: 4,
      },
      {
        name: 'column sums',
        tensor: columns,
        expected: columnSumReference(x, width),
        tolerance: tolerances.sum.f32,
        scale: 3,
      },
      {
        name: 'sum of squares',
        tensor: squares,
        expected: [sumOfSquaresReference(x)],
        tolerance: tolerances.sum.f32,
        scale: Math.sqrt(ROWS * width),
      },
    ];
  },
}));

const pointwise: Operation = {
  name: 'activations and SGD',
  run(gpu, scope) {
    const length = 1027;
    const random = new TestRandom(3);
    const [values, gradients] = [random.normal(length), random.normal(length)];
    const x = scope.upload(values, [length]);
    const kinds = ['gelu', 'gelu_tanh', 'relu', 'silu'] as const;
    const outputs = kinds.map((kind): Output => {
      const out = poisoned(scope, [length]);
      activationForward(gpu, { kind, x, out });
      const expected = Array.from(values, (value) => activationReference(kind, value));
      return { name: kind, tensor: out, expected, tolerance: tolerances.activation.f32 };
    });
    const parameter = scope.upload(values, [length]);
    sgdStep(gpu, { parameter, gradient: scope.upload(gradients, [length]), learningRate: 0.125 });
    const stepped = Array.from(values, (value, i) => value - 0.125 * gradients[i]!);
    return [
      ...outputs,
      { name: 'SGD', tensor: parameter, expected: stepped, tolerance: tolerances.elementwise.f32 },
    ];
  },
};

/** Every operation that a run is made of, at sizes that are whole tiles and that are not. */
export const OPERATIONS: readonly Operation[] = [
  ...products,
  ...attentions,
  ...norms,
  pointwise,
  ...FURTHER_OPERATIONS,
  ...FUSED_OPERATIONS,
];

/** Those that matrix units take. */
export const PROBING_PRODUCTS = products.filter(({ name }) => /NT .* probing/.test(name));
