import {
  type Scope,
  type Tensor,
  activationBackward,
  attentionBackward,
  gatedActivationBackward,
  matmul,
  matrix,
} from '@icl-gd/gpu-kernels';
import type { ParameterSet } from '../weights/parameter-set.ts';
import { type DecoderContext, windowOf } from './context.ts';
import type { Gradients } from './gradients.ts';
import type { LayerActivations, Normed } from './layer.ts';
import { linearInputGradient } from './linear.ts';
import { normBackward } from './norm.ts';
import { rotate } from './rotary.ts';

/**
 * Backward of one block. Parameter gradients of the group are added to `gradients`.
 * @param upstream gradient of the loss by the layer's output
 * @param wantInput false where nothing before this layer needs a gradient (the first layer of a fine-tuned model, or
 * every layer of layer-causal gradient descent)
 * @returns the gradient by the layer's input, or undefined if not wanted
 */
export function layerBackward(
  context: DecoderContext,
  scope: Scope,
  parameters: ParameterSet,
  layer: number,
  activations: LayerActivations,
  upstream: Tensor,
  gradients: Gradients,
  wantInput: boolean,
): Tensor | undefined {
  return new LayerBackward(context, scope, parameters, layer, activations, gradients).run(
    upstream,
    wantInput,
  );
}

class LayerBackward {
  readonly #context: DecoderContext;
  readonly #scope: Scope;
  readonly #parameters: ParameterSet;
  readonly #layer: number;
  readonly #name: string;
  readonly #activations: LayerActivations;
  readonly #gradients: Gradients;

  constructor(
    context: DecoderContext,
    scope: Scope,
    parameters: ParameterSet,
    layer: number,
    activations: LayerActivations,
    gradients: Gradients,
  ) {
    this.#context = context;
    this.#scope = scope;
    this.#parameters = parameters;
    this.#layer = layer;
    this.#name = `layers.${layer}`;
    this.#activations = activations;
    this.#gradients = gradients;
  }

  run(upstream: Tensor, wantInput: boolean): Tensor | undefined {
    const { postNorm, parallelResidual } = this.#context.config;
    if (postNorm) return this.#postNorm(upstream, wantInput);
    const dSum = this.#copy(upstream, 'gradient.middle');
    if (!parallelResidual) this.#throughFeedForward(upstream, dSum);
    const projections = this.#attention(dSum, wantInput);
    if (!wantInput && !this.#gradients.wants(`${this.#name}.attentionNorm.weight`)) return undefined;
    const dNorm = this.#scope.tensor(upstream.shape, 'gradient.attentionNorm');
    this.#throughProjections(projections, dNorm, false);
    const dInput = this.#copy(dSum, 'gradient.input');
    this.#throughNorm('attentionNorm', this.#activations.attentionNorm, dNorm, dInput);
    if (parallelResidual) this.#throughFeedForward(upstream, dInput);
    return dInput;
  }

  #postNorm(upstream: Tensor, wantInput: boolean): Tensor | undefined {
    const { attentionNorm, feedForwardNorm } = this.#activations;
    const dMiddle = this.#zeros(upstream, 'gradient.middle');
    this.#throughNorm('feedForwardNorm', feedForwardNorm, upstream, dMiddle);
    this.#feedForward(this.#copy(dMiddle, 'gradient.feedForward'), dMiddle, true);
    const dInput = this.#zeros(upstream, 'gradient.input');
    this.#throughNorm('attentionNorm', attentionNorm, dMiddle, dInput);
    const projections = this.#attention(dInput, wantInput);
    if (!wantInput) return undefined;
    this.#throughProjections(projections, dInput, true);
    return dInput;
  }

