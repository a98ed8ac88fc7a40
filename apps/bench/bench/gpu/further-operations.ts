import {
  type ActivationKind,
  RowGroups,
  type Tensor,
  activatedMatmul,
  adamWStep,
  embeddingBackward,
  embeddingForward,
  gatedMatmul,
  groupedMatmul,
  layerNormForward,
  logSumExp,
  matmulParts,
  matmulSet,
  matrix,
  rotateInPlace,
  rotaryTable,
  rotatedNorm,
  topLogProbs,
} from '@icl-gd/gpu-kernels';
import {
  activationDerivativeReference,
  activationReference,
  adamWReference,
  columnSumReference,
  embeddingBackwardReference,
  embeddingReference,
  gatedActivationBackwardReference,
  gatedActivationReference,
  groupedMatmulReference,
  layerNormReference,
  matmulReference,
  rmsNormReference,
  rotaryReference,
  topLogProbsReference,
} from '@icl-gd/gpu-kernels/reference';
import { TestRandom } from '../../../../packages/gpu-kernels/src/testing/random.ts';
import { tolerances } from '../../../../packages/gpu-kernels/src/testing/tolerances.ts';
import { type Operation, type Output, poisoned } from './operation.ts';

/** An array of numbers as a reference takes it and as a kernel does. */
export interface Both {
  readonly host: { readonly rows: number; readonly columns: number; readonly data: Float32Array };
  readonly device: Tensor;
}

export type Make = (rows: number, columns: number) => Both;

/** An operation of matrices that are drawn. */
export function operation(
  name: string,
  run: (gpu: Parameters<Operation['run']>[0], make: Make, ...rest: [Rest[1], Rest[2]]) => Output[],
): Operation {
  return {
    name,
    run(gpu, scope, keep) {
      const random = new TestRandom(name.length);
      const make: Make = (rows, columns) => {
        // So small that products are of order 1, which tolerances are for.
        const data = random.normal(rows * columns).map((value) => value / 4);
        return { host: { rows, columns, data }, device: scope.upload(data, [rows, columns]) };
      };
      return run(gpu, make, scope, keep);
    },
  };
}
type Rest = Parameters<Operation['run']>;

export const product = (name: string, tensor: Tensor, expected: ArrayLike<number>, k: number): Output => ({
  ...{ name, tensor, expected, tolerance: tolerances.matmul.f32, scale: Math.sqrt(k) },
});

const REGIMES = ['training', 'probing'] as const;
/** Rows, and inner and outer sizes; whole vectors, with and without chunks of k. */
const [M, K, WIDE] = [30, 400, 72];
const WIDTHS = [WIDE, 24, 24];

/** Queries, keys and values; what their gradients add up to; the gradients of their weights. */
const sets = REGIMES.map((regime) =>
  operation(`sets of products in ${regime}`, (device, make, scope) => {
    const gpu = device.with({ regime });
    const x = make(M, K);
    const weights = WIDTHS.map((width) => make(width, K));
    const biases = WIDTHS.map((width) => make(1, width));
    const gradients = WIDTHS.map((width) => make(M, width));
    const own = WIDTHS.map((width) => poisoned(scope, [M, width]));
    const ofWeights = WIDTHS.map((width) => poisoned(scope, [width, K]));
    const ofBiases = WIDTHS.map((width) => poisoned(scope, [width]));
    const sum = poisoned(scope, [M, K]);
    matmulSet(
      gpu,
      weights.map((weight, i) => ({
        ...{ a: matrix(x.device), b: matrix(weight.device), c: matrix(own[i]!), transposeB: true },
        bias: biases[i]!.device,
      })),
    );
    matmulSet(
      gpu,
      weights.map((weight, i) => ({
        ...{ a: matrix(gradients[i]!.device), b: matrix(weight.device), c: matrix(sum) },
        accumulate: i > 0,
      })),
    );
    matmulSet(
      gpu,
      gradients.map((gradient, i) => ({
        ...{ a: matrix(gradient.device), b: matrix(x.device), c: matrix(ofWeights[i]!), transposeA: true },
        columnSums: { out: ofBiases[i]! },
      })),
    );
    let total: Float64Array = new Float64Array(M * K);
    for (const [i, weight] of weights.entries())
      total = matmulReference(gradients[i]!.host, weight.host, { previous: total });
    return [
      ...own.map((tensor, i) => {
        const options = { transposeB: true, bias: biases[i]!.host.data };
        return product(`of set ${i}`, tensor, matmulReference(x.host, weights[i]!.host, options), K);
      }),
      product('sum', sum, total, 120),
      ...ofWeights.map((tensor, i) => {
        const expected = matmulReference(gradients[i]!.host, x.host, { transposeA: true });
        return product(`of weights ${i}`, tensor, expected, M);
      }),
      ...ofBiases.map((tensor, i) => {
        const expected = columnSumReference(gradients[i]!.host.data, WIDTHS[i]!);
        return product(`of biases ${i}`, tensor, expected, M);
      }),
    ];
  }),
);

