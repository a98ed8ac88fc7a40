import type { Probe } from '@icl-gd/methods';
import type { ExactTensor, NamedTensor, SafetensorsFile, TopTokens } from '@icl-gd/transformer';

/** How many of the likeliest tokens after the prompt are recorded of every setting and example. */
export const NEXT_TOKENS = 50;
/** So many of them are kept in a record: what settings are compared by. */
export const COMPARED_NEXT_TOKENS = 10;

const [IDS, LOG_PROBS] = ['next_tokens', 'next_token_log_probs'];

/** Whether they are ids of tokens, each once. */
export function areTokens(ids: ArrayLike<number>): boolean {
  const list = Array.from(ids);
  return (
    new Set(list).size === list.length && list.every((id) => Number.isInteger(id) && id >= 0 && id < 2 ** 32)
  );
}

/** Of probes of a learner that gives them: ids [examples, k] in int64 and log-probabilities [examples, k] in float32. */
export function nextTokenTensors(
  probes: readonly Pick<Probe, 'nextTokens'>[],
): (NamedTensor | ExactTensor)[] {
  const all = probes.flatMap(({ nextTokens }) => nextTokens ?? []);
  const k = all[0]?.ids.length ?? 0;
  if (k === 0 || all.length !== probes.length || all.some(({ ids }) => ids.length !== k)) return [];
  const shape = [all.length, k];
  const ids = BigInt64Array.from(
    all.flatMap((own) => [...own.ids]),
    BigInt,
  );
  const logProbs = Float32Array.from(all.flatMap((own) => [...own.logProbs]));
  return [
    { name: IDS, shape, dtype: 'int64', data: ids },
    { name: LOG_PROBS, shape, dtype: 'float32', data: logProbs },
  ];
}

/**
 * Reads back what {@link nextTokenTensors} made, in the order of the examples.
 * @returns undefined for probes of a learner that does not give them
 * @throws RangeError if the file does not hold them of so many examples
 */
export async function readNextTokens(
  file: SafetensorsFile,
  examples: number,
): Promise<TopTokens[] | undefined> {
  const shape = file.tensors.get(IDS)?.shape;
  if (!shape) return undefined;
  const [ids, logProbs] = [await file.readNumbers(IDS), await file.read(LOG_PROBS)];
  const k = shape[1] ?? 0;
  if (shape[0] !== examples || ids.length !== examples * k || logProbs.length !== ids.length)
    throw new RangeError(`${file.path} does not hold ${IDS} and ${LOG_PROBS} [${examples}, …]`);
  const places = Array.from({ length: examples }, (_, i) => [i * k, (i + 1) * k] as const);
  if (!places.every(([from, to]) => areTokens(ids.subarray(from, to))) || !logProbs.every(Number.isFinite))
    throw new RangeError(`${file.path}: ${IDS} or ${LOG_PROBS} hold what are no tokens`);
  return places.map(([from, to]) => ({
    ids: Uint32Array.from(ids.subarray(from, to)),
    logProbs: logProbs.slice(from, to),
  }));
}
