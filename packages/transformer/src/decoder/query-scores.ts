import { type Gpu, type Tensor, add, gatherRows, matmul, matrix, sliceRows } from '@icl-gd/gpu-kernels';
import type { DecoderConfig } from '../config.ts';
import type { Projections } from './attention.ts';
import { embed } from './embedding.ts';
import { forwardLayers } from './forward.ts';
import { layerProjections } from './layer.ts';
import type { Pass } from './pass.ts';
import { ContextPrefix } from './prefix.ts';

/** A row of a sequence whose query vector is compared with other tokens' vectors. */
export interface QueryScoreRequest {
  /** After the prefix if there is one, else from BOS on. */
  readonly tokens: readonly number[];
  /** Counts within `tokens`. */
  readonly row: number;
}

/**
 * Query vectors of tokens in every layer, as attention sees them: after biases, norms of heads and rotary positions, before
 * they are scaled. On the device, [T, H D] each.
 */
export class KeptQueries implements Disposable {
  /** In tokens. */
  readonly length: number;
  /** One entry a layer. */
  readonly layers: readonly Tensor[];
  #filled = 0;
  #disposed = false;

  /** @throws UserError (`memory-budget`) if the device has no room for them */
  constructor(gpu: Gpu, { layers, heads, headDim }: DecoderConfig, length: number) {
    this.length = length;
    const made: Tensor[] = [];
    try {
      for (let layer = 0; layer < layers; layer++)
        made.push(gpu.tensor([length, heads * headDim], { label: `kept queries of layer ${layer}` }));
    } catch (error) {
      for (const tensor of made) tensor.dispose();
      throw error;
    }
    this.layers = made;
  }

  /** Whether they are gone. */
  get disposed(): boolean {
    return this.#disposed;
  }

  /** Tokens that are there so far. */
  get filled(): number {
    return this.#filled;
  }

  /** Makes room for the next tokens. @returns the first one's row. @throws RangeError if there is none left */
  reserve(tokens: number): number {
    const row = this.#filled;
    if (row + tokens > this.length)
      throw new RangeError(
        `queries of ${row + tokens} tokens are to be kept, and there is room for ${this.length}`,
      );
    this.#filled += tokens;
    return row;
  }

  /** Frees them; a second time it does nothing. They are not to be used afterwards. */
  dispose(): void {
    this.#disposed = true;
    for (const tensor of this.layers) tensor.dispose();
  }

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** What queries are compared with: the keys of a context, or query vectors that were kept. */
export type ScoredVectors = ContextPrefix | KeptQueries;

/**
 * @throws RangeError naming the request whose row is not in its sequence (it would be one of the next sequence), or for kept
 *   queries of which some are not there
 */
export function requireScored(requests: readonly QueryScoreRequest[], towards: ScoredVectors): void {
  if (towards instanceof KeptQueries && towards.filled < towards.length)
    throw new RangeError(
      `queries of ${towards.length} tokens were to be kept, and those of ${towards.filled} are there`,
    );
  for (const [i, { tokens, row }] of requests.entries())
    if (!Number.isInteger(row) || row < 0 || row >= tokens.length)
      throw new RangeError(`requests[${i}]: row ${row} of a sequence of ${tokens.length} tokens`);
}

/** The context that sequences come behind when their queries are compared with its keys. */
export function prefixOf(towards: ScoredVectors): ContextPrefix | undefined {
  return towards instanceof ContextPrefix ? towards : undefined;
}

function vectorsOf(towards: ScoredVectors, layer: number): Tensor {
  const own = towards.layers[layer] as (typeof towards.layers)[number];
  return 'k' in own ? own.k : own;
}

/**
 * Records inner products of the probed rows' query vectors with the vectors of each layer, summed over heads, not scaled and
 * not masked: [L, R, N]. Sequences come behind the context whose keys they are compared with.
 */
export function recordQueryScores(
  pass: Pass,
  requests: readonly QueryScoreRequest[],
  towards: ScoredVectors,
): Tensor {
  const { gpu, config } = pass;
  const prefix = prefixOf(towards)?.layers;
  const rows = pass.indices(
    requests.map(({ row }, i) => (pass.batch.sequences.starts[i] as number) + row),
    'rows of scored queries',
  );
  const scores = pass.tensor([config.layers, requests.length, towards.length], 'query scores');
  const groups = prefix ? headGroups(pass, requests.length) : [];
  const score = (layer: number, { query }: Pick<Projections, 'query'>, inner: Pass): void => {
    const picked = inner.tensor([requests.length, query.shape[1] as number], 'scored queries');
    gatherRows(gpu, { x: query, rows, out: picked });
    const own = groups.length > 1 ? sumGroups(inner, picked, groups) : picked;
    const width = own.length / requests.length;
    matmul(gpu, {
      a: { tensor: own, rows: requests.length, columns: width, offset: 0, stride: width },
      b: matrix(vectorsOf(towards, layer)),
      c: sliceRows(matrix(scores), layer * requests.length, requests.length),
      transposeB: true,
    });
  };
  const last = config.layers - 1;
  const residual = forwardLayers(pass, embed(pass), {
    prefix,
    layers: last,
    onLayer: (layer, { attention }, inner) => score(layer, attention, inner),
  });
  // Of the last layer nothing but queries is ever read.
  using inner = pass.nested();
  score(last, layerProjections(inner, last, residual), inner);
  return scores;
}

/** Waits for recorded scores and cuts them by request: [L, N] each, times `scale`. */
export async function readQueryScores(
  { gpu, config: { layers } }: Pass,
  requests: readonly QueryScoreRequest[],
  scores: Tensor,
  scale: number,
): Promise<Float32Array[]> {
  const all = await gpu.read(scores);
  const width = all.length / layers / requests.length;
  return requests.map((_, r) => {
    const own = new Float32Array(layers * width);
    for (let layer = 0; layer < layers; layer++) {
      const at = (layer * requests.length + r) * width;
      for (let i = 0; i < width; i++) own[layer * width + i] = (all[at + i] as number) * scale;
    }
    return own;
  });
}

/**
 * By place among the heads that share keys: its head of every key's heads, row after row, as rows of queries seen as [R H, D].
 * One list where each head has keys of its own.
 */
function headGroups(pass: Pass, rows: number): Tensor[] {
  const { heads, kvHeads } = pass.config;
  const size = heads / kvHeads;
  return Array.from({ length: size }, (_, place) =>
    pass.indices(
      Array.from({ length: rows * kvHeads }, (_own, head) => head * size + place),
      'heads of a group',
    ),
  );
}

/** Queries summed over the heads that share keys: [R H_kv, D]. */
function sumGroups(pass: Pass, picked: Tensor, groups: readonly Tensor[]): Tensor {
  const { gpu, config } = pass;
  const make = (index: Tensor): Tensor =>
    pass.tensor([index.length, config.headDim], 'queries of heads that share keys');
  const gather = (index: Tensor): Tensor => {
    const out = make(index);
    gatherRows(gpu, { x: picked, rows: index, out });
    return out;
  };
  const [first, ...others] = groups as [Tensor, ...Tensor[]];
  return others.reduce((sum, index) => {
    const out = make(index);
    add(gpu, { x: sum, y: gather(index), out });
    return out;
  }, gather(first));
}
