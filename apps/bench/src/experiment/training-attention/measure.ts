import { type LearnerResult, type Query, inContext } from '@icl-gd/methods';
import type { ProbeOptions, ProbeToken } from '@icl-gd/methods';
import { type Model, type Progress, UserError } from '@icl-gd/transformer';
import type { PreparedRun } from '../../tasks/prompts/prepare-run.ts';
import { type OnWork, takeIn } from '../take-in.ts';
import type { RunSetting } from '../setting.ts';
import { AgreementMeans, randomAgreement } from './agreement.ts';
import type { TrainingAttentionRecord } from './record.ts';

/** How queries are put before the model. */
export interface AttentionOptions {
  readonly probeToken: ProbeToken;
  readonly tokenBudget?: ProbeOptions['tokenBudget'];
  readonly signal?: AbortSignal | undefined;
}

/** What a trial's learners are compared with. */
export interface ContextAttention {
  /** By query: scores of single tokens summed over heads, [L, T]. */
  readonly scores: readonly Float32Array[];
  /** Tokens of each demonstration in the context. */
  readonly lengths: readonly number[];
  readonly random: AgreementMeans;
}

/** Queries whose scores are on the host at a time. */
const CHUNK = 128;

/** ICL's attention to the demonstrations, and the agreement of random scores with it. */
export async function contextAttention(
  model: Model,
  prepared: PreparedRun,
  options: AttentionOptions,
  onWork: OnWork,
): Promise<ContextAttention> {
  const demonstrations = prepared.demonstrations.slice(0, prepared.context.demonstrations);
  const adapted = await inContext.adapt(model, demonstrations, { signal: options.signal });
  try {
    const lengths = demonstrations.map(({ tokens }) => tokens.length);
    const { layers } = model.config;
    const of = { id: inContext.id, length: layers * total(lengths) };
    const scores = await attentionOf(adapted, prepared.queries, of, options, onWork);
    return { scores, lengths, random: randomAgreement(scores, { layers, lengths, seed: prepared.seed }) };
  } finally {
    adapted.dispose();
  }
}

/**
 * Trains once more and compares fine-tuning's inferred attention with ICL's.
 * @param places of the context's demonstrations in training
 * @throws DivergedError if the training is not finite
 */
export async function learnerAgreement(
  model: Model,
  setting: RunSetting,
  prepared: PreparedRun,
  context: ContextAttention,
  {
    places,
    learningRate,
    ...options
  }: AttentionOptions & { readonly places: readonly number[]; readonly learningRate: number | null },
  onWork: OnWork,
): Promise<TrainingAttentionRecord> {
  const how = { learningRate, keepTrainingQueries: places, signal: options.signal };
  const adapted = await takeIn(model, setting, prepared, how, onWork);
  try {
    const { layers } = model.config;
    const means = new AgreementMeans(layers, context.lengths);
    const order = contextOrder(places, context.lengths);
    const of = { id: setting.learner.id, length: layers * order.length };
    for (let start = 0; start < prepared.queries.length; start += CHUNK) {
      const queries = prepared.queries.slice(start, start + CHUNK);
      const scores = await attentionOf(adapted, queries, of, options, onWork);
      for (const [i, own] of scores.entries()) {
        const tokens = own.length / layers;
        const ordered = own.map((_, at) => {
          const token = at % tokens;
          return own[at - token + (order[token] as number)] as number;
        });
        means.add(context.scores[start + i] as Float32Array, ordered);
      }
    }
    return means.toRecord(context.random);
  } finally {
    adapted.dispose();
  }
}

/**
 * Scores come in the order of training: where each token of the context stands there.
 * @param lengths tokens of each demonstration, in the order of the context
 */
export function contextOrder(places: readonly number[], lengths: readonly number[]): number[] {
  const starts = new Map<number, number>();
  let start = 0;
  for (const [place, i] of places.map((own, at) => [own, at] as const).toSorted(([a], [b]) => a - b)) {
    starts.set(place, start);
    start += lengths[i] as number;
  }
  return places.flatMap((place, i) =>
    Array.from({ length: lengths[i] as number }, (_, token) => (starts.get(place) as number) + token),
  );
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

async function attentionOf(
  adapted: LearnerResult,
  queries: readonly Query[],
  /** Of the learner, and numbers for each query. */
  { id, length }: { readonly id: string; readonly length: number },
  { tokenBudget, ...options }: AttentionOptions,
  onWork: OnWork,
): Promise<Float32Array[]> {
  let before = 0;
  const onProgress = ({ finished }: Progress): void => {
    onWork(finished - before);
    before = finished;
  };
  const budget = tokenBudget === undefined ? {} : { tokenBudget };
  const scores = await adapted.attentionToDemonstrations?.(queries, { ...budget, ...options, onProgress });
  if (scores?.length !== queries.length || scores.some((own) => own.length !== length))
    throw new UserError(
      `${id} must give attentionToDemonstrations for ${queries.length} queries, ${length} numbers each: it says that it keeps training queries`,
    );
  return scores;
}
