import { plus, repeat } from '../wgsl.ts';

/*
 * How one subgroup computes attention: of a tile of scores it holds every row, each lane for four columns of its own. So
 * what the columns are made of is loaded once, by the lane that has the column; the rows are dealt to the lanes one by
 * one and broadcast. Tiles have a fixed place in their sequence and what is masked adds exact zeros, so that a row's bits
 * depend neither on the rows beside it nor on how many rows a tile has.
 */

/** Columns of each lane in a tile of scores: the components of a vec4. */
const LANE_COLUMNS = 4;

/** What is baked into the text of attention kernels for subgroups. */
export interface SubgroupHead {
  /** Invocations of a subgroup: a power of two. */
  readonly subgroupSize: number;
  /** Rows of a tile: a multiple of the subgroup's size. */
  readonly rows: number;
  /** D. */
  readonly headDim: number;
}

/** How a head vector is dealt to the lanes: `count` elements each, one subgroup apart. */
export interface LaneElements {
  readonly element: 'vec4<f32>' | 'vec2<f32>';
  /** Components of an element. */
  readonly width: number;
  readonly count: number;
}

/** Undefined for a head size that does not come out even, or is too small to gain by it. */
export function laneElements(headDim: number, subgroupSize: number): LaneElements | undefined {
  if (headDim < 16) return undefined;
  if (headDim % (4 * subgroupSize) === 0)
    return { element: 'vec4<f32>', width: 4, count: headDim / (4 * subgroupSize) };
  if (headDim % (2 * subgroupSize) === 0)
    return { element: 'vec2<f32>', width: 2, count: headDim / (2 * subgroupSize) };
  return undefined;
}

/** @throws RangeError for a head size that does not come out even */
export function requireLaneElements({ headDim, subgroupSize }: SubgroupHead): LaneElements {
  const elements = laneElements(headDim, subgroupSize);
  if (!elements) throw new RangeError(`attention: ${subgroupSize} lanes cannot share heads of ${headDim}`);
  return elements;
}

/** Columns of a tile of scores. */
export function tileColumns({ subgroupSize }: Pick<SubgroupHead, 'subgroupSize'>): number {
  return subgroupSize * LANE_COLUMNS;
}

/** WGSL: `value`, a count of rows or keys, down to where a tile begins. */
export function tileStart(head: SubgroupHead, value: string): string {
  return `(${value}) / ${tileColumns(head)}u * ${tileColumns(head)}u`;
}

/** Lines for each row of a tile. */
export function eachTileRow({ rows }: SubgroupHead, text: (r: number) => string): string {
  return repeat(rows, text);
}

/** Lines for each of a lane's turns, as the rows of a tile are dealt one by one. */
export function eachTurn({ rows, subgroupSize }: SubgroupHead, text: (t: number) => string): string {
  return repeat(rows / subgroupSize, text);
}

/** Lines for each of a lane's own columns. */
export function eachLaneColumn(text: (c: number) => string): string {
  return repeat(LANE_COLUMNS, text);
}

/** WGSL of a lane's row number t, the tile's first being `first`. */
export function rowOfTurn({ subgroupSize }: SubgroupHead, first: string, t: number): string {
  return t === 0 ? `${first} + lane` : `${first} + ${t * subgroupSize}u + lane`;
}

/** WGSL, vec4: a lane's own columns of the tile that begins at `first`. */
export function laneColumns(first: string): string {
  return `${first} + lane * ${LANE_COLUMNS}u + vec4<u32>(0u, 1u, 2u, 3u)`;
}

/** WGSL of what the lane that was dealt row r has in `name`t. */
export function ofRow({ subgroupSize }: SubgroupHead, name: string, r: number, component = ''): string {
  return `subgroupBroadcast(${name}${Math.floor(r / subgroupSize)}${component}, ${r % subgroupSize}u)`;
}

/** Accessor of component i of a vector. */
export function component(i: number): string {
  return `.${'xyzw'[i]}`;
}

/** WGSL functions that combine one value of each lane in a fixed tree and give every lane the result. */
export function laneReductions(subgroupSize: number): string {
  const tree = (combine: (a: string, b: string) => string): string => {
    let text = '';
    for (let distance = 1; distance < subgroupSize; distance *= 2)
      text += `result = ${combine('result', `subgroupShuffleXor(result, ${distance}u)`)};\n`;
    return text;
  };
  return `
    fn largestOfLanes(value: f32) -> f32 {
      var result = value;
      ${tree((a, b) => `max(${a}, ${b})`)}
      return result;
    }

    fn sumOfLanes(value: f32) -> f32 {
      var result = value;
      ${tree((a, b) => `${a} + ${b}`)}
      return result;
    }
    `;
}

