import { repeat } from '../wgsl.ts';

/**
 * Query rows × keys (or the reverse) whose scores one invocation holds in registers. Measured (bench/kernels.ts) on
 * lavapipe and SwiftShader: larger tiles gain little and compile for seconds, workgroup memory costs more than it saves.
 */
export const TILE_ROWS = 4;
export const TILE_COLUMNS = 4;

/** Invocations are independent of each other: a workgroup is just a run of them. */
export const WORKGROUP = 32;

/** How head vectors lie in the buffers. */
export type HeadElement = 'vec4<f32>' | 'f32';

/** Both, for lists of kernels. */
export const HEAD_ELEMENTS: readonly HeadElement[] = ['vec4<f32>', 'f32'];

/** Head vectors as vec4 where the head size allows it, and how many elements make one. */
export function headVector(headDim: number): { element: HeadElement; count: number } {
  return headDim % 4 === 0
    ? { element: 'vec4<f32>', count: headDim / 4 }
    : { element: 'f32', count: headDim };
}

/** How labels name a head vector's element. */
export function elementLabel(element: HeadElement): string {
  return element === 'f32' ? 'scalar' : 'vec4';
}

/*
 * The generated text must stay free of branches per element: masks are `select` and `&`, never `if` and `&&`, which
 * SwiftShader takes gigabytes to compile when a tile repeats them.
 */

/**
 * WGSL that declares `name`r_c = rows[row r] · columns[column c] for the tile. Here and below, `rowAt`r and
 * `columnAt`c are in scope as the first elements of head vectors of params.headElements elements: a parameter and no
 * constant, because compilers unroll loops of constant length, which takes them seconds.
 */
export function dotProducts(element: HeadElement, name: string, rows: string, columns: string): string {
  const lanes = element === 'f32' ? [''] : ['.x', '.y', '.z', '.w'];
  const step = (r: number, c: number): string =>
    lanes.reduce((sum, lane) => `fma(a${r}${lane}, b${c}${lane}, ${sum})`, `${name}${r}_${c}`);
  const products = (r: number): string => `
      let a${r} = ${rows}[rowAt${r} + i];
      ${eachColumn((c) => `${name}${r}_${c} = ${step(r, c)};`)}`;
  return `
    ${eachElement((r, c) => `var ${name}${r}_${c} = 0.0;`)}
    for (var i = 0u; i < params.headElements; i++) {
      ${eachColumn((c) => `let b${c} = ${columns}[columnAt${c} + i];`)}
      ${eachRow(products)}
    }`;
}

/** target[row] = previous + sum over columns of weight(r, c) * values[column]. */
export interface Accumulation {
  readonly target: string;
  readonly weight: (r: number, c: number) => string;
  readonly values: string;
  /** Factor of the target's previous value. */
  readonly keep?: (r: number) => string;
}

/**
 * WGSL that adds to head vectors in storage, each of which only one invocation meets. Where `first` holds, the
 * previous value is taken as zero; rows from block.y on stay untouched.
 */
export function accumulate(element: HeadElement, { target, weight, values, keep }: Accumulation): string {
  const row = (r: number): string => `
      if (${r}u < block.y) {
        var sum = select(${target}[rowAt${r} + i]${keep ? ` * ${keep(r)}` : ''}, ${element}(), first);
        ${eachColumn((c) => `sum = fma(${element}(${weight(r, c)}), value${c}, sum);`)}
        ${target}[rowAt${r} + i] = sum;
      }`;
  return `
    for (var i = 0u; i < params.headElements; i++) {
      ${eachColumn((c) => `let value${c} = ${values}[columnAt${c} + i];`)}
      ${eachRow(row)}
    }`;
}

/** WGSL: the first key of its sequence that the block's first row sees; later rows see none before it. */
export const FIRST_KEY = 'select(block.z, block.x + 1u - params.window, block.x - block.z >= params.window)';

/** WGSL expression over all columns of a row. */
export function reduceColumns(
  element: (c: number) => string,
  combine: (a: string, b: string) => string,
): string {
  return Array.from({ length: TILE_COLUMNS }, (_, c) => element(c)).reduce(combine);
}

export function eachElement(text: (r: number, c: number) => string): string {
  return eachRow((r) => eachColumn((c) => text(r, c)));
}

export function eachRow(text: (r: number) => string): string {
  return repeat(TILE_ROWS, text);
}

export function eachColumn(text: (c: number) => string): string {
  return repeat(TILE_COLUMNS, text);
}
