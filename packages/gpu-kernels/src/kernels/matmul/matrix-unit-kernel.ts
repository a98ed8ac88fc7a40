import { type Kernel, defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import { MATRIX_SUBGROUP, type MatrixUnits } from '../../runtime/matrix-units.ts';
import { plus, repeat } from '../wgsl.ts';
import { MATMUL_PARAMS, loadB, matmulStorage } from './variant.ts';

/** What is baked into the text of a kernel for matrix units, which is of C = A Bᵀ. */
export interface MatrixUnitVariant {
  readonly units: MatrixUnits;
  readonly dtypeB: 'float32' | 'float16';
  /** Whether C is stored as vec4; A and B are always loaded so. */
  readonly vectorC: boolean;
}

/** How a workgroup computes its tile of C. */
export interface MatrixUnitTile {
  readonly rows: number;
  readonly columns: number;
  /** Steps of k that are staged at a time. */
  readonly depth: number;
  /** Subgroups below each other and side by side. */
  readonly subgroups: readonly [number, number];
  /** Numbers that a staged row is followed by, so that eight rows, 16 bytes of each, lie in banks of their own. */
  readonly padding: number;
  /** Whether A, or B, is staged as two float16 an element. */
  readonly splits: Readonly<Record<'a' | 'b', boolean>>;
}

export function matrixUnitTile({ units, dtypeB }: Omit<MatrixUnitVariant, 'vectorC'>): MatrixUnitTile {
  if (units.component === 'f32')
    return {
      ...{ rows: 64, columns: 64, depth: 16, subgroups: [2, 2], padding: 4 },
      splits: { a: false, b: false },
    };
  const splitB = dtypeB === 'float32';
  return {
    ...{ rows: 128, columns: 128, depth: splitB ? 16 : 32, subgroups: [2, 4], padding: 8 },
    splits: { a: true, b: splitB },
  };
}

/**
 * Matrix units of subgroups of 32: a workgroup stages slabs of A and B while the next are on their way to registers. Float16
 * units take each float32 x as hi + lo, two float16 of x times the scale of its row (row-scales.ts): hi hi + lo hi + hi lo
 * leave out lo lo, about 2⁻²² of it. Halves of float16 weights are exact: hi w + lo w. Sums are float32 in an order that is
 * the hardware's, and depends on n and k alone. All addresses are clamped.
 */
export const matrixUnitMatmul = memoizeKernel((variant: MatrixUnitVariant): Kernel => {
  const { units, dtypeB, vectorC } = variant;
  const { component, size } = units;
  const tile = matrixUnitTile(variant);
  const { rows, columns, depth, subgroups, splits } = tile;
  const invocations = subgroups[0] * subgroups[1] * MATRIX_SUBGROUP;
  const [high, wide] = [rows / subgroups[0] / size, columns / subgroups[1] / size];
  const width = stagedWidth(tile);
  const scaled = component === 'f16';
  const staged = [staging(variant, 'a'), staging(variant, 'b')] as const;
  const slabs = staged.flatMap(({ parts }) =>
    parts.map((name) => ({ name, extent: name.startsWith('a') ? rows : columns })),
  );
  const perTile = (size * size) / 4;
  const eachSum = (text: (r: number, c: number) => string): string =>
    repeat(high, (r) => Array.from({ length: wide }, (_, c) => text(r, c)).join(' '));
  return defineKernel<string, string>({
    label: `matmul.matrix.${component}.NT.${rows}x${columns}${vectorC ? '.vec4' : '.scalar-c'}${dtypeB === 'float16' ? '.f16' : ''}`,
    storage: {
      ...matmulStorage(dtypeB, true, true),
      ...(vectorC ? { c: '&vec4<f32>' } : {}),
      ...(scaled ? { scalesA: 'vec2<f32>' } : {}),
      ...(splits.b ? { scalesB: 'vec2<f32>' } : {}),
    },
    params: MATMUL_PARAMS,
    workgroupSize: [invocations],
    enables: [...(scaled ? (['f16'] as const) : []), 'subgroups', 'chromium_experimental_subgroup_matrix'],
    subgroupSize: MATRIX_SUBGROUP,
    declarations: `
      ${splits.b || !scaled ? loadB(dtypeB, true) : loadHalves()}

      alias Left = subgroup_matrix_left<${component}, ${size}, ${size}>;
      alias Right = subgroup_matrix_right<${component}, ${size}, ${size}>;
      alias Sums = subgroup_matrix_result<f32, ${size}, ${size}>;
      ${slabs.map(({ name, extent }) => `var<workgroup> ${name}: array<vec4<${component}>, ${extent * width}>;`).join('\n')}
      var<workgroup> results: array<vec4<f32>, ${subgroups[0] * subgroups[1] * perTile}>;`,
    body: `
      let tilesHigh = (params.m + ${rows - 1}u) / ${rows}u;
      let m0 = workgroup % tilesHigh * ${rows}u;
      let n0 = workgroup / tilesHigh * ${columns}u;
      if (n0 >= params.n) { return; }
      let firstRow = subgroup % ${subgroups[0]}u * ${high * size}u;
      let firstColumn = subgroup / ${subgroups[0]}u * ${wide * size}u;
      ${staged.map(({ place }) => place).join('\n')}
      ${eachSum((r, c) => `var sums${r}_${c}: Sums;`)}
      let slabs = (params.k + ${depth - 1}u) / ${depth}u;
      for (var step = 0u; step <= slabs; step++) {
        if (step > 0u) {
          ${staged.map(({ put }) => put).join('\n')}
        }
        workgroupBarrier();
        if (step < slabs) {
          let k0 = step * ${depth}u;
          ${staged.map(({ fetch }) => fetch).join('\n')}
        }
        if (step > 0u) {
          for (var k = 0u; k < ${depth / 4}u; k += ${size / 4}u) {
            ${multiply(variant, tile, high, wide)}
          }
        }
        workgroupBarrier();
      }
      ${eachSum((r, c) => storeTile(variant, tile, r, c))}`,
  });
});

/** vec4s of a staged row. */
function stagedWidth({ depth, padding }: MatrixUnitTile): number {
  return (depth + padding) / 4;
}

/** Halves of B as they are. */
function loadHalves(): string {
  return `
    fn loadB(at: u32) -> vec4<f16> {
      return bitcast<vec4<f16>>(b[at]);
    }`;
}

interface Staging {
  /** Arrays of workgroup memory. */
  readonly parts: readonly string[];
  /** WGSL: where an invocation's share lies, and what it holds of it. */
  readonly place: string;
  /** WGSL: loads its share of the slab that begins at `k0`. */
  readonly fetch: string;
  /** WGSL: puts it into workgroup memory. */
  readonly put: string;
}

/**
 * Lanes that follow each other load one row. Those who store at once (128 bytes) take rows 8 / r apart of each eight, r of
 * them, which lie in banks of their own.
 */
function staging(variant: MatrixUnitVariant, name: 'a' | 'b'): Staging {
  const { component } = variant.units;
  const tile = matrixUnitTile(variant);
  const { depth, subgroups, splits } = tile;
  const extent = name === 'a' ? tile.rows : tile.columns;
  const vectors = depth / 4;
  const turns = (extent * vectors) / (subgroups[0] * subgroups[1] * MATRIX_SUBGROUP);
  const rowsApart = extent / turns;
  const together = 128 / (component === 'f16' ? 8 : 16) / vectors;
  const [first, end] = name === 'a' ? ['m0', 'params.m'] : ['n0', 'params.n'];
  const isScaled = component === 'f16' && (name === 'a' || splits.b);
  const scales = name === 'a' ? 'scalesA' : 'scalesB';
  const holdsHalves = component === 'f16' && !isScaled;
  const zero = holdsHalves ? 'vec4<f16>()' : 'vec4<f32>()';
  const load = (at: string): string => (name === 'a' ? `a[${at}]` : `loadB(${at})`);
  const row = `${name}Row`;
  const slabs = splits[name] ? [`${name}Hi`, `${name}Lo`] : [`${name}Slab`];
  const target = (slab: string, turn: number): string =>
    `${slab}[${plus(`${name}At`, turn * rowsApart * stagedWidth(tile))}]`;
  return {
    parts: slabs,
    place: `
      let ${name}Line = localIndex / ${vectors}u;
      let ${row} = ${name}Line / 8u * 8u + ${name}Line % ${together}u * ${8 / together}u + ${name}Line % 8u / ${together}u;
      let ${name}Column = localIndex % ${vectors}u;
      let ${name}At = ${row} * ${stagedWidth(tile)}u + ${name}Column;
      ${repeat(turns, (i) => {
        const at = `min(${plus(`${first} + ${row}`, i * rowsApart)}, ${end} - 1u)`;
        return `
          let ${name}Place${i} = params.${name}Offset + ${at} * params.${name}Stride;
          ${isScaled ? `let ${name}Scale${i} = ${scales}[${at}].x;` : ''}
          var ${name}Held${i} = ${zero};`;
      })}`,
    fetch: `
      {
        let k = k0 + ${name}Column * 4u;
        let inside = k < params.k;
        let column = min(k, params.k - 4u);
        ${repeat(turns, (i) => `${name}Held${i} = select(${zero}, ${load(`(${name}Place${i} + column) / 4u`)}, inside);`)}
      }`,
    put: repeat(turns, (i) => {
      const held = `${name}Held${i}`;
      if (!isScaled) return `${target(slabs[0]!, i)} = ${held};`;
      return `
        {
          let scaled = ${held} * ${name}Scale${i};
          let hi = vec4<f16>(scaled);
          ${target(slabs[0]!, i)} = hi;
          ${target(slabs[1]!, i)} = vec4<f16>(scaled - vec4<f32>(hi));
        }`;
    }),
  };
}

/** WGSL: `size` steps of k from vec4 `k` of the staged rows. */
function multiply(
  { units: { size } }: MatrixUnitVariant,
  tile: MatrixUnitTile,
  high: number,
  wide: number,
): string {
  const width = stagedWidth(tile);
  const load = (type: 'Left' | 'Right', slab: string, first: string, i: number): string =>
    `subgroupMatrixLoad<${type}, ${type === 'Left' ? 'row' : 'col'}_major>(&${slab}, (${plus(first, i * size)}) * ${width}u + k, ${width}u)`;
  const rights = (slab: string, name: string): string =>
    repeat(wide, (c) => `let ${name}${c} = ${load('Right', slab, 'firstColumn', c)};`);
  const products = (slab: string, names: readonly string[]): string =>
    repeat(
      high,
      (r) => `
        {
          let left = ${load('Left', slab, 'firstRow', r)};
          ${names.map((name) => repeat(wide, (c) => `sums${r}_${c} = subgroupMatrixMultiplyAccumulate(left, ${name}${c}, sums${r}_${c});`)).join('\n')}
        }`,
    );
  const { splits } = tile;
  const hiA = splits.a ? 'aHi' : 'aSlab';
  return `
    ${rights(splits.b ? 'bHi' : 'bSlab', 'right')}
    ${splits.b ? rights('bLo', 'rest') : ''}
    ${products(hiA, splits.b ? ['right', 'rest'] : ['right'])}
    ${splits.a ? products('aLo', ['right']) : ''}`;
}

/** WGSL: sums of a subgroup go to C by way of workgroup memory, where each lane finds its own. */
function storeTile(variant: MatrixUnitVariant, tile: MatrixUnitTile, r: number, c: number): string {
  const {
    units: { size, component },
    vectorC,
  } = variant;
  const width = size / 4;
  const perTile = size * width;
  const scaled = component === 'f16';
  const unscale = `${scaled ? ' * scalesA[m].y' : ''}`;
  const columnScale = (element: string): string => (tile.splits.b ? ` * scalesB[n${element}].y` : '');
  const vector = `
    if (m < params.m && n < params.n) {
      let at = (params.cOffset + m * params.cStride + n) / 4u;
      var value = results[place]${unscale}${tile.splits.b ? ' * vec4<f32>(scalesB[n].y, scalesB[n + 1u].y, scalesB[n + 2u].y, scalesB[n + 3u].y)' : ''};
      if (params.useBias != 0u) {
        let first = params.biasOffset + n;
        value += vec4<f32>(bias[first], bias[first + 1u], bias[first + 2u], bias[first + 3u]);
      }
      if (params.accumulate != 0u) { value += c[at]; }
      c[at] = value;
    }`;
  const elements = `
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e]${unscale}${columnScale(' + e')};
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }`;
  return `
    subgroupMatrixStore<row_major>(&results, subgroup * ${perTile}u, sums${r}_${c}, ${width}u);
    workgroupBarrier();
    for (var own = lane; own < ${perTile}u; own += ${MATRIX_SUBGROUP}u) {
      let place = subgroup * ${perTile}u + own;
      let m = ${plus('m0 + firstRow', r * size)} + own / ${width}u;
      let n = ${plus('n0 + firstColumn', c * size)} + own % ${width}u * 4u;
      ${vectorC ? vector : elements}
    }
    workgroupBarrier();`;
}
