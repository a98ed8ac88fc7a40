import {
  PackedSequences,
  type Tensor,
  attentionBackward,
  attentionForward,
  layerNormForward,
  matmulParts,
  matmulSet,
  matrix,
  rotaryTable,
  rotatedMatmul,
  rotatedNormMatmul,
} from '@icl-gd/gpu-kernels';
import {
  attentionBackwardReference,
  layerNormReference,
  matmulReference,
  rmsNormReference,
  rotaryReference,
} from '@icl-gd/gpu-kernels/reference';
import { tolerances } from '../../../../packages/gpu-kernels/src/testing/tolerances.ts';
import { type Both, operation, product } from './further-operations.ts';
import { type Operation, type Output, poisoned } from './operation.ts';

/** Rows, and steps that are summed: some chunks of them. */
const [M, K] = [30, 400];
const [HEADS, HEAD_DIM] = [3, 16];
const FREQUENCIES = [0, 1, 2, 3].map((i) => 300 ** (-i / 4));

/** Queries of three heads, keys and values of one, turned as their sums over chunks are added up. */
const projections = [false, true].map((normed) =>
  operation(`queries, keys and values with positions${normed ? ' and norms' : ''}`, (device, make, scope) => {
    const gpu = device.with({ regime: 'training' });
    const x = make(M, K);
    const widths = [HEADS * HEAD_DIM, HEAD_DIM, HEAD_DIM];
    const weights = widths.map((width) => make(width, K));
    const biases = widths.map((width) => make(1, width));
    const outputs = widths.map((width) => poisoned(scope, [M, width]));
    const [query, key, value] = weights.map((weight, i) => ({
      ...{ a: matrix(x.device), b: matrix(weight.device), c: matrix(outputs[i]!), transposeB: true },
      ...(normed ? {} : { bias: biases[i]!.device }),
    })) as [Product, Product, Product];
    const places = Array.from({ length: M }, (_, i) => (i * 5) % 12);
    const positions = scope.upload(Uint32Array.from(places), [M]);
    const rotation = { positions, table: scope.upload(rotaryTable(12, FREQUENCIES), [12, 4, 2]) };
    const turned = (of: ArrayLike<number>) =>
      rotaryReference({ x: of, positions: places, headDim: HEAD_DIM, size: 8, theta: 300 });
    const products = weights.map(({ host }, i) =>
      matmulReference(x.host, host, { transposeB: true, ...(normed ? {} : { bias: biases[i]!.host.data }) }),
    );
    if (!normed) {
      rotatedMatmul(gpu, { query, key, value, ...rotation, headDim: HEAD_DIM });
      return products.map((own, i) => product(`${i}`, outputs[i]!, i < 2 ? turned(own) : own, 2 * K));
    }
    const epsilon = 1e-5;
    const norms = [make(1, HEAD_DIM), make(1, HEAD_DIM)] as const;
    const heads = [query, key].map((own, i) => {
      const out = poisoned(scope, [M, widths[i]!]);
      return { product: own, weight: norms[i]!.device, out };
    }) as [Heads, Heads];
    if (!rotatedNormMatmul(gpu, { query: heads[0], key: heads[1], value, ...rotation, epsilon })) return [];
    return [
      ...products.map((own, i) => product(`before the norm ${i}`, outputs[i]!, own, K)),
      ...heads.map(({ out }, i): Output => {
        const { data: weight } = norms[i]!.host;
        const expected = turned(rmsNormReference({ x: products[i]!, weight, epsilon }).out);
        return product(`normed ${i}`, out, expected, 4 * K);
      }),
    ];
  }),
);
type Product = Parameters<typeof rotatedMatmul>[1]['query'];
type Heads = Parameters<typeof rotatedNormMatmul>[1]['query'];

/** Attention whose outputs' gradient is a product in parts. */
const attention = operation('gradients of attention in parts', (device, make, scope, keep) => {
  const gpu = device.with({ regime: 'training' });
  const lengths = [3, M - 3];
  const sequences = keep(new PackedSequences(gpu, lengths));
  const shape = { heads: HEADS, kvHeads: HEADS, headDim: HEAD_DIM, scale: 1 / 4 };
  const width = HEADS * HEAD_DIM;
  const [q, k, v, upstream, weight] = [
    ...[make(M, width), make(M, width), make(M, width)],
    ...[make(M, K), make(K, width)],
  ] as [Both, Both, Both, Both, Both];
  const made = () => poisoned(scope, [M, width]);
  const inputs = { shape, sequences, q: q.device, k: k.device, v: v.device };
  const [out, logSumExp, whole] = [made(), poisoned(scope, [M, HEADS]), made()];
  attentionForward(gpu, { ...inputs, out, logSumExp });
  const task = { a: matrix(upstream.device), b: matrix(weight.device), c: matrix(whole) };
  const parts = matmulParts(gpu, [task]);
  if (!parts) matmulSet(gpu, [task]);
  const gradients = { gradQuery: made(), gradKey: made(), gradValue: made() };
  attentionBackward(gpu, { ...inputs, out, logSumExp, gradOutput: parts ?? whole, ...gradients });
  parts?.dispose();
  const gradOutput = matmulReference(upstream.host, weight.host);
  const host = { shape, lengths, q: q.host.data, k: k.host.data, v: v.host.data };
  const expected = attentionBackwardReference(host, gradOutput);
  return (['gradQuery', 'gradKey', 'gradValue'] as const).map((name) =>
    product(name, gradients[name], expected[name], 16 * K),
  );
});

/** A residual stream that is added up beside a norm of what it was. */
const beside = operation('a norm beside a sum in parts', (device, make, scope) => {
  const gpu = device.with({ regime: 'training' });
  const width = 72;
  const [a, b, residual] = [make(M, K), make(width, K), make(M, width)];
  const [weight, bias] = [make(1, width), make(1, width)];
  const [whole, sum, out] = [0, 1, 2].map(() => poisoned(scope, [M, width])) as [Tensor, Tensor, Tensor];
  const task = { a: matrix(a.device), b: matrix(b.device), c: matrix(whole), transposeB: true };
  const parts = matmulParts(gpu, [task]);
  if (!parts) return [];
  const epsilon = 1e-5;
  layerNormForward(gpu, {
    ...{ x: residual.device, addend: parts, sum, beside: true, out, epsilon },
    ...{ weight: weight.device, bias: bias.device },
  });
  parts.dispose();
  const products = matmulReference(a.host, b.host, { transposeB: true });
  const host = { x: residual.host.data, weight: weight.host.data, bias: bias.host.data, epsilon };
  const tolerance = tolerances['layer-norm'].f32;
  return [
    product(
      'sum',
      sum,
      products.map((value, i) => value + residual.host.data[i]!),
      K,
    ),
    { name: 'norm', tensor: out, expected: layerNormReference(host).out, tolerance, scale: 8 },
  ];
});

/** What goes with sums over chunks on GPUs. */
export const FUSED_OPERATIONS: readonly Operation[] = [...projections, attention, beside];
