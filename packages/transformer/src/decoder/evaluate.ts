import { type KeyValuePrefix, ScoreRows, type Scope, attentionScores, gatherRows } from '@icl-gd/gpu-kernels';
import type { ParameterSet } from '../weights/parameter-set.ts';
import type { DecoderContext } from './context.ts';
import { embed } from './embedding.ts';
import { TargetPlan, logProbsOf } from './head.ts';
import { layerForward, projectAttention } from './layer.ts';

/** A row of a sequence to record h and m of, m towards the keys [firstKey, row]. Rows count within the sequence's `tokens`. */
export interface ProbedRow {
  readonly row: number;
  readonly firstKey: number;
}

/** One sequence to evaluate, and what is wanted of it. */
export interface EvaluationRequest {
  /** After the prefix if there is one, else from BOS on. */
  readonly tokens: readonly number[];
  /** Rows whose h and m are recorded. */
  readonly probes: readonly ProbedRow[];
  /** Log-probability (nats) of `token` directly after row `row`. */
  readonly logProbs: readonly { readonly row: number; readonly token: number }[];
}

/** What is recorded of a probed row. */
export interface RowProbe {
  /** h, [layers, dModel]. */
  readonly attentionOutput: Float32Array;
  /** m, [layers, heads, keys] with keys = row − firstKey + 1. */
  readonly attentionScores: Float32Array;
}

/** What a sequence gave, in the order of its request. */
export interface EvaluationResult {
  readonly probes: readonly RowProbe[];
  /** In nats. */
  readonly logProbs: Float32Array;
}

/** Keys and values of a context in every layer. */
export class ContextPrefix implements Disposable {
  readonly length: number;
  readonly layers: readonly KeyValuePrefix[];

  constructor(length: number, layers: readonly KeyValuePrefix[]) {
    this.length = length;
    this.layers = layers;
  }

  dispose(): void {
    for (const { k, v } of this.layers) {
      k.dispose();
      v.dispose();
    }
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Runs one sequence and keeps its keys and values. */
export function computePrefix(context: DecoderContext, parameters: ParameterSet): ContextPrefix {
  const { gpu, config, batch } = context;
  using scope = gpu.scope();
  const length = batch.sequences.totalTokens;
  const layers: KeyValuePrefix[] = [];
  let hidden = embed(context, scope, parameters);
  for (let layer = 0; layer < config.layers; layer++) {
    using layerScope: Scope = gpu.scope();
    // Of the last layer nothing but keys and values is ever read.
    const last = layer === config.layers - 1;
    const full = last ? undefined : layerForward(context, layerScope, parameters, layer, hidden);
    const { key, value } = full ?? projectAttention(context, layerScope, parameters, layer, hidden);
    layers.push({ length, k: layerScope.release(key), v: layerScope.release(value) });
    if (full) {
      hidden.dispose();
      hidden = scope.own(layerScope.release(full.output));
    }
  }
  return new ContextPrefix(length, layers);
}

/** Evaluates packed sequences, behind a shared prefix if given: the same numbers as one at a time. */
export async function evaluateBatch(
  context: DecoderContext,
  parameters: ParameterSet,
  requests: readonly EvaluationRequest[],
  prefix?: ContextPrefix,
): Promise<EvaluationResult[]> {
  const { gpu, config, batch } = context;
  using scope = gpu.scope();
  const { starts } = batch.sequences;
  const probed = requests.flatMap(({ probes }, i) => {
    const start = starts[i] as number;
    return probes.map(({ row, firstKey }) => ({ row: start + row, firstKey: start + firstKey }));
  });
  using scoreRows = new ScoreRows(gpu, probed, config.heads);
  const rowIndex = scope.upload(
    Uint32Array.from(probed, ({ row }) => row),
    [probed.length],
    'probe rows',
  );
  const outputs = scope.tensor([config.layers, probed.length, config.dModel], 'probe.attentionOutput');
  const scores = scope.tensor([config.layers, scoreRows.outputLength], 'probe.attentionScores');
  const picked = scope.tensor([probed.length, config.dModel], 'probe.rows');

  let hidden = embed(context, scope, parameters);
  for (let layer = 0; layer < config.layers; layer++) {
    using layerScope: Scope = gpu.scope();
    const activations = layerForward(context, layerScope, parameters, layer, hidden, prefix?.layers[layer]);
    if (probed.length > 0) {
      gatherRows(gpu, { x: activations.attentionOutput, rows: rowIndex, out: picked });
      gpu.copy(picked, outputs, picked.length, 0, layer * picked.length);
      attentionScores(gpu, {
        shape: context.headShape,
        rows: scoreRows,
        q: activations.query,
        k: activations.key,
        out: scores,
        outOffset: layer * scoreRows.outputLength,
      });
    }
    hidden.dispose();
    hidden = scope.own(layerScope.release(activations.output));
  }

  const wanted = requests.flatMap(({ logProbs }, i) =>
    logProbs.map(({ row, token }) => ({ row: (starts[i] as number) + row, token })),
  );
  const logProbs = new Float32Array(wanted.length);
  if (wanted.length > 0) {
    using plan = new TargetPlan(
      gpu,
      { rows: wanted.map(({ row }) => row), tokens: wanted.map(({ token }) => token) },
      config.vocabSize,
      batch.sequences.totalTokens,
    );
    const values = await gpu.read(logProbsOf(context, scope, parameters, hidden, plan));
    for (const [place, original] of plan.order.entries()) logProbs[original] = values[place] as number;
  }
  const [outputValues, scoreValues] = [await gpu.read(outputs), await gpu.read(scores)];
  return split(requests, probed, scoreRows, outputValues, scoreValues, logProbs, config);
}

/** Cuts what was recorded of all probed rows, layer by layer, into results by request. */
function split(
  requests: readonly EvaluationRequest[],
  probed: readonly ProbedRow[],
  scoreRows: ScoreRows,
  outputs: Float32Array,
  scores: Float32Array,
  logProbs: Float32Array,
  { layers, heads, dModel }: { layers: number; heads: number; dModel: number },
): EvaluationResult[] {
  const rowProbes = probed.map(({ row, firstKey }, probe): RowProbe => {
    const perLayer = heads * (row - firstKey + 1);
    const attentionOutput = new Float32Array(layers * dModel);
    const attentionScores = new Float32Array(layers * perLayer);
    for (let layer = 0; layer < layers; layer++) {
      const outputAt = (layer * probed.length + probe) * dModel;
      attentionOutput.set(outputs.subarray(outputAt, outputAt + dModel), layer * dModel);
      const scoreAt = layer * scoreRows.outputLength + (scoreRows.offsets[probe] as number);
      attentionScores.set(scores.subarray(scoreAt, scoreAt + perLayer), layer * perLayer);
    }
    return { attentionOutput, attentionScores };
  });
  let [nextProbe, nextLogProb] = [0, 0];
  return requests.map((request) => ({
    probes: rowProbes.slice(nextProbe, (nextProbe += request.probes.length)),
    logProbs: logProbs.slice(nextLogProb, (nextLogProb += request.logProbs.length)),
  }));
}
