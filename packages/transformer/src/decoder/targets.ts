import { type Gpu, RowGroups, type Tensor } from '@icl-gd/gpu-kernels';
import type { Pass } from './pass.ts';

/** Wanted predictions: entry i is of token `tokens[i]` after row `rows[i]` of the batch. */
export interface TokenTargets {
  readonly rows: readonly number[];
  readonly tokens: readonly number[];
  /** Rows after which the likeliest tokens are wanted; none if absent. */
  readonly top?: readonly number[];
}

/** Every next-token prediction of each sequence. */
export function nextTokenTargets(sequences: readonly (readonly number[])[]): TokenTargets {
  const rows: number[] = [];
  const tokens: number[] = [];
  let start = 0;
  for (const sequence of sequences) {
    for (let i = 1; i < sequence.length; i++) {
      rows.push(start + i - 1);
      tokens.push(sequence[i] as number);
    }
    start += sequence.length;
  }
  return { rows, tokens };
}

/**
 * The predictions of a sequence's last tokens.
 * @param count how many; all but the first token if absent
 * @throws RangeError if the sequence has no tokens before them
 */
export function lastTokenTargets(tokens: readonly number[], count = tokens.length - 1): TokenTargets {
  if (tokens.length < 2) throw new RangeError('a training sequence needs two tokens or more');
  if (!Number.isInteger(count) || count < 1 || count >= tokens.length)
    throw new RangeError(
      `a loss over the last ${count} tokens of a sequence of ${tokens.length}: 1 to ${tokens.length - 1} can be predicted`,
    );
  const first = tokens.length - count;
  return {
    rows: Array.from({ length: count }, (_, i) => first + i - 1),
    tokens: tokens.slice(first),
  };
}

/** A run of the distinct rows with targets, so short that its logits fit. */
export interface TargetChunk {
  /** First of the distinct rows and their count. */
  readonly start: number;
  readonly count: number;
  /** Place of the chunk's first target among all. */
  readonly firstTarget: number;
  /** Tokens, uint32 [targets of the chunk]. */
  readonly targets: Tensor;
  /** For each target its row within the chunk, uint32. */
  readonly targetRows: Tensor;
  /** Place of the chunk's first row whose likeliest tokens are wanted among all such rows. */
  readonly firstTop: number;
  /** Such rows within the chunk, uint32; undefined where there are none. */
  readonly topRows: Tensor | undefined;
  /** For each row one over the targets of its group, float32; undefined without groups. */
  readonly scales: Tensor | undefined;
}

/** Targets on the device, sorted by row; a row may have several. */
export interface TargetPlan {
  /** R, the distinct rows that have targets, or whose likeliest tokens are wanted. */
  readonly rowCount: number;
  readonly targetCount: number;
  /** How many rows' likeliest tokens are wanted. */
  readonly topCount: number;
  /** uint32 [R]. */
  readonly rows: Tensor;
  /** The same on the host, and the targets' tokens in their order. */
  readonly rowIds: readonly number[];
  readonly tokenIds: readonly number[];
  /** Place of each row of the batch among them, R where it has none: uint32 [T]. */
  readonly places: Tensor;
  readonly chunks: readonly TargetChunk[];
  /** Place of each target in the order that the caller gave. */
  readonly order: readonly number[];
  /** Place of each wanted row's likeliest tokens in the order that the caller gave. */
  readonly topOrder: readonly number[];
  /** Runs of targets whose losses are means of their own; undefined where there is one mean over all. */
  readonly groups: TargetGroups | undefined;
}

/** How the losses of targets are added up. */
export interface TargetGroups {
  /** As the plan has the targets. */
  readonly targets: RowGroups;
  /** What the sum of a group's log-probabilities is multiplied with: minus one over their number, float32 [G]. */
  readonly scales: Tensor;
}

/**
 * Puts targets on the device, where they live as long as the pass.
 * @param groups runs of targets whose losses are means of their own; one target a row then, in ascending order
 * @throws RangeError for a row outside the batch or a token outside the vocabulary
 */
