import { groupBy } from '../group-by.ts';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { type Located, inLayers, layersOf, requireOnce, tensorName } from './layout.ts';
import type { RecordedTensor } from './probe-folder.ts';

/*
 * Caches of TransformerLens hold every position of one sequence: `blocks.<l>.hook_attn_out` [position, d_model] and
 * `blocks.<l>.attn.hook_attn_scores` [head, query position, key position], perhaps with a batch of 1 before. The probed token
 * is the last; m is its row of the scores, cut to the keys of the query, which are the last ones. With `pos_slice=-1` they hold
 * that position alone, and where it is an index they have no extent for it.
 */

/** Whether outputs are of the probed position alone. */
export function areOfOnePosition(outputs: readonly RecordedTensor[]): boolean {
  return outputs.length > 0 && outputs.every(({ info }) => info.shape.slice(0, -1).every((one) => one === 1));
}

/** h at the last position. */
export function locateOutputs(tensors: readonly RecordedTensor[]): Located {
  const shapeOf = areOfOnePosition(tensors) ? ofOnePosition : withoutBatch;
  return locateHooks(
    tensors,
    (tensor) => shapeOf(tensor, 2),
    (tensor, [positions, dModel]) => ({
      shape: [dModel],
      runs: [[(positions - 1) * dModel, dModel]],
      tensor,
    }),
  );
}

/**
 * m of the last position towards the query's own keys.
 * @param queryLength tokens of an example's query up to the probed one, given how many keys there are
 * @param onePosition whether they are of the probed position alone, as {@link areOfOnePosition} says of the outputs
 */
export function locateScores(
  tensors: readonly RecordedTensor[],
  queryLength: (tensor: RecordedTensor, keys: number) => number,
  onePosition: boolean,
): Located {
  const shapeOf = onePosition ? ofOnePosition : withoutBatch;
  return locateHooks(
    tensors,
    (tensor) => shapeOf(tensor, 3),
    (tensor, [heads, positions, keys]) => {
      if (!onePosition) requireClear(tensor);
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
    },
  );
}

interface Cut {
  readonly tensor: RecordedTensor;
  readonly shape: readonly number[];
  readonly runs: readonly (readonly [first: number, count: number])[];
}

function locateHooks(
  tensors: readonly RecordedTensor[],
  shapeOf: (tensor: RecordedTensor) => readonly number[],
  cut: (tensor: RecordedTensor, shape: readonly [number, number, number]) => Cut,
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
      cut(tensor, shapeOf(tensor) as Parameters<typeof cut>[1]),
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

/** [heads, 1, keys] or [1, d_model], whichever extents of 1 are there. */
function ofOnePosition(tensor: RecordedTensor, dimensions: number): readonly number[] {
  const { shape } = tensor.info;
  const last = shape.at(-1) ?? 0;
  const before = shape.slice(0, -1).filter((extent) => extent !== 1);
  if (before.length > dimensions - 2 || last === 0 || before.includes(0))
    throw new UserError(
      `${tensorName(tensor)} has shape [${shape.join(', ')}], but hook_attn_out is of one position alone`,
    );
  return dimensions === 2 ? [1, last] : [before[0] ?? 1, 1, last];
}

/** @throws UserError for a cut cache that looks like a whole one: [1, heads, keys] like [head, position, key] */
function requireClear(tensor: RecordedTensor): void {
  const [one, positions, keys, ...more] = tensor.info.shape;
  if (one !== 1 || positions === 1 || positions === keys || more.length > 0) return;
  throw new UserError(
    `${tensorName(tensor)} has shape [${tensor.info.shape.join(', ')}]: ${positions} heads at one position, or one head at ${positions}? Give it the extents [1, heads, positions, keys]`,
  );
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