const COUNTS = [11, 0, 18, 1];

const grouped = REGIMES.map((regime) =>
  operation(`grouped products in ${regime}`, (device, make, scope, keep) => {
    const gpu = device.with({ regime });
    const groups = keep(new RowGroups(gpu, COUNTS));
    const [each, rows] = [COUNTS.length, M];
    const [x, gradient, weight] = [make(rows, K), make(rows, WIDE), make(each * WIDE, K)];
    const outputs = [
      poisoned(scope, [rows, WIDE]),
      poisoned(scope, [rows, K]),
      poisoned(scope, [each * WIDE, K]),
    ] as const;
    const [a, b, g] = [matrix(x.device), matrix(weight.device), matrix(gradient.device)];
    groupedMatmul(gpu, { a, b, c: matrix(outputs[0]), transposeB: true, groups });
    groupedMatmul(gpu, { a: g, b, c: matrix(outputs[1]), groups });
    groupedMatmul(gpu, { a: g, b: a, c: matrix(outputs[2]), transposeA: true, groups });
    const counts = COUNTS;
    return [
      product('NT', outputs[0], groupedMatmulReference(x.host, weight.host, { transposeB: true, counts }), K),
      product('NN', outputs[1], groupedMatmulReference(gradient.host, weight.host, { counts }), WIDE),
      product(
        'TN',
        outputs[2],
        groupedMatmulReference(gradient.host, x.host, { transposeA: true, counts }),
        M,
      ),
    ];
  }),
);

const KINDS: readonly ActivationKind[] = ['gelu', 'gelu_tanh', 'relu', 'silu'];

/** What goes with products as they are stored; inputs so small that slopes are not lost in the product's error. */
const epilogues = KINDS.map((kind) =>
  operation(`products with ${kind}, gates and their gradients`, (device, make, scope) => {
    const gpu = device.with({ regime: 'training' });
    const [x, up, gate, down] = [make(M, K), make(WIDE, K), make(WIDE, K), make(K, WIDE)];
    const seen = [make(M, WIDE), make(M, WIDE)] as const;
    const made = () => poisoned(scope, [M, WIDE]);
    const [c, out, gradient, u, g, gated, gradUp, gradGate, sum] = Array.from({ length: 9 }, made) as [
      ...[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor],
    ];
    const forward = (b: Both, into: Tensor) => ({
      ...{ a: matrix(x.device), b: matrix(b.device), c: matrix(into), transposeB: true },
    });
    const backward = (into: Tensor) => ({ a: matrix(x.device), b: matrix(down.device), c: matrix(into) });
    const tensors = { gate: seen[0].device, up: seen[1].device };
    activatedMatmul(gpu, forward(up, c), { type: 'activation', kind, out });
    activatedMatmul(gpu, backward(gradient), { type: 'activation-gradient', kind, x: tensors.gate });
    activatedMatmul(gpu, backward(gradUp), { type: 'gated-gradient', kind, ...tensors, gradGate });
    activatedMatmul(gpu, forward(up, sum), { type: 'sum', x: tensors.gate });
    gatedMatmul(gpu, { kind, up: forward(up, u), gate: forward(gate, g), out: gated });
    const [ofUp, ofGate] = [up, gate].map(({ host }) =>
      matmulReference(x.host, host, { transposeB: true }),
    ) as [Float64Array, Float64Array];
    const ofDown = matmulReference(x.host, down.host);
    const [gates, ups] = [seen[0].host.data, seen[1].host.data];
    const slopes = Array.from(gates, (value) => activationDerivativeReference(kind, value));
    const gradients = gatedActivationBackwardReference(kind, gates, ups, ofDown);
    // What multiplies a product multiplies its error.
    const scale = 4 * K;
    return [
      product(
        'activation',
        out,
        Array.from(ofUp, (value) => activationReference(kind, value)),
        scale,
      ),
      product(
        'slope',
        gradient,
        Array.from(ofDown, (value, i) => value * slopes[i]!),
        scale,
      ),
      product('gated', gated, gatedActivationReference(kind, ofGate, ofUp), 4 * scale),
      product('gradient of up', gradUp, gradients.gradUp, scale),
      product('gradient of the gate', gradGate, gradients.gradGate, scale),
      product(
        'sum',
        sum,
        Array.from(ofUp, (value, i) => value + gates[i]!),
        K,
      ),
    ];
  }),
);

