import { ScoreRows, type Tensor, attentionScores, gatherRows } from '@icl-gd/gpu-kernels';
import { embed } from './embedding.ts';
import { forwardLayers } from './forward.ts';
import { wholeOf } from './layer.ts';
import { type HeadTop, headOutputs } from './head.ts';
import type { Pass } from './pass.ts';
import type { ContextPrefix } from './prefix.ts';
import { quote } from '../words.ts';
import { planTargets } from './targets.ts';

/** A row of a sequence whose h and m are recorded. Rows count within the sequence's `tokens`. */
export interface ProbedRow {
  readonly row: number;
  /** m is recorded towards the keys of rows firstKey to row. */
  readonly firstKey: number;
}

/** One sequence to evaluate, and what is wanted of it. */
export interface EvaluationRequest {
  /** After the prefix if there is one, else from BOS on. */
  readonly tokens: readonly number[];
  /** Rows whose h and m are recorded. */
  readonly probes: readonly ProbedRow[];
  /** Log-probabilities wanted: of `token` directly after row `row`. */
  readonly logProbs: readonly { readonly row: number; readonly token: number }[];
  /** Rows after which the k likeliest tokens are wanted; none if absent. */
  readonly top?: readonly TopRow[];
}

/** A row after which the likeliest tokens are wanted. */
export interface TopRow {
  readonly row: number;
  /** How many, from 1; as many as the vocabulary has where it has fewer. */
  readonly k: number;
}

/**
 * Checks what is asked against the sequences: a row beyond the end would be one of the next sequence of the batch.
 * @throws RangeError naming the request and the row
 */
export function requireRequests(requests: readonly EvaluationRequest[]): void {
  if (!Array.isArray(requests)) throw new RangeError('evaluate takes a list of requests');
  for (const [i, { tokens, probes, logProbs, top = [] }] of requests.entries()) {
    const refuse = (fault: string): never => {
      throw new RangeError(`requests[${i}]: ${fault}`);
    };
    for (const [name, list] of Object.entries({ tokens, probes, logProbs, top }))
      if (typeof list !== 'object' || list === null || !('length' in list))
        refuse(`${name} is ${quote(list)}, not a list; it may be empty where nothing is wanted`);
    const isRow = (row: number, end: number): boolean => Number.isInteger(row) && row >= 0 && row < end;
    for (const { row, firstKey } of probes) {
      if (!isRow(row, tokens.length)) refuse(`probed row ${row} of a sequence of ${tokens.length} tokens`);
      if (!isRow(firstKey, row + 1))
        refuse(`probed row ${row} with first key ${firstKey}, which is none before it`);
    }
    for (const { row, token } of logProbs)
      if (!isRow(row, tokens.length))
        refuse(`token ${token} after row ${row} of a sequence of ${tokens.length} tokens`);
    for (const { row, k } of top) {
      if (!isRow(row, tokens.length))
        refuse(`likeliest tokens after row ${row} of a sequence of ${tokens.length} tokens`);
      if (!Number.isInteger(k) || k < 1) refuse(`${k} likeliest tokens, not a whole number from 1`);
    }
  }
}

/** What is recorded of a probed row (arXiv 2311.07772v4, where it is the last one). */
export interface RowProbe {
  /** h: the attention block's output after its output projection, before the residual is added. float32 [L, d]. */
  readonly attentionOutput: Float32Array;
  /** m: scaled q·k before the softmax towards keys firstKey to row. float32 [L, H, row − firstKey + 1]. */
  readonly attentionScores: Float32Array;
}

/** The likeliest next tokens, the likeliest first and of equal ones the lower id. */
export interface TopTokens {
  /** Token ids, uint32 [min(k, V)]. */
  readonly ids: Uint32Array;
  /** Nats, float32 [min(k, V)]. */
  readonly logProbs: Float32Array;
}

/** What a sequence gave, in the order of its request. */
export interface EvaluationResult {
  readonly probes: readonly RowProbe[];
  /** Nats, float32. */
  readonly logProbs: Float32Array;
  /** Absent where the request has no `top`. */
  readonly top?: readonly TopTokens[];
}

