import { type Kernel, type ParameterType, defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { RUN } from './reduction.ts';

/*
 * Kernels of the norm in which an invocation does by itself, without barriers, what a workgroup of LANES does elsewhere: the
 * lanes are the components of two vectors, added up as that workgroup's tree does it, bit for bit.
 */

const LANES = 8;

/** Whether a tuning runs these kernels. */
export function isLone({
  normLanes,
  invocationsPerRow,
}: Pick<Tuning, 'normLanes' | 'invocationsPerRow'>): boolean {
  return normLanes === 1 && invocationsPerRow === LANES;
}

/** Chunks, or groups, of a workgroup. */
export const CHUNKS = 8;

/** Every kernel of norms of at most so many tensors at a time. */
export function loneNormKernels(most: number): Kernel[] {
  const counts = Array.from({ length: most }, (_, i) => i + 1);
  return [
    ...counts.flatMap((groups) => [true, false].map((wide) => loneSquares({ groups, wide }))),
    ...counts.map((groups) => loneSquares({ groups, wide: true, step: true })),
    LONE_SUMS,
  ];
}

/** WGSL: the sum of all lanes. */
const TREE = `
    let half = sum0 + sum1;
    let quarter = half.xy + half.zw;`;

/** Parameters of a sum of squares of chunks of so many tensors. */
export function squaresParams(groups: number): Readonly<Record<string, ParameterType>> {
  const ofTensors = Array.from({ length: groups }, (_, g) => [
    [`end${g}`, 'u32'] as const,
    [`length${g}`, 'u32'] as const,
  ]);
  return { ...Object.fromEntries(ofTensors.flat()), stacked: 'u32', stride: 'u32', outOffset: 'u32' };
}

interface LoneSquares {
  readonly groups: number;
  /** Whether tensors are read four elements at a time. */
  readonly wide: boolean;
  /** Whether parameters take a step against the tensors, their gradients, as these are read: by rates of groups, where both are wide. */
  readonly step?: true;
}

/** Each invocation sums the squares of a chunk of RUN * LANES elements of one of the tensors. */
export const loneSquares = memoizeKernel(({ groups, wide, step }: LoneSquares) => {
  const indices = Array.from({ length: groups }, (_, g) => g);
  const before = (g: number): string => (g > 0 ? `params.end${g - 1}` : '0u');
  const four = (g: number, at: number): string => {
    if (wide)
      return `select(vec4<f32>(), x${g}[(base + min(i + ${at}u, stop - 4u)) >> 2u], i + ${at}u < stop)`;
    const elements = [0, 1, 2, 3].map(
      (e) => `select(0.0, x${g}[base + min(i + ${at + e}u, stop - 1u)], i + ${at + e}u < stop)`,
    );
    return `vec4<f32>(${elements.join(', ')})`;
  };
  // Where vectors of four are read, nothing but the last step of a chunk needs to look for its end.
  const steps = (g: number): string =>
    wide
      ? `for (; i + ${2 * LANES - 1}u < stop; i += ${2 * LANES}u) {
          let at = (base + i) >> 2u;
          let low = x${g}[at];
          let high = x${g}[at + 1u];
          let nextLow = x${g}[at + 2u];
          let nextHigh = x${g}[at + 3u];
          sum0 = sum0 + low * low + nextLow * nextLow;
          sum1 = sum1 + high * high + nextHigh * nextHigh;
          ${step ? ['low', 'high', 'nextLow', 'nextHigh'].map((value, n) => `parameter${g}[at + ${n}u] += rate * ${value};`).join('\n') : ''}
        }`
      : '';
  // A loop over all of a chunk, so that what is run of the tensors that a lane is not at is little beside it; lanes that stand
  // together are at one tensor, whose chunks of all groups come first.
  const ofGroup = (g: number): string => `
      {
        let first = ${before(g)} * params.stacked;
        let isOwn = task >= first && task < params.end${g} * params.stacked;
        let chunks = max(params.end${g} - ${before(g)}, 1u);
        let group = (task - first) / chunks;
        let chunk = (task - first) % chunks;
        let base = group * params.length${g};
        ${step ? 'let rate = -learningRates[select(0u, group, isOwn)];' : ''}
        var i = select(0u, chunk * ${RUN * LANES}u, isOwn);
        let stop = select(0u, min(i + ${RUN * LANES}u, params.length${g}), isOwn);
        ${steps(g)}
        for (; i < stop; i += ${LANES}u) {
          let low = ${four(g, 0)};
          let high = ${four(g, 4)};
          sum0 += low * low;
          sum1 += high * high;
          ${step ? `parameter${g}[(base + i) >> 2u] += rate * low;\nif (i + 4u < stop) { parameter${g}[(base + i + 4u) >> 2u] += rate * high; }` : ''}
        }
        place = select(place, group * params.stride + ${before(g)} + chunk, isOwn);
      }`;
  return defineKernel<string, string>({
    label: `reduction.lone-squares.${step ? 'sgd.' : ''}${groups}${wide ? '.vec4' : ''}`,
    storage: {
      ...Object.fromEntries(indices.map((g) => [`x${g}`, wide ? 'vec4<f32>' : 'f32'] as const)),
      ...(step
        ? {
            ...Object.fromEntries(indices.map((g) => [`parameter${g}`, '&vec4<f32>'] as const)),
            learningRates: 'f32',
          }
        : {}),
      partial: '&f32',
    },
    params: squaresParams(groups),
    workgroupSize: [CHUNKS],
    body: `
      let task = workgroup * ${CHUNKS}u + localIndex;
      if (task >= params.end${groups - 1} * params.stacked) { return; }
      var place = 0u;
      var sum0 = vec4<f32>();
      var sum1 = vec4<f32>();
      ${indices.map(ofGroup).join('')}
      ${TREE}
      partial[params.outOffset + place] = quarter.x + quarter.y;`,
  });
});

/** Parameters of the sums of chunks. */
export const SUMS_PARAMS = {
  start: 'u32',
  end0: 'u32',
  end1: 'u32',
  end2: 'u32',
  end3: 'u32',
  stride: 'u32',
  stacked: 'u32',
  outIndex: 'u32',
  outStride: 'u32',
  accumulate: 'u32',
  root: 'u32',
} as const;

/** An invocation for each group, which sums four runs of chunks, one after the other, as the kernel with a workgroup does. */
export const LONE_SUMS = defineKernel({
  label: 'reduction.lone-norm',
  storage: { partial: 'f32', out: '&f32' },
  params: SUMS_PARAMS,
  workgroupSize: [CHUNKS],
  body: `
    let group = workgroup * ${CHUNKS}u + localIndex;
    if (group >= params.stacked) { return; }
    let first = group * params.stride;
    let place = params.outIndex + group * params.outStride;
    let ends = vec4<u32>(params.end0, params.end1, params.end2, params.end3);
    let lane = vec4<u32>(0u, 1u, 2u, 3u);
    var start = params.start;
    var result = 0.0;
    if (params.accumulate != 0u) { result = out[place]; }
    for (var r = 0u; r < 4u; r++) {
      let end = ends[r];
      var last = 0.0;
      var own0 = vec4<f32>();
      var own1 = vec4<f32>();
      var block = 0u;
      for (; start < end; start += ${RUN * LANES}u) {
        var sum0 = vec4<f32>();
        var sum1 = vec4<f32>();
        let stop = min(start + ${RUN * LANES}u, end);
        for (var i = start; i < stop; i++) {
          let value = partial[first + i];
          let turn = vec4<u32>((i - start) % ${LANES}u);
          sum0 += select(vec4<f32>(), vec4<f32>(value), turn == lane);
          sum1 += select(vec4<f32>(), vec4<f32>(value), turn == lane + 4u);
        }
        ${TREE}
        last = quarter.x + quarter.y;
        own0 += select(vec4<f32>(), vec4<f32>(last), vec4<u32>(block % ${LANES}u) == lane);
        own1 += select(vec4<f32>(), vec4<f32>(last), vec4<u32>(block % ${LANES}u) == lane + 4u);
        block++;
      }
      if (block > 1u) {
        let sum0 = own0;
        let sum1 = own1;
        ${TREE}
        last = quarter.x + quarter.y;
      }
      result += last;
      start = end;
    }
    if (params.root != 0u) { result = sqrt(result); }
    out[place] = result;`,
});
