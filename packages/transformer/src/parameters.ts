import type { DecoderConfig } from './config.ts';
import { UserError } from './errors.ts';

/** What a parameter is: decides how it is stored, and how a model variant initialises it anew. */
export type ParameterRole =
  | 'tokens'
  | 'positions'
  | 'unembedding'
  | 'norm'
  | 'query'
  | 'key'
  | 'value'
  | 'output'
  | 'feedForward';

/** A parameter of the decoder by its own name, in PyTorch's layout (linear weights [out, in]). */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: ParameterRole;
  readonly kind: 'weight' | 'bias';
}

/**
 * Sets of parameters, weights and biases of all layers: the key and value projections, the query projections, the output
 * projections of attention, all four of these, the feed-forward blocks, all parameters of the layers; or all there are.
 */
export type ParameterGroup =
  | 'attention.kv'
  | 'attention.query'
  | 'attention.output'
  | 'attention'
  | 'feedForward'
  | 'layers'
  | 'all';

/** What lies within the layers: groups that can be trained layer by layer. */
export type LayerGroup = Exclude<ParameterGroup, 'all'>;

/** Part of a parameter's name that says that it is of the group. */
const NAMES: Readonly<Record<LayerGroup, RegExp>> = {
  'attention.kv': /\.attention\.(key|value)\./,
  'attention.query': /\.attention\.query\./,
  'attention.output': /\.attention\.output\./,
  attention: /\.attention\./,
  feedForward: /\.feedForward\./,
  layers: /^layers\./,
};

export const LAYER_GROUPS = Object.keys(NAMES) as readonly LayerGroup[];

/** Every parameter that the model stores, in a fixed order. Sinusoidal and rotary positions are no parameters. */
export function parameterSpecs(config: DecoderConfig): ParameterSpec[] {
  const { dModel: d, dFeedForward, vocabSize, contextLength, positions, dEmbedding = d } = config;
  const specs: ParameterSpec[] = [
    { name: 'embedding.tokens', shape: [vocabSize, dEmbedding], role: 'tokens', kind: 'weight' },
  ];
  if (dEmbedding !== d)
    specs.push({
      name: 'embedding.projection.weight',
      shape: [d, dEmbedding],
      role: 'tokens',
      kind: 'weight',
    });
  if (positions.kind === 'learned') {
    specs.push({
      name: 'embedding.positions',
      shape: [contextLength + positions.offset, d],
      role: 'positions',
      kind: 'weight',
    });
  }
  for (let layer = 0; layer < config.layers; layer++) specs.push(...layerSpecs(config, layer));
  if (config.finalNorm !== false) specs.push(...norm('finalNorm'));
  if (dEmbedding !== d) {
    const shape = [dEmbedding, d];
    specs.push({ name: 'unembeddingProjection.weight', shape, role: 'unembedding', kind: 'weight' });
  }
  if (!config.tiedUnembedding)
    specs.push({ name: 'unembedding', shape: [vocabSize, dEmbedding], role: 'unembedding', kind: 'weight' });
  return specs;

  function layerSpecs({ heads, kvHeads, headDim, biases }: DecoderConfig, layer: number): ParameterSpec[] {
    const prefix = `layers.${layer}.`;
    const attention = `${prefix}attention.`;
    const feedForward = (name: string, shape: readonly number[]): ParameterSpec[] =>
      linear(`${prefix}feedForward.${name}`, shape, 'feedForward', biases.feedForward);
    return [
      ...norm(`${prefix}attentionNorm`),
      ...linear(`${attention}query`, [heads * headDim, d], 'query', biases.query),
      ...linear(`${attention}key`, [kvHeads * headDim, d], 'key', biases.keyValue),
      ...linear(`${attention}value`, [kvHeads * headDim, d], 'value', biases.keyValue),
      ...linear(`${attention}output`, [d, heads * headDim], 'output', biases.attentionOutput),
      ...(config.queryKeyNorm
        ? [
            ...linear(`${prefix}queryNorm`, [headDim], 'norm', false),
            ...linear(`${prefix}keyNorm`, [headDim], 'norm', false),
          ]
        : []),
      ...norm(`${prefix}feedForwardNorm`),
      ...(config.gatedFeedForward ? feedForward('gate', [dFeedForward, d]) : []),
      ...feedForward('up', [dFeedForward, d]),
      ...feedForward('down', [d, dFeedForward]),
    ];
  }

  function norm(name: string): ParameterSpec[] {
    return linear(name, [d], 'norm', config.norm === 'layer');
  }
}

/** Whether the parameter of this name belongs to a group. */
export function inGroup(name: string, group: ParameterGroup): boolean {
  return group === 'all' || NAMES[group].test(name);
}

/** Whether the parameter of this name belongs to a layer. */
export function inLayer(name: string, layer: number): boolean {
  return name.startsWith(`layers.${layer}.`);
}

/** @throws UserError for sizes that no decoder can have */
export function checkConfig(config: DecoderConfig, file: string): DecoderConfig {
  if (!Number.isInteger(config.headDim)) {
    throw new UserError(
      `${file}: hidden size ${config.dModel} is not a multiple of the ${config.heads} attention heads`,
    );
  }
  for (const key of [
    'layers',
    'dModel',
    'heads',
    'kvHeads',
    'headDim',
    'dFeedForward',
    'vocabSize',
    'contextLength',
  ] as const) {
    if (!Number.isInteger(config[key]) || config[key] < 1)
      throw new UserError(`${file}: ${key} = ${config[key]} is not a positive integer`);
  }
  if (config.heads % config.kvHeads !== 0) {
    throw new UserError(
      `${file}: ${config.heads} attention heads are not a multiple of ${config.kvHeads} key/value heads`,
    );
  }
  const { positions, headDim } = config;
  if (positions.kind === 'rotary' && (positions.size < 2 || positions.size > headDim || positions.size % 2)) {
    throw new UserError(
      `${file}: rotary positions of ${positions.size} coordinates: an even number up to the head size ${headDim} is needed`,
    );
  }
  for (const key of ['bosTokenId', 'eosTokenId'] as const) {
    const token = config[key];
    if (token !== null && token >= config.vocabSize)
      throw new UserError(`${file}: ${key} ${token} is outside the vocabulary of ${config.vocabSize} tokens`);
  }
  return config;
}

function linear(
  name: string,
  shape: readonly number[],
  role: ParameterRole,
  hasBias: boolean,
): ParameterSpec[] {
  const weight: ParameterSpec = { name: `${name}.weight`, shape, role, kind: 'weight' };
  const bias: ParameterSpec = { name: `${name}.bias`, shape: shape.slice(0, 1), role, kind: 'bias' };
  return hasBias ? [weight, bias] : [weight];
}
