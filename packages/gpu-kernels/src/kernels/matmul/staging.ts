import { SLAB_DEPTH } from '../../runtime/tiled-tuning.ts';
import { repeat } from '../wgsl.ts';

/**
 * Slabs lie in workgroup memory as [buffer, k, row of A or column of B], four of these a vec4; place `x` of step k
 * stands at x ^ 2 floor(k / 4), so that neither those who store along k nor those who load along x meet in a bank.
 */
export interface StagedOperand {
  readonly name: 'a' | 'b';
  /** Rows of A or columns of B in the tile. */
  readonly extent: number;
  /** WGSL: the first of them, and the end of all; where the operand begins, and how far its rows lie apart. */
  readonly first: string;
  readonly end: string;
  readonly offset: string;
  readonly stride: string;
  /** WGSL: the end of k. */
  readonly k: string;
  /** Whether the operand's rows in memory follow each other along k. */
  readonly rowsAlongK: boolean;
  /** Whether it is loaded as vec4. */
  readonly vector: boolean;
  /** WGSL of what is at an index of its binding: an element or a vec4 in float32. */
  readonly load: (at: string) => string;
  /** Invocations that stage it. */
  readonly invocations: number;
}

/** vec4 that one invocation holds of a slab of an operand. */
export function vectorsHeld({ extent, invocations }: StagedOperand): number {
  return (extent * SLAB_DEPTH) / 4 / invocations;
}

/** WGSL: invocation `own` of those who stage the operand loads its share of the slab that begins at `k0` into `held`. */
export function fetchSlab(operand: StagedOperand): string {
  const { extent, first, end, offset, stride, k: endOfK, rowsAlongK, invocations } = operand;
  const vectors = vectorsHeld(operand);
  if (rowsAlongK) {
    return repeat(
      vectors,
      (i) => `
        {
          let id = ${nth(i, invocations)};
          let k = k0 + id / ${extent / 4}u;
          let x = ${first} + id % ${extent / 4}u * 4u;
          let value = ${loadAlongX(operand)};
          held${i} = select(vec4<f32>(), value, k < ${endOfK});
        }`,
    );
  }
  return repeat(
    vectors / 4,
    (block) => `
      {
        let id = ${nth(block, invocations)};
        let k = k0 + (id & 3u) * 4u;
        let x = ${first} + (id >> 2u) * 4u;
        ${repeat(4, (r) => `let row${r} = ${offset} + min(x + ${r}u, ${end} - 1u) * ${stride};`)}
        ${loadsAlongK(operand, block)}
      }`,
  );
}

/** WGSL: the invocation puts what it holds into buffer `buffer`; what lies along k is turned on its way. */
export function putSlab(operand: StagedOperand): string {
  const { name, extent, rowsAlongK, invocations } = operand;
  const width = extent / 4;
  const slab = `${name}Slabs[buffer * ${SLAB_DEPTH * width}u`;
  if (rowsAlongK) {
    return repeat(
      vectorsHeld(operand),
      (i) => `
        {
          let id = ${nth(i, invocations)};
          let k = id / ${width}u;
          ${slab} + k * ${width}u + ((id % ${width}u) ^ ((k >> 2u) << 1u))] = held${i};
        }`,
    );
  }
  const turned = (block: number, step: number): string =>
    [0, 1, 2, 3].map((r) => `held${block * 4 + r}.${'xyzw'[step]}`).join(', ');
  return repeat(
    vectorsHeld(operand) / 4,
    (block) => `
      {
        let id = ${nth(block, invocations)};
        let group = id & 3u;
        let at = group * ${4 * width}u + ((id >> 2u) ^ (group << 1u));
        ${repeat(4, (step) => `${slab} + at + ${step * width}u] = vec4<f32>(${turned(block, step)});`)}
      }`,
  );
}

function nth(turn: number, invocations: number): string {
  return turn === 0 ? 'own' : `own + ${turn * invocations}u`;
}

function load({ load: loadAt, vector }: StagedOperand, at: string): string {
  return loadAt(vector ? `(${at}) / 4u` : at);
}

/** Four elements of one row of memory, from place x on at step k: at the end those there, which nobody needs. */
function loadAlongX(operand: StagedOperand): string {
  const { end, offset, stride, k, vector } = operand;
  const row = `${offset} + min(k, ${k} - 1u) * ${stride}`;
  if (vector) return load(operand, `${row} + min(x, ${end} - 4u)`);
  const elements = [0, 1, 2, 3].map((e) => load(operand, `${row} + min(x + ${e}u, ${end} - 1u)`));
  return `vec4<f32>(${elements.join(', ')})`;
}

/** Four steps of each of four rows; zeros past the end of k. */
function loadsAlongK(operand: StagedOperand, block: number): string {
  const { k: end } = operand;
  if (operand.vector) {
    return `
      let column = min(k, ${end} - 4u);
      ${repeat(4, (r) => `held${block * 4 + r} = select(vec4<f32>(), ${load(operand, `row${r} + column`)}, k < ${end});`)}`;
  }
  const element = (r: number, e: number): string => load(operand, `row${r} + min(k + ${e}u, ${end} - 1u)`);
  return `
    let inside = vec4<u32>(k, k + 1u, k + 2u, k + 3u) < vec4<u32>(${end});
    ${repeat(4, (r) => `held${block * 4 + r} = select(vec4<f32>(), vec4<f32>(${[0, 1, 2, 3].map((e) => element(r, e)).join(', ')}), inside);`)}`;
}