/** An evaluation recorded on the device; its tensors live as long as its pass. */
export interface RecordedEvaluation {
  /** h of all probed rows, [L, R, d]. */
  readonly outputs: Tensor;
  /** m of all probed rows, [L, …] as `scoreRows` says. */
  readonly scores: Tensor;
  readonly probed: readonly ProbedRow[];
  readonly scoreOffsets: readonly number[];
  /** Log-probabilities in the order of `order`, if any are wanted. */
  readonly logProbs: Tensor | undefined;
  readonly order: readonly number[];
  /** The likeliest tokens in the order of `topOrder`, if any are wanted. */
  readonly top: HeadTop | undefined;
  readonly topOrder: readonly number[];
}

/** Records the evaluation of packed sequences, behind the prefix that the pass was made for: the same numbers as one at a time. */
export function recordEvaluation(
  pass: Pass,
  requests: readonly EvaluationRequest[],
  prefix?: ContextPrefix,
): RecordedEvaluation {
  const { gpu, config, headShape } = pass;
  const { starts } = pass.batch.sequences;
  const probed = requests.flatMap(({ probes }, i) => {
    const start = starts[i] as number;
    return probes.map(({ row, firstKey }) => ({ row: start + row, firstKey: start + firstKey }));
  });
  using scoreRows = new ScoreRows(gpu, probed, config.heads);
  const rowIndex = pass.indices(
    probed.map(({ row }) => row),
    'probed rows',
  );
  const outputs = pass.tensor([config.layers, probed.length, config.dModel], 'probe.attentionOutput');
  const scores = pass.tensor([config.layers, scoreRows.outputLength], 'probe.attentionScores');
  // Before anything is recorded: an upload submits what is.
  const wanted = requests.flatMap(({ logProbs }, i) =>
    logProbs.map(({ row, token }) => ({ row: (starts[i] as number) + row, token })),
  );
  const wantedTop = requests.flatMap(({ top = [] }, i) =>
    top.map(({ row, k }) => ({ row: (starts[i] as number) + row, k })),
  );
  const targets = planTargets(pass, {
    rows: wanted.map(({ row }) => row),
    tokens: wanted.map(({ token }) => token),
    top: wantedTop.map(({ row }) => row),
  });
  const last = wantedRows(pass, { probed: probed.map(({ row }) => row), targets: targets.rowIds });
  const residual = forwardLayers(pass, embed(pass), {
    prefix: prefix?.layers,
    lastRows: last?.all,
    keepsAttention: probed.length > 0,
    onLayer: (layer, { attention }) => {
      if (probed.length === 0) return;
      const outOffset = layer * probed.length * config.dModel;
      const rows = last && layer === config.layers - 1 ? last.probed : rowIndex;
      gatherRows(gpu, { x: wholeOf(attention.output), rows, out: outputs, outOffset });
      attentionScores(gpu, {
        shape: headShape,
        rows: scoreRows,
        q: attention.query,
        k: attention.key,
        out: scores,
        outOffset: layer * scoreRows.outputLength,
      });
    },
  });
  const k = wantedTop.reduce((most, own) => Math.max(most, own.k), 0);
  const head =
    targets.rowCount > 0
      ? headOutputs(
          pass,
          residual,
          { ...targets, rows: last?.targets ?? targets.rows },
          Math.min(k, config.vocabSize),
        )
      : undefined;
  return {
    outputs,
    scores,
    probed,
    scoreOffsets: scoreRows.offsets,
    logProbs: wanted.length > 0 ? head?.logProbs : undefined,
    order: targets.order,
    top: head?.top,
    topOrder: targets.topOrder,
  };
}

/** Rows that are read of the last layer, on the device: all of them, and the places among them of those that are read for what. */
type WantedRows = Readonly<Record<'all' | 'probed' | 'targets', Tensor>>;

/**
 * Undefined where the last layer is to have all rows: most are read, hooks see them, its modules have groups of rows, or it is the
 * only one, which memory is planned by.
 */
