import { type Kernel, defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import { workgroupReduction } from '../row-kernel.ts';
import { squaresParams } from './lone-norm.ts';
import { RUN } from './reduction.ts';

interface Squares {
  /** Invocations of a workgroup. */
  readonly size: number;
  /** Tensors at a time. */
  readonly groups: number;
  /** Whether parameters take a step against the tensors, their gradients, as these are read. */
  readonly step?: true;
}

/** Each workgroup sums the squares of a chunk of RUN * size elements of one of the tensors. */
export const squaresKernel = memoizeKernel(({ size, groups, step }: Squares): Kernel<string, string> => {
  const indices = Array.from({ length: groups }, (_, g) => g);
  const ofGroup = (g: number): string => `
      if (chunk < params.end${g}) {
        let start = (chunk${g > 0 ? ` - params.end${g - 1}` : ''}) * ${RUN * size}u;
        for (var i = start + localIndex; i < min(start + ${RUN * size}u, params.length${g}); i += ${size}u) {
          let value = x${g}[group * params.length${g} + i];
          sum += value * value;
          ${step ? `parameter${g}[i] += params.scale * value;` : ''}
        }
      }`;
  return defineKernel<string, string>({
    label: `reduction.squares.${step ? 'sgd.' : ''}${groups}.${size}`,
    storage: {
      ...Object.fromEntries(indices.map((g) => [`x${g}`, 'f32' as const])),
      ...(step ? Object.fromEntries(indices.map((g) => [`parameter${g}`, '&f32' as const])) : {}),
      partial: '&f32',
    },
    params: { ...squaresParams(groups), ...(step ? { scale: 'f32' } : {}) },
    workgroupSize: [size],
    declarations: workgroupReduction('total', size, 'a + b'),
    body: `
      let group = workgroup / params.end${groups - 1};
      let chunk = workgroup % params.end${groups - 1};
      if (group >= params.stacked) { return; }
      var sum = 0.0;
      ${indices.map(ofGroup).join(' else ')}
      let result = total(sum, localIndex);
      if (localIndex == 0u) { partial[group * params.stride + params.outOffset + chunk] = result; }`,
  });
});
