import {
  type Kernel,
  type KernelText,
  type ParameterType,
  defineKernel,
  grid,
} from '../../runtime/kernel.ts';
import type { StorageElement } from '../../runtime/storage-element.ts';
import type { Tuning } from '../../runtime/tuning.ts';

/** How the invocations of a workgroup share rows. */
export interface RowLayout {
  /** Invocations of a row, a power of two. */
  readonly lanes: number;
  /** Rows of a workgroup. */
  readonly rows: number;
  /** Rows that the same invocations take, so that weights are loaded once for them: 1, or 2 by a lane alone. */
  readonly together: 1 | 2;
  /** Whether a row is loaded as vec4. */
  readonly vector: boolean;
}

/** Rows up to this many elements are shared by fewer invocations: more of them would be idle. */
const SHORT_ROW = 512;

/** The layout for rows of a width: it never depends on how many rows there are, so that a row's bits do not either. */
export function rowLayout({ normLanes }: Pick<Tuning, 'normLanes'>, width: number): RowLayout {
  const vector = width % 4 === 0;
  if (normLanes === 1) return { lanes: 1, rows: 16, together: 2, vector };
  return vector && width <= SHORT_ROW
    ? { lanes: normLanes / 4, rows: 4, together: 1, vector }
    : { lanes: normLanes, rows: 1, together: 1, vector };
}

/** Every layout that {@link rowLayout} gives under a tuning. */
export function rowLayouts(tuning: Pick<Tuning, 'normLanes'>): RowLayout[] {
  const layouts = [3, SHORT_ROW, SHORT_ROW + 4].map((width) => rowLayout(tuning, width));
  return [...new Map(layouts.map((layout) => [layoutLabel(layout), layout])).values()];
}

/** What a kernel of a layout binds rows as. */
export function elementOf({ vector }: Pick<RowLayout, 'vector'>): RowText['element'] {
  return vector ? 'vec4<f32>' : 'f32';
}

/** As part of a kernel's label. */
function layoutLabel({ lanes, rows, vector }: RowLayout): string {
  return `${rows}x${lanes}${vector ? '.vec4' : ''}`;
}

/** The grid of a {@link defineNormKernel} kernel. */
export function rowGrid({ rows }: RowLayout, count: number): [number, number, number] {
  return grid(Math.ceil(count / rows));
}

/** What the text of a kernel over rows is made of. */
export interface RowText {
  /** Type of an element of a row: one number, or four. */
  readonly element: Extract<StorageElement, 'f32' | 'vec4<f32>'>;
  /**
   * WGSL: a loop of `c` over the elements of a row that are an invocation's own, which works on them and then writes.
   * @param ofColumn declares what rows have in common
   */
  readonly each: (work: string, more?: { readonly ofColumn?: string; readonly write?: string }) => string;
  /** WGSL: sums over a row of what its invocations have in variables of the type of an element, for all of them. */
  readonly totals: (...variables: Sums) => string;
}

/** Names of one variable, whose sum is an f32, or of two, whose sums are a vec2. */
export type Sums = readonly [string] | readonly [string, string];

interface NormKernelText<S extends string, P extends string> {
  readonly name: string;
  readonly layout: RowLayout;
  /** How many sums the body asks for at a time. */
  readonly sums: Sums['length'];
  readonly storage: (text: RowText) => KernelText<S, P>['storage'];
  readonly params?: Readonly<Record<P, ParameterType>>;
  /** Functions that the body calls. */
  readonly declarations?: string;
  /**
   * Sees `index`, its row, and `row`, the row's first element as the storage has them; what it writes of a row stands in
   * `each`, or in `if (isFirst)` for one number a row. It must not leave. Where rows are taken together its text is there
   * for each, with names of their own.
   */
  readonly body: (text: RowText) => string;
}

