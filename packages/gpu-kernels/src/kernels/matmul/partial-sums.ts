import {
  type Kernel,
  type ParameterType,
  type StorageType,
  defineKernel,
  memoizeKernel,
} from '../../runtime/kernel.ts';
import { type FinishText, finishBinding, finishFunctions, finishLabel, finishStore } from './finish.ts';
import { repeat } from '../wgsl.ts';
import { MAX_CHUNKS } from './product-parts.ts';

const WORKGROUP = 64;

/** Elements of C that a workgroup of {@link PARTIAL_SUMS} computes. */
export const PARTIAL_SUMS_PER_WORKGROUP = WORKGROUP;

const PARTIAL_PARAMS = {
  m: 'u32',
  n: 'u32',
  parts: 'u32',
  cOffset: 'u32',
  cStride: 'u32',
  biasOffset: 'u32',
  useBias: 'u32',
  accumulate: 'u32',
} as const satisfies Record<string, ParameterType>;

/** C [m, n] = the sum of [parts, m, n] over the parts, in their order (+ bias) (+ C). */
export const partialSums = memoizeKernel(({ finish }: { readonly finish?: FinishText }) => {
  return defineKernel<string, keyof typeof PARTIAL_PARAMS>({
    label: `matmul.partial-sums${finishLabel(finish)}`,
    storage: { partial: 'f32', bias: 'f32', c: '&f32', ...finishBinding(finish, 'f32') },
    params: PARTIAL_PARAMS,
    workgroupSize: [WORKGROUP],
    declarations: finishFunctions(finish),
    body: `
    let i = workgroup * ${WORKGROUP}u + localIndex;
    let size = params.m * params.n;
    if (i >= size) { return; }
    var sum = 0.0;
    // A constant bound: no guard against loops without end.
    for (var part = 0u; part < ${MAX_CHUNKS}u; part++) {
      if (part >= params.parts) { break; }
      sum += partial[part * size + i];
    }
    let at = params.cOffset + i / params.n * params.cStride + i % params.n;
    var value = sum;
    if (params.useBias != 0u) { value += bias[params.biasOffset + i % params.n]; }
    if (params.accumulate != 0u) { value += c[at]; }
    ${finishStore(finish, 'f32')}`,
  });
});

/** Without more. */
export const PARTIAL_SUMS = partialSums({});

/** Sums over parts of several products: each into a C of its own, or all into one, in their order. */
export interface PartialSetVariant {
  readonly members: number;
  readonly summed: boolean;
}

const MEMBER_PARAMS = [
  ...['m', 'n', 'parts', 'partialOffset', 'cOffset', 'cStride'],
  ...['biasOffset', 'useBias', 'accumulate', 'end'],
] as const;

/** Bindings of a member's C and bias. */
export function partialBinding(name: 'c' | 'bias', { summed }: PartialSetVariant, i: number): string {
  return summed ? name : `${name}Of${i}`;
}

/** As {@link PARTIAL_SUMS} of each product, whose parts lie behind `partialOffset`. */
export const partialSetSums = memoizeKernel((variant: PartialSetVariant): Kernel<string, string> => {
  const { members, summed } = variant;
  const indices = Array.from({ length: members }, (_, i) => i);
  const param = (name: (typeof MEMBER_PARAMS)[number], i: number): string => `params.${name}${i}`;
  const sum = (i: number): string => `
      var sum${i} = 0.0;
      for (var part = 0u; part < ${MAX_CHUNKS}u; part++) {
        if (part >= ${param('parts', i)}) { break; }
        sum${i} += partial[${param('partialOffset', i)} + part * size + j];
      }`;
  const store = (i: number): string => {
    const [c, bias] = (['c', 'bias'] as const).map((name) => partialBinding(name, variant, i));
    return `
      let column = j % ${param('n', i)};
      let at = ${param('cOffset', i)} + j / ${param('n', i)} * ${param('cStride', i)} + column;
      ${sum(i)}
      var value = sum${i};
      ${summed ? '' : `if (${param('useBias', i)} != 0u) { value += ${bias}[${param('biasOffset', i)} + column]; }`}
      if (${param('accumulate', i)} != 0u) { value += ${c}[at]; }
      ${summed ? repeat(members - 1, (other) => `${sum(other + 1)} value += sum${other + 1};`) : ''}
      ${c}[at] = value;`;
  };
  const branches = indices.slice(0, summed ? 1 : members).map(
    (i) => `if (i < ${param('end', i)}) {
      let j = i${i > 0 ? ` - ${param('end', i - 1)}` : ''};
      let size = ${param('m', i)} * ${param('n', i)};
      ${store(i)}
    }`,
  );
  const bindings = indices.flatMap((i): [string, StorageType][] => [
    ...(summed ? [] : [[partialBinding('bias', variant, i), 'f32'] as [string, StorageType]]),
    [partialBinding('c', variant, i), '&f32'],
  ]);
  return defineKernel<string, string>({
    label: `matmul.partial-sums.${summed ? 'summed' : 'set'}.${members}`,
    storage: { partial: 'f32', ...Object.fromEntries(bindings) },
    params: Object.fromEntries(
      indices.flatMap((i) => MEMBER_PARAMS.map((name): [string, ParameterType] => [`${name}${i}`, 'u32'])),
    ),
    workgroupSize: [WORKGROUP],
    body: `
    let i = workgroup * ${WORKGROUP}u + localIndex;
    ${branches.join(' else ')}`,
  });
});
