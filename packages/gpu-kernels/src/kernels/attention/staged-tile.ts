import type { AttentionTuning } from '../../runtime/tuning.ts';
import { repeat } from '../wgsl.ts';

/*
 * Text that the kernels for GPUs have in common. 64 invocations share tiles of 32 x 32: invocation `localIndex` has rows
 * 4 `group` ... and columns 4 `column` ..., which lie in workgroup memory as vec4. What is put there turned (vec4 of four
 * rows at each step) stands at group ^ floor(step / 4), so that neither those who put nor those who take meet in a bank.
 */

/** Rows and columns of a tile. */
export const STAGED_ROWS = 32;
export const STAGED_INVOCATIONS = 64;
/** vec4 of a tile in workgroup memory, and bytes. */
const TILE_VECTORS = 256;
const TILE_BYTES = 16 * TILE_VECTORS;

/** How a head vector is cut into slices that are staged one after the other. */
export interface HeadSlices {
  /** D. */
  readonly headDim: number;
  readonly count: number;
  /** vec4 of a slice, at most 8; the last slice may have fewer. */
  readonly vectors: number;
}

/** Slices of at most 32 elements, as equal as can be; undefined for heads that these kernels do not take. */
function headSlices(headDim: number): HeadSlices | undefined {
  if (headDim % 4 !== 0 || headDim < 16 || headDim > 128) return undefined;
  const count = Math.ceil(headDim / STAGED_ROWS);
  return { headDim, count, vectors: Math.ceil(headDim / 4 / count) };
}

/** @throws RangeError for heads that have no slices */
export function requireSlices(headDim: number): HeadSlices {
  const slices = headSlices(headDim);
  if (!slices) throw new RangeError(`attention: no tiles for heads of ${headDim}`);
  return slices;
}

/** A head size, and whether a workgroup stages its queries once or again with every tile of keys, for want of memory. */
export interface StagedHead {
  readonly headDim: number;
  readonly queries: 'stay' | 'again';
}

/** Head sizes for lists of kernels: those of models, and one that makes slices ragged. */
const LISTED_HEADS = [16, 20, 32, 64, 80, 128];

/** How the forward kernels stage heads of a size; undefined under another tuning, and for heads that they do not take. */
export function chooseStaging(tuning: AttentionTuning, headDim: number): StagedHead | undefined {
  const slices = headSlices(headDim);
  if (tuning.strategy !== 'tiled' || !slices) return undefined;
  // Keys or values and weights beside them.
  const fits = (slices.count + 2) * TILE_BYTES <= tuning.workgroupBytes;
  return { headDim, queries: fits ? 'stay' : 'again' };
}

/** What {@link chooseStaging} gives for some head sizes. */
export function stagedHeads(tuning: AttentionTuning): StagedHead[] {
  return LISTED_HEADS.flatMap((headDim) => chooseStaging(tuning, headDim) ?? []);
}

/** WGSL: arrays of workgroup memory, of so many tiles each. */
export function tileMemories(memories: Readonly<Record<string, number>>): string {
  return Object.entries(memories)
    .map(([name, tiles]) => `var<workgroup> ${name}: array<vec4<f32>, ${tiles * TILE_VECTORS}>;`)
    .join('\n');
}

/** WGSL: which part of tiles is the invocation's. */
export const TILE_PLACE = `
    let column = localIndex & 7u;
    let group = localIndex >> 3u;`;

interface Fetched {
  /** Four variables that receive the invocation's part of four rows. */
  readonly held: string;
  readonly source: string;
  /** WGSL: which slice. */
  readonly slice: string;
  /** WGSL: where the head vector of row i of the four begins, in vec4. */
  readonly rowAt: (i: number) => string;
}

