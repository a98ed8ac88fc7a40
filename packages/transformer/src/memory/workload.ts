import type { EvaluationRequest } from '../decoder/evaluate.ts';
import type { QueryScoreRequest } from '../decoder/query-scores.ts';
import type { FineTuningOptions } from '../fine-tuning-options.ts';
import type { LayerGroup } from '../parameters.ts';
import type { WeightDtype } from '../weights/storage.ts';

/** Sequences that are evaluated together, packed. */
export type EvaluationBatch = readonly EvaluationRequest[];

/** A way to train, as far as it decides memory. */
export interface TrainingKind extends Pick<FineTuningOptions, 'objective' | 'readout' | 'optimizer'> {
  /** What is trained; `attention.kv` if absent. */
  readonly group?: LayerGroup;
  /** Number of steps, each on all sequences together; one a sequence if absent. */
  readonly fullBatchSteps?: number;
  /** Whether nothing but the gradient is computed, along which the model is moved while it evaluates (`GradientDirection`). */
  readonly direction?: boolean;
}

/** What a model will be used for, as far as it decides memory. Which tokens there are does not matter, only how many. */
export interface Workload {
  readonly dtype: WeightDtype;
  /** Evaluated without a prefix. */
  readonly batches: readonly EvaluationBatch[];
  /** A context of so many tokens whose keys and values are kept, and what is evaluated behind it. */
  readonly context?: { readonly tokens: number; readonly batches: readonly EvaluationBatch[] };
  /** By how many positions `batches` are also evaluated shifted; 0 if absent. */
  readonly positionOffset?: number;
  /** Fine-tuning; the fine-tuned model then evaluates `batches`. Without any kind, the room for a copy of keys and values. */
  readonly training?: {
    /** One after another: the largest counts. */
    readonly kinds: readonly TrainingKind[];
    /** Sequences trained on, one a step unless the kind says otherwise. */
    readonly steps: number;
    /** Of the longest of them. */
    readonly tokens: number;
    readonly releasedNorms: boolean;
    /** Whether gradient norms are measured under every definition; no if absent. */
    readonly gradientNormVariants?: boolean;
    /**
     * Cells that train in lockstep and are probed one after another, by kinds that can (`trainsInLockstep`), where neither norms of
     * other definitions nor queries are kept; 1 if absent.
     */
    readonly cells?: number;
    /** What cells that train in lockstep are also asked in one pass: of each its sequences, as `evaluateTogether` has them. */
    readonly together?: readonly (readonly EvaluationBatch[])[];
    /** Whether base and fine-tuned model are also evaluated with copies of keys and values rounded to float16. */
    readonly halfCopies?: boolean;
  };
  /**
   * Scores of queries towards the context's tokens, and of models that were fine-tuned one sequence a step towards queries that
   * were kept then.
   */
  readonly queryScores?: {
    /** Tokens whose queries are kept. */
    readonly keptTokens: number;
    /** Scored by the fine-tuned model. */
    readonly batches: readonly QueryScoreBatch[];
    /** Scored behind the context. */
    readonly inContext: readonly QueryScoreBatch[];
  };
}

/** Sequences whose queries are scored together, packed. */
export type QueryScoreBatch = readonly QueryScoreRequest[];

/** As {@link largestBatches}, of batches by cell. */
export function largestTogether(
  batches: readonly (readonly EvaluationBatch[])[],
): (readonly EvaluationBatch[])[] {
  return largestBy(batches, (cells) => [cells.length, ...sizesOf(cells.flat())]);
}

/** The batches that no other is as large as in every respect: one of these needs the most memory. */
export function largestBatches(batches: readonly EvaluationBatch[]): EvaluationBatch[] {
  return largestBy(batches, sizesOf);
}

/** As {@link largestBatches}. */
export function largestScored(batches: readonly QueryScoreBatch[]): QueryScoreBatch[] {
  return largestBy(batches, (batch) => [
    batch.length,
    batch.reduce((total, { tokens }) => total + tokens.length, 0),
  ]);
}

function largestBy<Batch>(batches: readonly Batch[], measure: (batch: Batch) => readonly number[]): Batch[] {
  const largest: { batch: Batch; sizes: readonly number[] }[] = [];
  for (const batch of batches) {
    const sizes = measure(batch);
    if (largest.some((other) => covers(other.sizes, sizes))) continue;
    const rest = largest.filter((other) => !covers(sizes, other.sizes));
    largest.splice(0, largest.length, ...rest, { batch, sizes });
  }
  return largest.map(({ batch }) => batch);
}

function covers(sizes: readonly number[], other: readonly number[]): boolean {
  return sizes.every((size, i) => size >= (other[i] as number));
}

/** Sequences, tokens, probed rows, keys that these look at, log-probabilities, likeliest tokens, and rows that these are of. */
function sizesOf(batch: EvaluationBatch): readonly number[] {
  let [tokens, probes, keys, targets, topRows, topTokens, rows] = [0, 0, 0, 0, 0, 0, 0];
  for (const request of batch) {
    tokens += request.tokens.length;
    probes += request.probes.length;
    for (const { row, firstKey } of request.probes) keys += row - firstKey + 1;
    targets += request.logProbs.length;
    const { logProbs, top = [] } = request;
    topRows += top.length;
    for (const { k } of top) topTokens = Math.max(topTokens, k);
    rows += new Set([...logProbs, ...top].map(({ row }) => row)).size;
  }
  return [batch.length, tokens, probes, keys, targets, topRows, topTokens, rows];
}
