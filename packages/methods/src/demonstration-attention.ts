import {
  type KeptQueries,
  type Model,
  type QueryScoreBatch,
  type ScoredVectors,
  specialToken,
} from '@icl-gd/transformer';
import { requireQueries } from './given.ts';
import type { Demonstration, LearnerResult, ProbeOptions, Query } from './learner.ts';
import { planQuery } from './probe-plan.ts';
import { cutIntoBatches } from './probe-queries.ts';

type Attending = Pick<Required<LearnerResult>, 'attentionToDemonstrations'>;

/** Attention to the tokens of a context's demonstrations: its BOS and each one's EOS are left out. */
export function attentionToContext(
  model: Model,
  prefix: Exclude<ScoredVectors, KeptQueries>,
  demonstrations: readonly Demonstration[],
): Attending {
  let start = 1;
  const columns = demonstrations.flatMap(({ tokens }) => {
    const own = Array.from({ length: tokens.length }, (_, i) => start + i);
    start += tokens.length + 1;
    return own;
  });
  return attentionTo(model, prefix, columns);
}

/** Fine-tuning's inferred attention, to the tokens whose query vectors were kept. */
export function attentionToTraining(model: Model, queries: KeptQueries): Attending {
  return attentionTo(
    model,
    queries,
    Array.from({ length: queries.length }, (_, i) => i),
  );
}

function attentionTo(model: Model, towards: ScoredVectors, columns: readonly number[]): Attending {
  const { layers } = model.config;
  return {
    async attentionToDemonstrations(queries, options) {
      requireQueries(queries);
      const { signal, onProgress } = options;
      const before = 'filled' in towards ? [specialToken(model.config, 'bosTokenId', model.name)] : [];
      const scores: Float32Array[] = [];
      for (const batch of scoreBatches(queries, options, before)) {
        for (const all of await model.scoreQueries(batch, towards, { signal })) {
          const width = all.length / layers;
          const own = new Float32Array(layers * columns.length);
          for (let layer = 0; layer < layers; layer++)
            for (const [i, column] of columns.entries())
              own[layer * columns.length + i] = all[layer * width + column] as number;
          scores.push(own);
        }
        onProgress?.({ finished: scores.length, total: queries.length });
      }
      return scores;
    },
  };
}

/**
 * The packed batches that `attentionToDemonstrations` will put before a model, for a memory plan.
 * @param behindPrefix whether a context comes before the queries, so that they need no BOS
 */
export function attentionBatches(
  queries: readonly Query[],
  options: ProbeOptions,
  behindPrefix: boolean,
): QueryScoreBatch[] {
  // Any token may stand for BOS: only its place counts.
  return scoreBatches(queries, options, behindPrefix ? [] : [0]);
}

/** Each query up to its probed token: nothing after it is attended to. */
function scoreBatches(
  queries: readonly Query[],
  { probeToken, ...options }: ProbeOptions,
  before: readonly number[],
): QueryScoreBatch[] {
  const plans = queries.map((query) => {
    const { requests } = planQuery({ ...query, options: query.options.slice(0, 1) }, [probeToken], before);
    return { requests: requests.filter(({ probes }) => probes.length > 0) };
  });
  return cutIntoBatches(plans, options).map((batch) =>
    batch.flatMap(({ requests }) =>
      requests.map(({ tokens, probes }) => {
        const row = probes[0]?.row as number;
        return { tokens: tokens.slice(0, row + 1), row };
      }),
    ),
  );
}
