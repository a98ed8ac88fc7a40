import type { DecoderConfig } from '../config.ts';
import { type ParameterSpec, parameterSpecs } from '../parameters.ts';
import { Pcg64 } from '../random/pcg64.ts';
import { elementCount } from '../shape.ts';

/**
 * How a model starts that is trained from scratch. Small models learn in context late: several of their parts must work
 * together before any of them lowers the loss. These starts shorten that; all parameters are trained on.
 */
export interface PretrainingInitialisation {
  /**
   * Correlation of each head's key weights with its query weights, and of the output projection with the transposed value
   * weights (Trockman and Kolter, 2023, "Mimetic initialization of self-attention"): heads begin by looking for what is
   * like the query and copying it. 0: independent.
   */
  readonly mimetic: number;
  /**
   * Heads 0 and 1 of every layer begin by attending one and two tokens back, through query and key biases that rotary
   * positions make largest at that distance: the score (scaled q·k) of head 0 there; head 1 has two fifths of it. 0: none.
   */
  readonly previousTokenScore: number;
}

/** Factor on the query and key weights of heads that begin by position. */
const LOCAL_CONTENT = 0.3;
const LOCAL_HEADS = [
  { offset: 1, share: 1 },
  { offset: 2, share: 0.4 },
];

/**
 * Initial values of every parameter by name: embeddings N(0, 1), linear weights N(0, 1/inputs) (those that write to the
 * residual stream divided by √(2 L)), biases 0, norms 1 and 0, the final norm d^-½ where the unembedding is tied.
 * @returns every parameter by name, [outputs, inputs] row-major; the same numbers for the same seed
 * @throws RangeError if the options need rotary positions or as many key/value heads as query heads, and there are not
 */
export function initialiseForPretraining(
  config: DecoderConfig,
  seed: number,
  options: PretrainingInitialisation,
): Map<string, Float32Array> {
  const specs = parameterSpecs(config);
  const values = new Map(
    specs.map((spec, index) => [
      spec.name,
      initialValues(config, spec, new Pcg64((BigInt(seed) << 32n) | BigInt(index))),
    ]),
  );
  const find = (name: string): Float32Array => {
    const found = values.get(name);
    if (!found) throw new RangeError(`no parameter ${name}`);
    return found;
  };
  for (let layer = 0; layer < config.layers; layer++) {
    const name = `layers.${layer}.attention`;
    if (options.mimetic > 0) {
      const [query, key] = [find(`${name}.query.weight`), find(`${name}.key.weight`)];
      if (query.length !== key.length)
        throw new RangeError('mimetic initialisation needs as many key/value heads as query heads');
      mix(key, (i) => query[i] as number, options.mimetic);
      const [value, output] = [find(`${name}.value.weight`), find(`${name}.output.weight`)];
      const { dModel: d } = config;
      const inner = config.heads * config.headDim;
      const scale = residualScale(config) * Math.sqrt(d / inner);
      mix(output, (i) => (value[(i % inner) * d + Math.floor(i / inner)] as number) * scale, options.mimetic);
    }
    if (options.previousTokenScore > 0) lookBack(config, layer, find, options.previousTokenScore);
  }
  return values;
}

function residualScale({ layers }: DecoderConfig): number {
  return 1 / Math.sqrt(2 * layers);
}

function initialValues(config: DecoderConfig, spec: ParameterSpec, random: Pcg64): Float32Array {
  const values = new Float32Array(elementCount(spec.shape));
  if (spec.role === 'norm') {
    const gain = spec.name.startsWith('finalNorm') && config.tiedUnembedding ? config.dModel ** -0.5 : 1;
    return values.fill(spec.kind === 'weight' ? gain : 0);
  }
  if (spec.kind === 'bias') return values;
  const isTable = spec.role === 'tokens' || spec.role === 'positions';
  const writesResidual = /\.(attention\.output|feedForward\.down)\.weight$/.test(spec.name);
  const deviation = isTable ? 1 : (spec.shape[1] ?? 1) ** -0.5 * (writesResidual ? residualScale(config) : 1);
  for (let i = 0; i < values.length; i++) values[i] = deviation * random.normal();
  return values;
}

/** values = correlation · other + √(1 − correlation²) · values. */
function mix(values: Float32Array, other: (index: number) => number, correlation: number): void {
  const rest = Math.sqrt(1 - correlation ** 2);
  for (let i = 0; i < values.length; i++) values[i] = correlation * other(i) + rest * (values[i] as number);
}

function lookBack(
  { positions, heads, headDim, dModel }: DecoderConfig,
  layer: number,
  find: (name: string) => Float32Array,
  score: number,
): void {
  if (positions.kind !== 'rotary')
    throw new RangeError('heads that begin by looking back need rotary positions');
  const name = (projection: string, kind: string): string =>
    `layers.${layer}.attention.${projection}.${kind}`;
  const [query, key] = [find(name('query', 'bias')), find(name('key', 'bias'))];
  const half = positions.size / 2;
  for (const [head, { offset, share }] of LOCAL_HEADS.entries()) {
    if (head >= heads) break;
    const size = Math.sqrt((score * share * Math.sqrt(headDim)) / half);
    for (let i = 0; i < half; i++) {
      const angle = offset * positions.theta ** (-i / half);
      query[head * headDim + i] = size;
      key[head * headDim + i] = size * Math.cos(angle);
      key[head * headDim + half + i] = size * Math.sin(angle);
    }
    for (const projection of ['query', 'key']) {
      const weight = find(name(projection, 'weight'));
      const rows = headDim * dModel;
      for (let i = head * rows; i < (head + 1) * rows; i++) weight[i] = (weight[i] as number) * LOCAL_CONTENT;
    }
  }
}