export function planTargets(
  pass: Pass,
  { rows: wantedRows, tokens: wantedTokens, top = [] }: TokenTargets,
  groups?: RowGroups,
): TargetPlan {
  const { vocabSize } = pass.config;
  const [order, topOrder] = [inRowOrder(wantedRows), inRowOrder(top)];
  for (const i of order) {
    const [row = -1, token = -1] = [wantedRows[i], wantedTokens[i]];
    if (row < 0 || row >= pass.tokens || token < 0 || token >= vocabSize)
      throw new RangeError(
        `target token ${token} at row ${row} is outside the vocabulary of ${vocabSize} or the batch of ${pass.tokens}`,
      );
  }
  const outside = top.find((row) => row < 0 || row >= pass.tokens);
  if (outside !== undefined)
    throw new RangeError(`likeliest tokens after row ${outside} of a batch of ${pass.tokens}`);
  const distinct = [...new Set([...wantedRows, ...top])].sort((a, b) => a - b);
  const perChunk = rowsPerLogitsChunk(vocabSize, pass.gpu);
  const chunks: TargetChunk[] = [];
  const scales =
    groups && Float32Array.from(groups.counts.flatMap((count) => Array<number>(count).fill(1 / count)));
  let [next, nextTop] = [0, 0];
  for (let start = 0; start < distinct.length; start += perChunk) {
    const rows = distinct.slice(start, start + perChunk);
    const [firstTarget, firstTop] = [next, nextTop];
    const tokens: number[] = [];
    const localRows: number[] = [];
    const topRows: number[] = [];
    for (const [local, row] of rows.entries()) {
      for (; next < order.length && wantedRows[order[next] as number] === row; next++) {
        tokens.push(wantedTokens[order[next] as number] as number);
        localRows.push(local);
      }
      for (; nextTop < topOrder.length && top[topOrder[nextTop] as number] === row; nextTop++)
        topRows.push(local);
    }
    chunks.push({
      start,
      count: rows.length,
      firstTarget,
      targets: pass.indices(tokens, 'targets'),
      targetRows: pass.indices(localRows, 'rows of targets'),
      firstTop,
      topRows: topRows.length > 0 ? pass.indices(topRows, 'rows of likeliest tokens') : undefined,
      scales: scales && pass.numbers(scales.subarray(start, start + rows.length), 'scales of rows'),
    });
  }
  return {
    rowCount: distinct.length,
    targetCount: order.length,
    topCount: topOrder.length,
    rows: pass.indices(distinct, 'rows with targets'),
    rowIds: distinct,
    tokenIds: order.map((i) => wantedTokens[i] as number),
    places: pass.indices(placesOf(distinct, pass.tokens), 'places of rows'),
    chunks,
    order,
    topOrder,
    groups: groups && {
      targets: groups,
      scales: pass.numbers(
        Float32Array.from(groups.counts, (count) => (count > 0 ? -1 / count : 0)),
        'scales of losses',
      ),
    },
  };
}

/** Places of rows in a list, as they come in ascending order of rows. */
function inRowOrder(rows: readonly number[]): number[] {
  return rows.map((_, i) => i).sort((a, b) => (rows[a] as number) - (rows[b] as number) || a - b);
}

/** The targets of as many runs of rows as there are layers, one below the other, for one head over all of them. */
export interface LayerTargets extends Disposable {
  /** What the head reads of a plan: rows and targets of all runs. */
  readonly head: HeadTargets;
  /** Of each layer: place of each row of the batch among those of all layers, past them where it has none: uint32 [T]. */
  readonly places: readonly Tensor[];
}

/** What the head reads of a plan. */
export type HeadTargets = Pick<TargetPlan, 'rowCount' | 'targetCount' | 'chunks' | 'groups'>;

/** Repeats targets, one a row, for each layer. They live as long as the pass, but for what is disposed with the result. */
export function targetsOfLayers(pass: Pass, plan: TargetPlan, layers: number): LayerTargets {
  const { gpu, config } = pass;
  const { rowCount } = plan;
  const all = rowCount * layers;
  const counts = plan.groups?.targets.counts ?? [rowCount];
  const runs = Array.from({ length: layers }, () => counts).flat();
  const tokens = Array.from({ length: layers }, () => plan.tokenIds).flat();
  const scales = Float32Array.from(runs.flatMap((count) => Array<number>(count).fill(1 / count)));
  const perChunk = rowsPerLogitsChunk(config.vocabSize, gpu);
  const chunks: TargetChunk[] = [];
  for (let start = 0; start < all; start += perChunk) {
    const count = Math.min(perChunk, all - start);
    const local = Array.from({ length: count }, (_, i) => i);
    chunks.push({
      ...{ start, count, firstTarget: start, firstTop: 0, topRows: undefined },
      targets: pass.indices(tokens.slice(start, start + count), 'targets'),
      targetRows: pass.indices(local, 'rows of targets'),
      scales: pass.numbers(scales.subarray(start, start + count), 'scales of rows'),
    });
  }
  const places = placesOf(plan.rowIds, pass.tokens);
  const placesIn = (layer: number): Tensor =>
    pass.indices(
      places.map((place) => (place < rowCount ? layer * rowCount + place : all)),
      'places of rows',
    );
  const targets = new RowGroups(gpu, runs);
  const sums = Float32Array.from(runs, (count) => (count > 0 ? -1 / count : 0));
  return {
    head: {
      ...{ rowCount: all, targetCount: all, chunks },
      groups: { targets, scales: pass.numbers(sums, 'scales of losses') },
    },
    places: Array.from({ length: layers }, (_, layer) => placesIn(layer)),
    [Symbol.dispose]: () => targets.dispose(),
  };
}

/** The place of each row in a list of rows, the list's length where it is not in it. */
function placesOf(rows: readonly number[], count: number): number[] {
  const places = Array<number>(count).fill(rows.length);
  for (const [place, row] of rows.entries()) places[row] = place;
  return places;
}

/** Rows whose logits are held at a time: a vocabulary of 50,000 over a long text never exists whole. */
function rowsPerLogitsChunk(vocabSize: number, { tuning, maxBindingBytes }: Gpu): number {
  return Math.max(1, Math.floor(Math.min(tuning.logitsBytes, maxBindingBytes) / (4 * vocabSize)));
}
