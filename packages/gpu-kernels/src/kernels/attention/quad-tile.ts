import { QUAD, ofLane } from '../quad.ts';
import { plus, repeat } from '../wgsl.ts';

/*
 * How four lanes compute attention where a load costs as much as dozens of multiply-adds, a broadcast several, and an
 * exchange within four lanes nothing: each lane has rows of its own and loads every fourth column, and the four pass
 * columns round, so that lane l meets column l ^ x in turn x. All that belongs to a row stays in its lane. Which column
 * comes in which turn depends on a row's place in its sequence alone, and so do its bits.
 */

/** What is baked into the text of attention kernels for four lanes. */
export interface QuadHead {
  /** D: a multiple of 4. */
  readonly headDim: number;
  /** Rows of a lane. */
  readonly laneRows: number;
}

/** Lines for each turn. */
export function eachTurn(text: (x: number) => string): string {
  return repeat(QUAD, text);
}

/** Lines for each of a lane's rows. */
export function eachLaneRow({ laneRows }: QuadHead, text: (g: number) => string): string {
  return repeat(laneRows, text);
}

/** Lines for each vec4 of a head vector. */
export function eachVector({ headDim }: QuadHead, text: (e: number) => string): string {
  return repeat(headDim / 4, text);
}

/** WGSL that declares `name`_e, the vec4s of the head vector that begins at `at`. */
export function loadVector(head: QuadHead, name: string, binding: string, at: string, factor = ''): string {
  return eachVector(head, (e) => `let ${name}_${e} = ${factor}${binding}[${plus(at, e)}];`);
}

/** WGSL that declares the head vectors `name`x of the turns' columns, of which the lane has loaded its own, `name`0. */
export function passRound(head: QuadHead, name: string): string {
  return [1, 2, 3]
    .map((x) => eachVector(head, (e) => `let ${name}${x}_${e} = ${ofLane(x, `${name}0_${e}`)};`))
    .join('\n');
}

/** WGSL of the dot product of two head vectors. */
export function dotProduct({ headDim }: QuadHead, a: string, b: string): string {
  return Array.from({ length: headDim / 4 }, (_, e) => `dot(${a}_${e}, ${b}_${e})`).join(' + ');
}

/** WGSL of vec4 e of the turns' columns `column`x, weighed by `weight`_x and added up. */
export function sumOfTurns(weight: string, column: string, e: number): string {
  return Array.from({ length: QUAD }, (_, x) => `${weight}_${x} * ${column}${x}_${e}`).join(' + ');
}
