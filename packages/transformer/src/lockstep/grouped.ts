import {
  type Gpu,
  type RowGroups,
  type Scope,
  type Tensor,
  addScaled,
  columnSum,
  crossEntropyGradient,
  l2Norm,
  sum,
} from '@icl-gd/gpu-kernels';

/* Group after group, each in dispatches of its own. */

const HOST = new WeakMap<Tensor, Float32Array>();

/** Until kernels read them on the device. */
export function remember(tensor: Tensor, values: Float32Array): Tensor {
  HOST.set(tensor, values);
  return tensor;
}

export function groupedColumnSum(
  gpu: Gpu,
  { x, groups, out, accumulate = false }: { x: Tensor; groups: RowGroups; out: Tensor; accumulate?: boolean },
): void {
  using scope = gpu.scope();
  const width = x.shape.at(-1) as number;
  for (const [g, count] of groups.counts.entries()) {
    if (count === 0) continue;
    const rows = scope.tensor([count, width]);
    gpu.copy(x, rows, count * width, (groups.starts[g] as number) * width);
    const own = copyOf(gpu, scope, out, g);
    columnSum(gpu, { x: rows, out: own, accumulate });
    gpu.copy(own, out, width, 0, g * width);
  }
}

export function groupedL2Norm(
  gpu: Gpu,
  {
    tensors,
    out,
    outIndex = 0,
    outStride = 1,
  }: { tensors: readonly Tensor[]; out: Tensor; outIndex?: number; outStride?: number },
): void {
  using scope = gpu.scope();
  const groups = tensors[0]?.shape[0] ?? 0;
  for (let g = 0; g < groups; g++) {
    const own = tensors.map((tensor) => copyOf(gpu, scope, tensor, g));
    l2Norm(gpu, { tensors: own, out, outIndex: outIndex + g * outStride });
  }
}

/** out[outIndex + g] = scale times the mean of the group's elements. */
export function groupedMeans(
  gpu: Gpu,
  {
    x,
    groups,
    scale,
    out,
    outIndex = 0,
  }: { x: Tensor; groups: RowGroups; scale: number; out: Tensor; outIndex?: number },
): void {
  for (const [g, length] of groups.counts.entries()) {
    if (length === 0) continue;
    sum(gpu, {
      ...{ x, offset: groups.starts[g] as number, length },
      ...{ scale: scale / length, out, outIndex: outIndex + g },
    });
  }
}

export function groupedAddScaled(
  gpu: Gpu,
  { target, source, scales }: { target: Tensor; source: Tensor; scales: Tensor },
): void {
  using scope = gpu.scope();
  for (const [g, scale] of (HOST.get(scales) as Float32Array).entries()) {
    const own = copyOf(gpu, scope, target, g);
    addScaled(gpu, { target: own, source: copyOf(gpu, scope, source, g), scale });
    gpu.copy(own, target, own.length, 0, g * own.length);
  }
}

/** As `crossEntropyGradient`, with a scale for each group of rows. */
export function groupedCrossEntropyGradient(
  gpu: Gpu,
  { logits, scales, ...args }: Omit<Parameters<typeof crossEntropyGradient>[1], 'scale'> & { scales: Tensor },
): void {
  using scope = gpu.scope();
  const { rows, vocabulary } = args;
  for (let row = 0; row < rows; row++) {
    const own = scope.tensor([1, vocabulary]);
    gpu.copy(logits, own, vocabulary, row * vocabulary);
    const normalizer = scope.tensor([1]);
    gpu.copy(args.logSumExp, normalizer, 1, row);
    const scale = (HOST.get(scales) as Float32Array)[row] as number;
    crossEntropyGradient(gpu, {
      ...{ logits: own, logSumExp: normalizer, target: args.target, targetOffset: row },
      ...{ scale, rows: 1, vocabulary },
    });
    gpu.copy(own, logits, vocabulary, 0, row * vocabulary);
  }
}

function copyOf(gpu: Gpu, scope: Scope, stack: Tensor, g: number): Tensor {
  const shape = stack.shape.slice(1);
  const own = scope.tensor(shape);
  gpu.copy(stack, own, own.length, g * own.length);
  return own;
}
