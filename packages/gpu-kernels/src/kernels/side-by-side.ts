import type { Gpu } from '../runtime/gpu.ts';
import type { Kernel, KernelText, ParameterType } from '../runtime/kernel.ts';
import type { Operand } from '../runtime/tensor.ts';
import { definePointwise } from './pointwise.ts';

/** Work on several groups of tensors in one dispatch; most tensors together are WebGPU's default of eight bindings. */
export interface SideBySideText<S extends string, P extends string> {
  readonly label: string;
  /** Groups of tensors, each with all of the bindings. */
  readonly groups: number;
  /** Bindings of a group. */
  readonly storage: KernelText<S, string>['storage'];
  /** Bindings that all groups have in common. */
  readonly shared?: KernelText<string, string>['storage'];
  /** Of a workgroup; as many as of other pointwise kernels if absent. */
  readonly invocations?: number;
  /** Those of all groups together. */
  readonly params?: Readonly<Record<P, ParameterType>>;
  /** Work of element `j` of a group, whose bindings have these names and whose parameters, if it has some, end in its number. */
  readonly body: (names: Readonly<Record<S, string>>, group: number) => string;
}

/** A kernel over all elements of all groups, one invocation each. */
export function defineSideBySide<S extends string, P extends string = never>({
  label,
  groups,
  storage,
  shared,
  invocations,
  params,
  body,
}: SideBySideText<S, P>): Kernel {
  const bindings = Object.keys(storage) as S[];
  const indices = Array.from({ length: groups }, (_, g) => g);
  const branches = indices.map((g) => {
    const names = Object.fromEntries(bindings.map((name) => [name, `${name}${g}`])) as Record<S, string>;
    if (groups === 1)
      return `
      let j = i;
      ${body(names, g)}`;
    const start = g > 0 ? `params.end${g - 1}` : '0u';
    return `
      if (i >= ${start} && i < params.end${g}) {
        let j = i - ${start};
        ${body(names, g)}
      }`;
  });
  return definePointwise<string, string>({
    label: `${label}.${groups}`,
    ...(invocations === undefined ? {} : { invocations }),
    storage: {
      ...shared,
      ...Object.fromEntries(
        indices.flatMap((g) => bindings.map((name) => [`${name}${g}`, storage[name]] as const)),
      ),
    },
    params: {
      ...Object.fromEntries(indices.map((g) => [`end${g}`, 'u32' as const])),
      ...params,
    },
    body: branches.join(''),
  });
}

/**
 * The bindings and parameters of a {@link defineSideBySide} kernel, and how many elements it has.
 * @param perElement numbers that an element of its storage has
 */
export function sideBySide(
  groups: readonly { readonly count: number; readonly storage: Readonly<Record<string, Operand>> }[],
  perElement = 1,
): {
  readonly storage: Record<string, Operand>;
  readonly params: Record<string, number>;
  readonly count: number;
} {
  const storage: Record<string, Operand> = {};
  const params: Record<string, number> = {};
  let count = 0;
  for (const [g, group] of groups.entries()) {
    for (const [name, operand] of Object.entries(group.storage)) storage[`${name}${g}`] = operand;
    count += group.count / perElement;
    params[`end${g}`] = count;
  }
  params['count'] = count;
  return { storage, params, count };
}

/**
 * What goes into a dispatch together: at most so many, and what is long by itself where an adapter gains by that.
 * @param elementsOf elements that a dispatch visits for it
 */
export function dispatchesOf<T>(
  { tuning }: Gpu,
  list: readonly T[],
  most: number,
  elementsOf: (item: T) => number,
): T[][] {
  const isLong = (item: T): boolean => elementsOf(item) >= tuning.dispatchElements;
  return [
    ...list.filter(isLong).map((item) => [item]),
    ...runsOf(
      list.filter((item) => !isLong(item)),
      most,
    ),
  ];
}

/** A list cut into runs of at most so many. */
export function runsOf<T>(list: readonly T[], most: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / most) }, (_, i) =>
    list.slice(i * most, (i + 1) * most),
  );
}
