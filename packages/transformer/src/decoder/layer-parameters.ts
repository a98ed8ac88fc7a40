import type { DecoderConfig } from '../config.ts';
import type { ModuleParameters, ParameterSet } from '../weights/parameter-set.ts';

/** One layer's parameters, found by name once. */
export interface LayerParameters {
  readonly index: number;
  /** Tokens that attention reaches back, the token itself included; all of them if undefined. */
  readonly window: number | undefined;
  readonly attentionNorm: ModuleParameters;
  readonly query: ModuleParameters;
  readonly key: ModuleParameters;
  readonly value: ModuleParameters;
  readonly outputProjection: ModuleParameters;
  /** Norms of each query and key head, where the model has them. */
  readonly queryNorm: ModuleParameters | undefined;
  readonly keyNorm: ModuleParameters | undefined;
  readonly feedForwardNorm: ModuleParameters;
  /** Of a gated feed-forward block. */
  readonly gate: ModuleParameters | undefined;
  readonly up: ModuleParameters;
  readonly down: ModuleParameters;
}

export function layerParameters(
  parameters: ParameterSet,
  config: DecoderConfig,
  index: number,
): LayerParameters {
  const get = (name: string): ModuleParameters => parameters.module(`layers.${index}.${name}`);
  const getIf = (has: boolean | undefined, name: string): ModuleParameters | undefined =>
    has ? get(name) : undefined;
  return {
    index,
    window: config.attentionWindows?.[index] ?? undefined,
    attentionNorm: get('attentionNorm'),
    query: get('attention.query'),
    key: get('attention.key'),
    value: get('attention.value'),
    outputProjection: get('attention.output'),
    queryNorm: getIf(config.queryKeyNorm, 'queryNorm'),
    keyNorm: getIf(config.queryKeyNorm, 'keyNorm'),
    feedForwardNorm: get('feedForwardNorm'),
    gate: getIf(config.gatedFeedForward, 'feedForward.gate'),
    up: get('feedForward.up'),
    down: get('feedForward.down'),
  };
}
