import { groupBy } from '../group-by.ts';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { type Located, inLayers, layersOf, requireOnce, tensorName } from './layout.ts';
import type { RecordedTensor } from './probe-folder.ts';

/*
 * Caches of TransformerLens hold every position of one sequence: `blocks.<l>.hook_attn_out` [position, d_model] and
 * `blocks.<l>.attn.hook_attn_scores` [head, query position, key position], perhaps with a batch of 1 before. The probed token
 * is the last; m is its row of the scores, cut to the keys of the query, which are the last ones.
 */

/** h at the last position. */
export function locateOutputs(tensors: readonly RecordedTensor[]): Located {
  return locateHooks(tensors, 2, (tensor, [positions, dModel]) => ({
    shape: [dModel],
    runs: [[(positions - 1) * dModel, dModel]],
    tensor,
  }));
}

/**
 * m of the last position towards the query's own keys.
 * @param queryLength tokens of an example's query up to the probed one, given how many keys there are
 */
export function locateScores(
  tensors: readonly RecordedTensor[],
  queryLength: (tensor: RecordedTensor, keys: number) => number,
): Located {
  return locateHooks(tensors, 3, (tensor, [heads, positions, keys]) => {
    const own = queryLength(tensor, keys);
    if (own < 1 || own > keys)
      throw new UserError(
        `${tensorName(tensor)} has ${keys} keys, fewer than the ${own} tokens of the query`,
      );
    const runs = Array.from(
      { length: heads },
      (_, head) => [(head * positions + positions) * keys - own, own] as const,
    );
    return { shape: [heads, own], runs, tensor };
  });
}

interface Cut {
  readonly tensor: RecordedTensor;
  readonly shape: readonly number[];
  readonly runs: readonly (readonly [first: number, count: number])[];
}

function locateHooks<N extends 2 | 3>(
  tensors: readonly RecordedTensor[],
  dimensions: N,
  cut: (tensor: RecordedTensor, shape: N extends 2 ? [number, number] : [number, number, number]) => Cut,
): Located {
  const first = tensors[0] as RecordedTensor;
  requireOnce(tensors);
  const layers = layersOf(tensors);
  const groups = groupBy(tensors, ({ example }) => example);
  if (groups.has(undefined) && groups.size > 1)
    throw new UserError(
      `${tensorName(groups.get(undefined)?.[0] ?? first)} does not say of which example it is`,
    );
  const shapes: (readonly number[])[] = [];
  const parts = [...groups.values()].map((group) => {
    const cuts = inLayers(group, layers).map((tensor) =>
      cut(tensor, withoutBatch(tensor, dimensions) as Parameters<typeof cut>[1]),
    );
    const shape = (cuts[0] as Cut).shape;
    const other = cuts.find((own) => `${own.shape}` !== `${shape}`);
    if (other)
      throw new UserError(
        `${tensorName(other.tensor)} gives [${other.shape.join(', ')}], ${JSON.stringify(cuts[0]?.tensor.info.name)} [${shape.join(', ')}]`,
      );
    shapes.push(shape);
    return cuts.map(({ tensor, runs }) => ({ tensor, runs }));
  });
  const ids = groups.has(undefined) ? undefined : ([...groups.keys()] as number[]);
  return { ids, layers, first, shapes, parts };
}

function withoutBatch(tensor: RecordedTensor, dimensions: number): readonly number[] {
  const { shape } = tensor.info;
  const own = shape.length === dimensions + 1 && shape[0] === 1 ? shape.slice(1) : shape;
  if (own.length === dimensions && own.every((extent) => extent > 0)) return own;
  if (shape.length === dimensions + 1)
    throw new UserError(
      `${tensorName(tensor)} is of a batch of ${shape[0]}, which does not say where each sequence ends: run the sequences one by one, and name them <example>.${tensor.info.name}`,
    );
  throw new UserError(
    `${tensorName(tensor)} has shape [${shape.join(', ')}], where ${dimensions} extents above 0 are wanted, or a batch of 1 before them`,
  );
}
