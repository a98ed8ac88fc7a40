import type { AttentionTile, AttentionTuning } from '../../runtime/tuning.ts';
import { QUAD } from '../quad.ts';
import type { QuadHead } from './quad-tile.ts';
import { type SubgroupHead, laneElements } from './subgroup-tile.ts';

type AttentionPass = 'forward' | 'backward';

/** What the choice of a tile depends on. */
interface AttentionWork {
  readonly heads: number;
  readonly headDim: number;
  /** Runs of rows that blocks do not cross. */
  readonly lengths: readonly number[];
  /** Keys that every row sees beside those of its own sequence, or without them. */
  readonly keys: number;
}

/** Head sizes for lists of kernels. */
const LISTED_HEADS = [16, 32, 64];

/** For subgroups; undefined under another tuning, and where the lanes cannot share a head vector. */
export function chooseSubgroupHead(
  tuning: AttentionTuning,
  pass: AttentionPass,
  work: AttentionWork,
): SubgroupHead | undefined {
  if (tuning.strategy !== 'subgroup' || !laneElements(work.headDim, tuning.subgroupSize)) return undefined;
  const tile = chooseTile(tuning[pass], work);
  return tile && subgroupHead(tile, tuning.subgroupSize, work.headDim);
}

/** For four lanes; undefined under another tuning, and for head sizes that are no multiples of 16 or too large. */
export function chooseQuadHead(
  tuning: AttentionTuning,
  pass: AttentionPass,
  work: AttentionWork,
): QuadHead | undefined {
  if (tuning.strategy !== 'quad' || work.headDim % 16 !== 0) return undefined;
  const tile = chooseTile(tuning[pass], work);
  return tile && quadHead(tile, work.headDim);
}

/** What {@link chooseSubgroupHead} may give for some head sizes. */
export function subgroupHeads(tuning: AttentionTuning, pass: AttentionPass): SubgroupHead[] {
  if (tuning.strategy !== 'subgroup') return [];
  const { subgroupSize } = tuning;
  return LISTED_HEADS.filter((headDim) => laneElements(headDim, subgroupSize)).flatMap((headDim) =>
    fitting(tuning[pass], headDim).map((tile) => subgroupHead(tile, subgroupSize, headDim)),
  );
}

/** What {@link chooseQuadHead} may give for some head sizes. */
export function quadHeads(tuning: AttentionTuning, pass: AttentionPass): QuadHead[] {
  if (tuning.strategy !== 'quad') return [];
  return LISTED_HEADS.flatMap((headDim) =>
    fitting(tuning[pass], headDim).map((tile) => quadHead(tile, headDim)),
  );
}

/**
 * The tile that takes the least time, blocks that are not full counted as if they were, if one takes such heads. All
 * tiles give the same bits.
 */
function chooseTile(
  tiles: readonly AttentionTile[],
  { heads, headDim, lengths, keys }: AttentionWork,
): AttentionTile | undefined {
  const work = lengths.reduce((sum, length) => sum + length * (keys || length / 2), 0) * heads * headDim;
  const time = ({ rows, rate }: AttentionTile): number =>
    lengths.reduce((sum, length) => sum + Math.ceil(length / rows) * rows, 0) / rate;
  const [first, ...others] = fitting(tiles, headDim).filter(({ minWork = 0 }) => work >= minWork);
  return first && others.reduce((a, b) => (time(b) < time(a) ? b : a), first);
}

function fitting(tiles: readonly AttentionTile[], headDim: number): AttentionTile[] {
  return tiles.filter(({ maxHeadDim = Infinity }) => headDim <= maxHeadDim);
}

function subgroupHead({ rows }: AttentionTile, subgroupSize: number, headDim: number): SubgroupHead {
  return { subgroupSize, rows, headDim };
}

function quadHead({ rows }: AttentionTile, headDim: number): QuadHead {
  return { headDim, laneRows: rows / QUAD };
}
