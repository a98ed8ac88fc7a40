import type { Located } from './layout.ts';
import type { RecordedTensor } from './probe-folder.ts';

/*
 * A number in a name without a word is an example's. Where it cannot be that and can be one other thing, it is taken for it.
 */

/** Places 0, 1, … where rows are said that are not these numbers: the rows at these places. */
export function placesToRows(
  tensors: readonly RecordedTensor[],
  rows: readonly number[] | undefined,
): readonly RecordedTensor[] {
  if (!rows) return tensors;
  const numbers = new Set(tensors.flatMap(({ example }) => example ?? []));
  const arePlaces = numbers.size === rows.length && rows.every((_, place) => numbers.has(place));
  if (!arePlaces || rows.every((row) => numbers.has(row))) return tensors;
  return tensors.map((tensor) =>
    tensor.example === undefined ? tensor : { ...tensor, example: rows[tensor.example] as number },
  );
}

/** `h.<layer>` [examples, d_model], where m shows that there are as many layers and examples, and not the other way round. */
export function examplesToLayers(
  h: readonly RecordedTensor[],
  { layers, parts }: Pick<Located, 'layers' | 'parts'>,
): readonly RecordedTensor[] {
  const numbers = new Set(h.map(({ example }) => example));
  const areLayers =
    layers !== parts.length &&
    h.length === layers &&
    h.every(
      ({ layer, info }) => layer === undefined && info.shape.length === 2 && info.shape[0] === parts.length,
    ) &&
    h.every((_, layer) => numbers.has(layer));
  if (!areLayers) return h;
  return h.map(({ example, ...tensor }) => ({ ...tensor, layer: example as number }));
}
