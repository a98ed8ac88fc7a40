import { type StorageElement, elementWgsl } from './storage-element.ts';
import { indentWgsl } from './indent-wgsl.ts';
import { PARAMETERS } from './parameter-form.ts';

/** Scalar types that a kernel's parameters may have; each takes four bytes. */
export type ParameterType = 'u32' | 'i32' | 'f32';

/** How a kernel declares a storage binding: an element that is read, or with `&` one that is read and written. */
export type StorageType = StorageElement | `&${StorageElement}`;

/** WGSL extensions that a kernel may enable, and the feature of a device that each is. */
export const EXTENSION_FEATURES = {
  subgroups: 'subgroups',
  f16: 'shader-f16',
  chromium_experimental_subgroup_matrix: 'chromium-experimental-subgroup-matrix',
} as const;

/** A WGSL extension that a kernel may enable; the device must have a feature for it. */
export type KernelExtension = keyof typeof EXTENSION_FEATURES;

/** A storage binding as a kernel uses it. */
export interface StorageBinding {
  readonly access: 'read' | 'read_write';
  readonly element: StorageElement;
}

/** A kernel as plain data: nothing here needs a device. `S` names its storage bindings, `P` its parameters. */
export interface Kernel<S extends string = string, P extends string = string> {
  /** Unique for the text; names the pipeline in errors and profiles. */
  readonly label: string;
  /** With its parameters in a uniform buffer; devices that take them in the command get the text with `var<immediate>`. */
  readonly wgsl: string;
  readonly workgroupSize: readonly [number, number, number];
  /** What the device must have; it refuses the kernel otherwise. */
  readonly enables: readonly KernelExtension[];
  /** Invocations that its subgroups must have, if it counts on their number. */
  readonly subgroupSize: number | undefined;
  /** In binding order, from binding 1. */
  readonly storage: Readonly<Record<S, StorageBinding>>;
  /** Members of the block of parameters, in order. */
  readonly params: Readonly<Record<P, ParameterType>>;
}

/** What {@link defineKernel} makes a {@link Kernel} of. */
export interface KernelText<S extends string, P extends string> {
  readonly label: string;
  readonly storage: Readonly<Record<S, StorageType>>;
  readonly params: Readonly<Record<P, ParameterType>>;
  readonly workgroupSize: readonly [number, number?, number?];
  /** Extensions that the text needs; none if absent. */
  readonly enables?: readonly KernelExtension[];
  /** Invocations that a subgroup must have; any number if absent. */
  readonly subgroupSize?: number;
  /** Declarations at module scope (constants, functions, workgroup variables). */
  readonly declarations?: string;
  /**
   * Body of the entry point. It sees `params`, the bindings by name, `workgroup` (the linear index of its workgroup),
   * `local` and `localIndex` (of the invocation inside it), and with `subgroups` `lane` (its place in its subgroup) and
   * `subgroup` (the number of that in its workgroup).
   */
  readonly body: string;
}

/** What a body may see of its invocation, declared where it is used; some need an extension. */
const BUILTINS: Readonly<Record<string, { declaration: string; extension?: KernelExtension }>> = {
  local: { declaration: '@builtin(local_invocation_id) local: vec3<u32>,' },
  localIndex: { declaration: '@builtin(local_invocation_index) localIndex: u32,' },
  lane: { declaration: '@builtin(subgroup_invocation_id) lane: u32,', extension: 'subgroups' },
  subgroup: { declaration: '@builtin(subgroup_id) subgroup: u32,', extension: 'subgroups' },
};

/** Most workgroups in one dimension (WebGPU's default limit). */
const MAX_GRID = 65535;

/**
 * Completes a kernel's text with its bindings. Workgroups are numbered linearly over a grid that {@link grid} folds into
 * two dimensions, which may hold a few more than were asked for: a body must return when `workgroup` is past its count.
 */
export function defineKernel<S extends string, P extends string>(text: KernelText<S, P>): Kernel<S, P> {
  const storage = Object.fromEntries(
    Object.entries<StorageType>(text.storage).map(([name, type]) => [name, storageBinding(type)]),
  ) as Record<S, StorageBinding>;
  const members = Object.entries<ParameterType>(text.params).map(([name, type]) => `${name}: ${type},`);
  const bindings = Object.entries<StorageBinding>(storage).map(
    ([name, { access, element }], i) =>
      `@group(0) @binding(${i + 1}) var<storage, ${access}> ${name}: array<${elementWgsl(element)}>;`,
  );
  const enables = text.enables ?? [];
  const builtins = Object.entries(BUILTINS).flatMap(([name, { declaration, extension }]) => {
    const offered = extension === undefined || enables.includes(extension);
    return offered && new RegExp(`\\b${name}\\b`).test(text.body) ? [declaration] : [];
  });
  // That subgroups are uniform where workgroups are not is more than its analysis knows.
  const diagnostics = enables.includes('chromium_experimental_subgroup_matrix')
    ? 'diagnostic(off, chromium.subgroup_matrix_uniformity);'
    : '';
  const wgsl = indentWgsl(`
${diagnostics}
${enables.map((extension) => `enable ${extension};`).join('\n')}

struct Params {
  ${members.join('\n')}
}

${PARAMETERS}
${bindings.join('\n')}

${text.declarations ?? ''}

@compute @workgroup_size(${text.workgroupSize.join(', ')})
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  ${builtins.join('\n')}
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  ${text.body}
}`);
  const { label, params, subgroupSize } = text;
  const [x, y = 1, z = 1] = text.workgroupSize;
  return { label, wgsl, workgroupSize: [x, y, z], enables, subgroupSize, storage, params };
}

/** Folds a linear workgroup count into dimensions that WebGPU accepts; up to 65,535² workgroups. */
export function grid(count: number): [number, number, number] {
  if (count <= MAX_GRID) return [count, 1, 1];
  const rows = Math.ceil(count / MAX_GRID);
  return [Math.ceil(count / rows), rows, 1];
}

/** Builds each variant of a kernel once per set of options, which must be plain data. */
export function memoizeKernel<O, K>(build: (options: O) => K): (options: O) => K {
  const built = new Map<string, K>();
  return (options) => {
    const key = JSON.stringify(options);
    let kernel = built.get(key);
    if (kernel === undefined) built.set(key, (kernel = build(options)));
    return kernel;
  };
}

function storageBinding(type: StorageType): StorageBinding {
  return type.startsWith('&')
    ? { access: 'read_write', element: type.slice(1) as StorageElement }
    : { access: 'read', element: type as StorageElement };
}