/** Head vectors whose dot products are scores: bindings, and the names of where their vectors begin. */
export interface ScoreOperands {
  readonly rows: string;
  /** The lane's row of turn t begins at `rowAt`t. */
  readonly rowAt: string;
  readonly columns: string;
  /** The lane's column c begins at `columnAt`c. */
  readonly columnAt: string;
}

/**
 * WGSL that declares `name`r, vec4: row r · the lane's own columns. params.headElements, the elements of a head vector,
 * is a parameter and no constant, because compilers unroll loops of constant length, which takes them seconds.
 */
export function scoreProducts(
  head: SubgroupHead,
  { width }: LaneElements,
  name: string,
  { rows, rowAt, columns, columnAt }: ScoreOperands,
): string {
  const turned = (i: number): string => [0, 1, 2, 3].map((c) => `column${c}${component(i)}`).join(', ');
  const sum = (r: number): string =>
    Array.from({ length: width }, (_, i) => i).reduce(
      (terms, i) => `fma(vec4<f32>(${ofRow(head, 'own', r, component(i))}), turned${i}, ${terms})`,
      `${name}${r}`,
    );
  return `
    ${eachTileRow(head, (r) => `var ${name}${r} = vec4<f32>();`)}
    for (var i = 0u; i < params.headElements; i++) {
      ${eachLaneColumn((c) => `let column${c} = ${columns}[${columnAt}${c} + i];`)}
      ${eachTurn(head, (t) => `let own${t} = ${rows}[${rowAt}${t} + i];`)}
      ${repeat(width, (i) => `let turned${i} = vec4<f32>(${turned(i)});`)}
      ${eachTileRow(head, (r) => `${name}${r} = ${sum(r)};`)}
    }`;
}

/** Variables `target`r_e += weight(row r, column) * values(column), of the lane's elements e of a head vector. */
export interface WeightedSum {
  readonly target: string;
  /** Variables `weight`r, vec4 of the lane's own columns; they are turned round while they are used. */
  readonly weight: string;
  /** Binding. */
  readonly values: string;
  /** WGSL of where the head vector begins of a column, given as WGSL of its place in the tile. */
  readonly columnAt: (tileColumn: string) => string;
}

/** WGSL that adds a tile's columns to sums in a fixed order. */
export function weightedSum(
  head: SubgroupHead,
  { element, count }: LaneElements,
  { target, weight, values, columnAt }: WeightedSum,
): string {
  const { subgroupSize } = head;
  // What belongs to a row stands together, so that few registers are live.
  return `
    for (var part = 0u; part < ${LANE_COLUMNS}u; part++) {
      for (var giver = 0u; giver < ${subgroupSize}u; giver++) {
        let columnAt = ${columnAt(`giver * ${LANE_COLUMNS}u + part`)} + lane;
        ${repeat(count, (e) => `let value${e} = ${values}[${plus('columnAt', e * subgroupSize)}];`)}
        ${eachTileRow(
          head,
          (r) => `
            let weight${r} = ${element}(subgroupShuffle(${weight}${r}.x, giver));
            ${repeat(count, (e) => `${target}${r}_${e} = fma(weight${r}, value${e}, ${target}${r}_${e});`)}`,
        )}
      }
      ${eachTileRow(head, (r) => `${weight}${r} = ${weight}${r}.yzwx;`)}
    }`;
}

/**
 * WGSL: a loop over the rows r of a block, each in the place of the tile's first in its turn. Unrolled stores, and arrays
 * of the rows, take seconds to compile.
 * @param variables per row: `name`r, or `name`r_e
 */
export function eachRowInTurn(
  { rows }: SubgroupHead,
  count: string,
  variables: readonly { readonly name: string; readonly elements?: number }[],
  body: string,
): string {
  const names = variables.flatMap(({ name, elements }) =>
    elements === undefined
      ? [(r: number) => `${name}${r}`]
      : Array.from({ length: elements }, (_, e) => (r: number) => `${name}${r}_${e}`),
  );
  return `
    for (var r = 0u; r < min(${count}, ${rows}u); r++) {
      ${body}
      ${repeat(rows - 1, (r) => names.map((name) => `${name(r)} = ${name(r + 1)};`).join('\n'))}
    }`;
}