function wantedRows(
  pass: Pass,
  { probed, targets }: { readonly probed: readonly number[]; readonly targets: readonly number[] },
): WantedRows | undefined {
  const all = [...new Set([...probed, ...targets])].sort((a, b) => a - b);
  const { layers } = pass.config;
  const { outputProjection, gate, up, down } = pass.layer(layers - 1);
  const isGrouped = [outputProjection, gate, up, down].some((module) => module && pass.groupsOf(module));
  if (all.length === 0 || 2 * all.length > pass.tokens || pass.hooks.length > 0) return undefined;
  if (isGrouped || layers === 1) return undefined;
  const places = new Map(all.map((row, place) => [row, place]));
  const placesOf = (rows: readonly number[]): Tensor =>
    pass.indices(
      rows.map((row) => places.get(row) as number),
      'places of wanted rows',
    );
  return { all: pass.indices(all, 'wanted rows'), probed: placesOf(probed), targets: placesOf(targets) };
}

/** Waits for a recorded evaluation and cuts it into results by request; h and m lie in arrays that `allocate` makes. */
export async function readEvaluation(
  { gpu, config: { layers, heads, dModel } }: Pass,
  requests: readonly EvaluationRequest[],
  { outputs, scores, probed, scoreOffsets, logProbs, order, top, topOrder }: RecordedEvaluation,
  allocate = (length: number): Float32Array => new Float32Array(length),
): Promise<EvaluationResult[]> {
  // One reading for all: a tensor that is not there stands for none of its elements.
  const [allOutputs, allScores, sorted, topIds, topLogProbs] = await gpu.readAll([
    outputs,
    scores,
    logProbs ?? { tensor: outputs, length: 0 },
    ...(top ? ([{ indices: top.tokens }, top.logProbs] as const) : []),
  ]);
  const allTop = topIds && topLogProbs ? cutTop(requests, topOrder, topIds, topLogProbs) : [];
  const allLogProbs = new Float32Array(sorted.length);
  for (const [place, original] of order.entries()) allLogProbs[original] = sorted[place] as number;
  const scoresPerLayer = allScores.length / layers;
  const rowProbes = probed.map(({ row, firstKey }, probe): RowProbe => {
    const length = heads * (row - firstKey + 1);
    const attentionOutput = allocate(layers * dModel);
    const attentionScoresOfRow = allocate(layers * length);
    for (let layer = 0; layer < layers; layer++) {
      const outputAt = (layer * probed.length + probe) * dModel;
      attentionOutput.set(allOutputs.subarray(outputAt, outputAt + dModel), layer * dModel);
      const scoreAt = layer * scoresPerLayer + (scoreOffsets[probe] as number);
      attentionScoresOfRow.set(allScores.subarray(scoreAt, scoreAt + length), layer * length);
    }
    return { attentionOutput, attentionScores: attentionScoresOfRow };
  });
  let [nextProbe, nextLogProb, nextTop] = [0, 0, 0];
  return requests.map((request) => ({
    probes: rowProbes.slice(nextProbe, (nextProbe += request.probes.length)),
    logProbs: allLogProbs.slice(nextLogProb, (nextLogProb += request.logProbs.length)),
    ...(request.top ? { top: allTop.slice(nextTop, (nextTop += request.top.length)) } : {}),
  }));
}

/** The likeliest tokens of every row that asks for them, in the order of the requests. */
function cutTop(
  requests: readonly EvaluationRequest[],
  topOrder: readonly number[],
  ids: Uint32Array,
  logProbs: Float32Array,
): TopTokens[] {
  const each = ids.length / topOrder.length;
  const all: TopTokens[] = [];
  const wanted = requests.flatMap(({ top: own = [] }) => own);
  for (const [place, original] of topOrder.entries()) {
    const end = place * each + Math.min(each, wanted[original]?.k ?? 0);
    all[original] = { ids: ids.slice(place * each, end), logProbs: logProbs.slice(place * each, end) };
  }
  return all;
}