/** A kernel over `params.rows` rows of `params.width` elements under a layout. */
export function defineNormKernel<S extends string, P extends string = never>({
  name,
  layout,
  sums,
  storage,
  params,
  declarations = '',
  body,
}: NormKernelText<S, P>): Kernel<S, P | 'rows' | 'width'> {
  const { lanes, rows, together, vector } = layout;
  const text: RowText = {
    element: elementOf(layout),
    each: (work, { ofColumn = '', write = '' } = {}) => [``, ofColumn, work, write, ``].join(LOOP),
    totals: (...variables) => {
      const each = variables.map((variable) => (vector ? `dot(${variable}, vec4<f32>(1.0))` : variable));
      const own = each.length === 1 ? (each[0] as string) : `vec2<f32>(${each.join(', ')})`;
      return lanes === 1 ? own : `totals(${own}, localIndex)`;
    },
  };
  const all: Record<string, ParameterType> = { rows: 'u32', width: 'u32', ...params };
  return defineKernel<S, P | 'rows' | 'width'>({
    label: `${name}.${layoutLabel(layout)}`,
    storage: storage(text),
    params: all as Record<P | 'rows' | 'width', ParameterType>,
    workgroupSize: [(lanes * rows) / together],
    declarations: `${declarations}${lanes === 1 ? '' : rowSums(layout, sums === 1 ? 'f32' : 'vec2<f32>')}`,
    body: `
      if (workgroup * ${rows}u >= params.rows) { return; }
      let index = ${together === 1 ? `workgroup * ${rows}u + localIndex / ${lanes}u` : `workgroup * ${rows}u + localIndex * 2u`};
      let lane0 = localIndex % ${lanes}u;
      let width = params.width${vector ? ' / 4u' : ''};
      // Past the last row the bound is 0: nothing is read or written there.
      let end = select(0u, width, index < params.rows);
      let row = index * width;
      let isFirst = lane0 == 0u && index < params.rows;
      ${withLoops(body(text), layout)}`,
  });
}

/** Stands between the parts of a loop in a body's text, and around it. */
const LOOP = '\u0000';

/**
 * A body's text with its loops, and where rows are taken together, with that of the next behind that of the first. The last
 * of an odd number of rows is its own next: its numbers are written twice, which no branch in a loop would be cheaper than,
 * and all that is read of it is read before.
 */
function withLoops(text: string, { lanes, together }: RowLayout): string {
  const parts = text.split(LOOP);
  const declared = parts
    .filter((_, i) => i % 4 !== 1)
    .flatMap((part) => Array.from(part.matchAll(/\b(?:let|var) (\w+)/g), ([, name]) => name as string));
  const own = new RegExp(`(?<!\\.)\\b(index|row|isFirst|${declared.join('|')})\\b`, 'g');
  const forEach = (wgsl: string): string =>
    together === 1 ? wgsl : `${wgsl}\n${wgsl.replace(own, (name) => `${name}Next`)}`;
  const start = `
      let isFirstNext = index + 1u < params.rows;
      let indexNext = min(index + 1u, params.rows - 1u);
      let rowNext = indexNext * width;`;
  const written = parts.map((part, i) => {
    if (i % 4 === 0) return forEach(part);
    if (i % 4 > 1) return '';
    return `
      for (var c = lane0; c < end; c += ${lanes}u) {
        ${part}
        ${forEach(parts[i + 1] as string)}
        ${forEach(parts[i + 2] as string)}
      }`;
  });
  return `${together === 1 ? '' : start}${written.join('')}`;
}

/**
 * WGSL of `fn totals(value, localIndex)`: sums one value of each invocation of a row in a fixed tree and gives all of them
 * the result, for each of a workgroup's rows. Must be called in uniform control flow.
 */
function rowSums({ lanes, rows }: RowLayout, type: 'f32' | 'vec2<f32>'): string {
  return `
    var<workgroup> partial: array<${type}, ${lanes * rows}>;

    fn totals(value: ${type}, localIndex: u32) -> ${type} {
      partial[localIndex] = value;
      workgroupBarrier();
      for (var stride = ${lanes / 2}u; stride > 0u; stride >>= 1u) {
        if (localIndex % ${lanes}u < stride) { partial[localIndex] += partial[localIndex + stride]; }
        workgroupBarrier();
      }
      let result = partial[localIndex / ${lanes}u * ${lanes}u];
      workgroupBarrier();
      return result;
    }
    `;
}