  /** Backward of a block's attention; the gradients by the projections' outputs that are needed. */
  #attention(upstream: Tensor, wantInput: boolean): readonly (readonly [string, Tensor])[] {
    const { gpu, config, headShape, batch } = this.#context;
    const { query, key, value, mixed, logSumExp, attentionInput } = this.#activations;
    const output = `${this.#name}.attention.output`;
    const dMixed = linearInputGradient(this.#context, this.#scope, this.#parameters, output, upstream);
    this.#gradients.addLinear(output, mixed, upstream);
    const wantQuery = wantInput || this.#gradients.wants(`${this.#name}.attention.query.weight`);
    const dQuery = wantQuery ? this.#scope.tensor(query.shape, 'gradient.query') : undefined;
    const dKey = this.#scope.tensor(key.shape, 'gradient.key');
    const dValue = this.#scope.tensor(value.shape, 'gradient.value');
    attentionBackward(gpu, {
      shape: headShape,
      sequences: batch.sequences,
      q: query,
      k: key,
      v: value,
      out: mixed,
      logSumExp,
      upstream: dMixed,
      dk: dKey,
      dv: dValue,
      ...(dQuery ? { dq: dQuery } : {}),
      ...windowOf(config, this.#layer),
    });
    rotate(this.#context, this.#parameters, dQuery ? [dQuery, dKey] : [dKey], true);
    const projections = [
      ['key', this.#beforeHeadNorm('keyNorm', dKey)],
      ['value', dValue],
      ...(dQuery ? ([['query', this.#beforeHeadNorm('queryNorm', dQuery)]] as const) : []),
    ] as const;
    for (const [projection, gradient] of projections)
      this.#gradients.addLinear(`${this.#name}.attention.${projection}`, attentionInput, gradient);
    return projections;
  }

  #beforeHeadNorm(which: 'queryNorm' | 'keyNorm', upstream: Tensor): Tensor {
    const normed = this.#activations[which];
    if (!normed) return upstream;
    const gradient = this.#zeros(upstream, `gradient.${which}`);
    this.#throughNorm(which, normed, upstream, gradient);
    return gradient;
  }

  #throughProjections(
    projections: readonly (readonly [string, Tensor])[],
    dInput: Tensor,
    accumulate: boolean,
  ): void {
    for (const [i, [projection, gradient]] of projections.entries()) {
      const weight = this.#parameters.get(`${this.#name}.attention.${projection}.weight`);
      matmul(this.#context.gpu, {
        a: matrix(gradient),
        b: matrix(weight),
        c: matrix(dInput),
        accumulate: accumulate || i > 0,
      });
    }
  }

  /** A pre-norm feed-forward block; the gradient by what its norm read is added to `dInput`. */
  #throughFeedForward(upstream: Tensor, dInput: Tensor): void {
    const dNorm = this.#scope.tensor(upstream.shape, 'gradient.feedForwardNorm');
    this.#feedForward(upstream, dNorm, false);
    this.#throughNorm('feedForwardNorm', this.#activations.feedForwardNorm, dNorm, dInput);
  }

  /** The gradient by the input of the feed-forward's first projections is written, or added, to `dInput`. */
  #feedForward(upstream: Tensor, dInput: Tensor, accumulate: boolean): void {
    const { gpu, config } = this.#context;
    const { preActivation, gated, hidden, feedForwardInput } = this.#activations;
    const name = `${this.#name}.feedForward`;
    const dHidden = linearInputGradient(
      this.#context,
      this.#scope,
      this.#parameters,
      `${name}.down`,
      upstream,
    );
    this.#gradients.addLinear(`${name}.down`, hidden, upstream);
    const through = (projection: string, gradient: Tensor, add: boolean): void => {
      const weight = this.#parameters.get(`${name}.${projection}.weight`);
      matmul(gpu, { a: matrix(gradient), b: matrix(weight), c: matrix(dInput), accumulate: add });
      this.#gradients.addLinear(`${name}.${projection}`, feedForwardInput, gradient);
    };
    const kind = config.activation;
    if (gated) {
      const dGate = this.#scope.tensor(preActivation.shape, 'gradient.gate');
      gatedActivationBackward(gpu, { kind, gate: preActivation, up: gated, gradient: dHidden, dGate });
      through('gate', dGate, accumulate);
    } else {
      activationBackward(gpu, { kind, x: preActivation, gradient: dHidden });
    }
    through('up', dHidden, accumulate || gated !== undefined);
  }

  /** Adds the gradient by what a norm read to `dInput`. */
  #throughNorm(which: string, { from, stats }: Normed, upstream: Tensor, dInput: Tensor): void {
    const name = `${this.#name}.${which}`;
    normBackward(this.#context, this.#parameters, name, from, stats, upstream, dInput, this.#gradients);
  }

  #copy(tensor: Tensor, label: string): Tensor {
    const copy = this.#scope.tensor(tensor.shape, label);
    this.#context.gpu.copy(tensor, copy);
    return copy;
  }

  #zeros({ shape }: Tensor, label: string): Tensor {
    const tensor = this.#scope.tensor(shape, label);
    this.#context.gpu.clear(tensor);
    return tensor;
  }
}