/** WGSL: loads four vec4 of a slice: neighbours load what lies side by side. */
export function fetchSlice(
  { headDim, count, vectors }: HeadSlices,
  { held, source, slice, rowAt }: Fetched,
): string {
  const last = headDim / 4 - 1;
  const exact = count * vectors === headDim / 4;
  const own = vectors === 8 ? 'column' : `min(column, ${vectors - 1}u)`;
  const place = slice === '0u' ? own : `${slice} * ${vectors}u + ${own}`;
  const at = exact ? place : `min(${place}, ${last}u)`;
  return `
    {
      let at = ${at};
      ${repeat(4, (i) => `${held}${i} = ${source}[${rowAt(i)} + at];`)}
      ${
        exact
          ? ''
          : `let inside = ${slice} * ${vectors}u + column <= ${last}u;
      ${repeat(4, (i) => `${held}${i} = select(vec4<f32>(), ${held}${i}, inside);`)}`
      }
    }`;
}

/** WGSL: puts four rows of a slice as [element, row]. */
export function putTurned(
  { vectors }: HeadSlices,
  { held, memory, first = 0 }: { held: string; memory: string; first?: number },
): string {
  const turned = (step: number): string => [0, 1, 2, 3].map((i) => `${held}${i}.${'xyzw'[step]}`).join(', ');
  const base = first === 0 ? '' : `${first * TILE_VECTORS}u + `;
  const puts = repeat(
    4,
    (step) =>
      `${memory}[${base}column * 32u + ${step * 8}u + (group ^ column)] = vec4<f32>(${turned(step)});`,
  );
  return vectors === 8 ? puts : `if (column < ${vectors}u) {\n${puts}\n}`;
}

/** WGSL: puts four rows of a slice as they are, [row, element]. */
export function putStraight(held: string, memory: string): string {
  return repeat(4, (i) => `${memory}[group * 32u + ${i * 8}u + column] = ${held}${i};`);
}

/** WGSL: puts the invocation's 4 x 4 of a tile, one vec4 of rows a column, as [column, row]. */
export function putColumns(name: string, memory: string): string {
  return repeat(4, (c) => `${memory}[column * 32u + ${c * 8}u + (group ^ column)] = ${name}${c};`);
}

/** WGSL: the same as [row, column]. */
export function putRows(name: string, memory: string): string {
  const row = (r: number): string => [0, 1, 2, 3].map((c) => `${name}${c}.${'xyzw'[r]}`).join(', ');
  return repeat(4, (r) => `${memory}[group * 32u + ${r * 8}u + (column ^ group)] = vec4<f32>(${row(r)});`);
}

interface TileProduct {
  /** Four variables, one for each column, of vec4 of rows. */
  readonly sum: string;
  /** Steps of the sum. */
  readonly steps: number;
  /** Memory that lies turned, and its first tile. */
  readonly rows: string;
  readonly firstTile?: number;
  readonly columns: string;
  /** Whether the columns' memory lies turned, too. */
  readonly turned: boolean;
}

/** WGSL: adds the product of two tiles, steps in ascending order. */
export function tileProduct(products: readonly TileProduct[]): string {
  const [{ steps } = { steps: 0 }] = products;
  const product = ({ sum, rows, firstTile = 0, columns, turned }: TileProduct): string => `
      {
        let a = ${rows}[${firstTile === 0 ? '' : `${firstTile * TILE_VECTORS}u + `}step * 8u + (group ^ (step >> 2u))];
        let b = ${columns}[step * 8u + ${turned ? '(column ^ (step >> 2u))' : 'column'}];
        ${repeat(4, (c) => `${sum}${c} = fma(a, vec4<f32>(b.${'xyzw'[c]}), ${sum}${c});`)}
      }`;
  return `
    for (var step = 0u; step < ${steps}u; step++) {
      ${products.map(product).join('\n')}
    }`;
}

/** WGSL of what the eight invocations of a row put into a memory, in ascending order; `combine` of two. */
export function ofEight(memory: string, combine: (a: string, b: string) => string): string {
  return Array.from({ length: 8 }, (_, c) => `${memory}[group * 8u${c === 0 ? '' : ` + ${c}u`}]`).reduce(
    combine,
  );
}
