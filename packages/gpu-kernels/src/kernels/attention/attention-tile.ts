import type { AttentionTile, AttentionTuning } from '../../runtime/tuning.ts';
import { type SubgroupHead, laneElements } from './subgroup-tile.ts';

/** What the choice of a tile depends on. */
interface AttentionWork {
  readonly heads: number;
  readonly headDim: number;
  /** Runs of rows that blocks do not cross. */
  readonly lengths: readonly number[];
  /** Keys that every row sees; 0 for those of its own sequence. */
  readonly keys: number;
}

/** Head sizes for lists of kernels. */
const LISTED_HEADS = [16, 32, 64];

/**
 * The tile that takes the least time, blocks that are not full counted as if they were; undefined where the lanes cannot
 * share a head vector. All tiles give the same bits.
 */
export function chooseAttentionTile(
  tuning: AttentionTuning,
  pass: 'forward' | 'backward',
  { heads, headDim, lengths, keys }: AttentionWork,
): SubgroupHead | undefined {
  if (tuning.strategy !== 'subgroup') return undefined;
  const { subgroupSize } = tuning;
  if (!laneElements(headDim, subgroupSize)) return undefined;
  const work = lengths.reduce((sum, length) => sum + length * (keys || length / 2), 0) * heads * headDim;
  const time = ({ rows, rate }: AttentionTile): number =>
    lengths.reduce((sum, length) => sum + Math.ceil(length / rows) * rows, 0) / rate;
  const [first, ...others] = fitting(tuning[pass], headDim).filter(({ minWork = 0 }) => work >= minWork);
  if (!first) return undefined;
  const best = others.reduce((a, b) => (time(b) < time(a) ? b : a), first);
  return headOf(best, subgroupSize, headDim);
}

/** What subgroups may run for some head sizes. */
export function subgroupHeads(tuning: AttentionTuning, pass: 'forward' | 'backward'): SubgroupHead[] {
  if (tuning.strategy !== 'subgroup') return [];
  const { subgroupSize } = tuning;
  return LISTED_HEADS.filter((headDim) => laneElements(headDim, subgroupSize)).flatMap((headDim) =>
    fitting(tuning[pass], headDim).map((tile) => headOf(tile, subgroupSize, headDim)),
  );
}

function fitting(tiles: readonly AttentionTile[], headDim: number): AttentionTile[] {
  return tiles.filter(({ maxHeadDim = Infinity }) => headDim <= maxHeadDim);
}

function headOf({ rows, depth }: AttentionTile, subgroupSize: number, headDim: number): SubgroupHead {
  return { subgroupSize, rows, depth, headDim };
}