/** Sums over chunks that a norm adds up, where products come in parts. */
const parts = operation('a norm of products in parts', (device, make, scope) => {
  const gpu = device.with({ regime: 'training' });
  const [x, w, residual] = [make(M, K), make(WIDE, K), make(M, WIDE)];
  const [weight, bias] = [make(1, WIDE), make(1, WIDE)];
  const [whole, sum, out] = [0, 1, 2].map(() => poisoned(scope, [M, WIDE])) as [Tensor, Tensor, Tensor];
  const task = { a: matrix(x.device), b: matrix(w.device), c: matrix(whole), transposeB: true };
  const inParts = matmulParts(gpu, [task]);
  if (!inParts) matmulSet(gpu, [task]);
  const epsilon = 1e-5;
  layerNormForward(gpu, {
    ...{ x: residual.device, addend: inParts ?? whole, sum, out, epsilon },
    ...{ weight: weight.device, bias: bias.device },
  });
  inParts?.dispose();
  const products = matmulReference(x.host, w.host, { transposeB: true });
  const input = Array.from(products, (value, i) => value + residual.host.data[i]!);
  const expected = layerNormReference({ x: input, weight: weight.host.data, bias: bias.host.data, epsilon });
  return [
    product('sum', sum, input, K),
    { name: 'norm', tensor: out, expected: expected.out, tolerance: tolerances['layer-norm'].f32, scale: 8 },
  ];
});

const [VOCABULARY, TOKENS] = [1003, [5, 0, 1002, 5, 77]] as const;

const embedding = operation('embedding and its gradient', (gpu, make, scope, keep) => {
  const width = 36;
  const [table, positionTable, gradOutput] = [make(VOCABULARY, width), make(9, width), make(5, width)];
  const before = make(VOCABULARY, width);
  const rows = (values: readonly number[]): Tensor => scope.upload(Uint32Array.from(values), [values.length]);
  const places = [3, 4, 5, 0, 8];
  const [out, half] = [poisoned(scope, [5, width]), poisoned(scope, [5, width])];
  const positions = { positions: rows(places), positionTable: positionTable.device };
  embeddingForward(gpu, { tokens: rows(TOKENS), table: table.device, scale: 6, ...positions, out });
  const stored = keep(gpu.tensor([VOCABULARY, width], { dtype: 'float16' }));
  const halves = Float32Array.from(table.host.data, (value) => Math.round(value * 64) / 64);
  gpu.write(stored, halves);
  embeddingForward(gpu, { tokens: rows(TOKENS), table: stored, scale: 1, out: half });
  embeddingBackward(gpu, {
    ...{ tokens: TOKENS, gradOutput: gradOutput.device, gradTable: before.device, scale: 6 },
  });
  const tolerance = { ...tolerances.elementwise.f32, absolute: 4e-6 };
  const host = { tokens: TOKENS, width };
  const withPositions = { positions: places, positionTable: positionTable.host.data };
  const { data } = gradOutput.host;
  const ofTable = embeddingBackwardReference(TOKENS, data, before.host.data, 6);
  return [
    {
      ...{ name: 'embedding', tensor: out, tolerance },
      expected: embeddingReference({ ...host, ...withPositions, table: table.host.data, scale: 6 }),
    },
    {
      ...{ name: 'of float16', tensor: half, tolerance },
      expected: embeddingReference({ ...host, table: halves, scale: 1 }),
    },
    { name: 'gradient', tensor: before.device, expected: ofTable, tolerance },
  ];
});

