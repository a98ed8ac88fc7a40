import { type Kernel, type KernelText, type ParameterType, defineKernel } from '../runtime/kernel.ts';

interface RowKernelText<S extends string, P extends string> {
  readonly label: string;
  /** Invocations of a workgroup, a power of two. */
  readonly size: number;
  readonly storage: KernelText<S, P>['storage'];
  readonly params: Readonly<Record<P, ParameterType>>;
  /** Functions of {@link workgroupReduction}. */
  readonly declarations: string;
  /** Also sees `row`, the first element of its workgroup's row. */
  readonly body: string;
}

/** A kernel with one workgroup for each of `params.rows` rows of `params.width` elements. */
export function defineRowKernel<S extends string, P extends string = never>(
  text: RowKernelText<S, P>,
): Kernel<S, P | 'rows' | 'width'> {
  const params: Record<string, ParameterType> = { rows: 'u32', width: 'u32', ...text.params };
  return defineKernel<S, P | 'rows' | 'width'>({
    label: text.label,
    storage: text.storage,
    params: params as Record<P | 'rows' | 'width', ParameterType>,
    workgroupSize: [text.size],
    declarations: text.declarations,
    body: `
      if (workgroup >= params.rows) { return; }
      let row = workgroup * params.width;
      ${text.body}`,
  });
}

/**
 * WGSL of `fn <name>(value, localIndex) -> type`: reduces one value of each invocation of a workgroup in a fixed tree
 * and gives all of them the result. Must be called in uniform control flow.
 * @param size invocations of the workgroup, a power of two
 * @param combine WGSL expression of `a` and `b`
 */
export function workgroupReduction(name: string, size: number, combine: string, type = 'f32'): string {
  return `
    var<workgroup> ${name}Partial: array<${type}, ${size}>;

    fn ${name}(value: ${type}, localIndex: u32) -> ${type} {
      ${name}Partial[localIndex] = value;
      workgroupBarrier();
      for (var stride = ${size / 2}u; stride > 0u; stride >>= 1u) {
        if (localIndex < stride) {
          let a = ${name}Partial[localIndex];
          let b = ${name}Partial[localIndex + stride];
          ${name}Partial[localIndex] = ${combine};
        }
        workgroupBarrier();
      }
      let result = ${name}Partial[0];
      workgroupBarrier();
      return result;
    }
    `;
}