const rotary = operation('rotary positions, alone and behind norms of heads', (gpu, make, scope) => {
  const [headDim, size, theta, epsilon] = [16, 8, 300, 1e-5];
  const frequencies = [0, 1, 2, 3].map((i) => theta ** ((-2 * i) / size));
  const places = [0, 7, 3, 3, 11];
  const table = scope.upload(rotaryTable(12, frequencies), [12, 4, 2]);
  const positions = scope.upload(Uint32Array.from(places), [5]);
  const [q, k, weight] = [make(5, 3 * headDim), make(5, headDim), make(1, headDim)];
  const rotation = { positions, table };
  const turned = (x: ArrayLike<number>) => rotaryReference({ x, positions: places, headDim, size, theta });
  const heads = [q, k].map(({ device, host }) => ({
    ...{ x: device, weight: weight.device, out: poisoned(scope, [host.rows, host.columns]) },
  }));
  const together = rotatedNorm(gpu, { heads, ...rotation, epsilon });
  const normed = (x: ArrayLike<number>) => rmsNormReference({ x, weight: weight.host.data, epsilon }).out;
  const tolerance = tolerances['layer-norm'].f32;
  const outputs = [q, k].map(({ host }, i): Output => ({
    ...{
      name: `normed ${i}`,
      tensor: heads[i]!.out,
      expected: turned(normed(host.data)),
      tolerance,
      scale: 8,
    },
  }));
  const copies = [q, k].map(({ host }) => scope.upload(host.data, [host.rows, host.columns]));
  rotateInPlace(gpu, { x: copies[0]!, other: copies[1]!, ...rotation, headDim });
  return [
    ...(together ? outputs : []),
    ...[q, k].map(({ host }, i): Output => ({
      ...{ name: `rotated ${i}`, tensor: copies[i]!, expected: turned(host.data), tolerance, scale: 4 },
    })),
  ];
});

const top = operation('the likeliest tokens', (gpu, make, scope) => {
  const [rows, k] = [3, 40];
  const logits = make(rows, VOCABULARY);
  const lse = poisoned(scope, [rows]);
  logSumExp(gpu, { logits: logits.device, rows, vocabulary: VOCABULARY, out: lse });
  const tokens = scope.tensor([rows, k], 'tokens', 'uint32');
  const logProbs = poisoned(scope, [rows, k]);
  const row = scope.upload(Uint32Array.from([2, 0, 1]), [rows]);
  topLogProbs(gpu, {
    ...{ logits: logits.device, logSumExp: lse, row, vocabulary: VOCABULARY, k, tokens, logProbs },
  });
  // The order of the numbers is that of the tokens.
  const expected = [2, 0, 1].flatMap((r) => {
    const own = logits.host.data.subarray(r * VOCABULARY, (r + 1) * VOCABULARY);
    return topLogProbsReference(own, k).logProbs;
  });
  const tolerance = tolerances['cross-entropy'].f32;
  return [{ name: 'log-probabilities', tensor: logProbs, expected, tolerance, scale: 4 }];
});

const adamW = operation('a step of AdamW', (gpu, make) => {
  const [parameter, gradient] = [make(5, 36), make(5, 36)];
  const [firstMoment, second] = [make(5, 36), make(5, 36)];
  const squares = second.host.data.map((value) => value * value);
  gpu.write(second.device, squares);
  const options = { learningRate: 3e-3, beta1: 0.9, beta2: 0.95, epsilon: 0.01, weightDecay: 0.1 };
  adamWStep(gpu, {
    ...{ parameter: parameter.device, gradient: gradient.device, step: 3, ...options },
    ...{ firstMoment: firstMoment.device, secondMoment: second.device },
  });
  const states = Array.from(parameter.host.data, (value, i) =>
    adamWReference(
      { parameter: value, firstMoment: firstMoment.host.data[i]!, secondMoment: squares[i]! },
      gradient.host.data[i]!,
      3,
      options,
    ),
  );
  const tolerance = tolerances.adamw.f32;
  const outputs = { parameter, firstMoment, secondMoment: second };
  return (['parameter', 'firstMoment', 'secondMoment'] as const).map((name) => ({
    ...{ name, tensor: outputs[name].device, tolerance },
    expected: states.map((state) => state[name]),
    scale: 4,
  }));
});

/** What products share and what goes with them, and all that is neither product nor attention nor norm. */
export const FURTHER_OPERATIONS: readonly Operation[] = [
  ...[...sets, ...grouped, ...epilogues],
  ...[parts, embedding, rotary, top, adamW],
];
