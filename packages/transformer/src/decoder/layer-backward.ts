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
 * @param gradOutput gradient of the loss with respect to the layer's output
 * @param wantInput false where nothing before this layer needs a gradient (the first layer of a fine-tuned model, or
 * every layer of layer-causal gradient descent)
 * @returns the gradient with respect to the layer's input, or undefined if not wanted
 */
export function layerBackward(
  context: DecoderContext,
  scope: Scope,
  parameters: ParameterSet,
  layer: number,
  activations: LayerActivations,
  gradOutput: Tensor,
  gradients: Gradients,
  wantInput: boolean,
): Tensor | undefined {
  return new LayerBackward(context, scope, parameters, layer, activations, gradients).run(
    gradOutput,
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

  run(gradOutput: Tensor, wantInput: boolean): Tensor | undefined {
    const { postNorm, parallelResidual } = this.#context.config;
    if (postNorm) return this.#postNorm(gradOutput, wantInput);
    const gradSum = this.#copy(gradOutput, 'gradient.middle');
    if (!parallelResidual) this.#throughFeedForward(gradOutput, gradSum);
    const projections = this.#attention(gradSum, wantInput);
    if (!wantInput && !this.#gradients.wants(`${this.#name}.attentionNorm.weight`)) return undefined;
    const gradNormInput = this.#scope.tensor(gradOutput.shape, 'gradient.attentionNorm');
    this.#throughProjections(projections, gradNormInput, false);
    const gradInput = this.#copy(gradSum, 'gradient.input');
    this.#throughNorm('attentionNorm', this.#activations.attentionNorm, gradNormInput, gradInput);
    if (parallelResidual) this.#throughFeedForward(gradOutput, gradInput);
    return gradInput;
  }

  #postNorm(gradOutput: Tensor, wantInput: boolean): Tensor | undefined {
    const { attentionNorm, feedForwardNorm } = this.#activations;
    const gradMiddle = this.#zeros(gradOutput, 'gradient.middle');
    this.#throughNorm('feedForwardNorm', feedForwardNorm, gradOutput, gradMiddle);
    this.#feedForward(this.#copy(gradMiddle, 'gradient.feedForward'), gradMiddle, true);
    const gradInput = this.#zeros(gradOutput, 'gradient.input');
    this.#throughNorm('attentionNorm', attentionNorm, gradMiddle, gradInput);
    const projections = this.#attention(gradInput, wantInput);
    if (!wantInput) return undefined;
    this.#throughProjections(projections, gradInput, true);
    return gradInput;
  }

  /** Backward of a block's attention; the gradients with respect to the projections' outputs that are needed. */
  #attention(gradOutput: Tensor, wantInput: boolean): readonly (readonly [string, Tensor])[] {
    const { gpu, config, headShape, batch } = this.#context;
    const { query, key, value, mixed, logSumExp, attentionInput } = this.#activations;
    const output = `${this.#name}.attention.output`;
    const gradHeadOutputs = linearInputGradient(
      this.#context,
      this.#scope,
      this.#parameters,
      output,
      gradOutput,
    );
    this.#gradients.addLinear(output, mixed, gradOutput);
    const wantQuery = wantInput || this.#gradients.wants(`${this.#name}.attention.query.weight`);
    const gradQuery = wantQuery ? this.#scope.tensor(query.shape, 'gradient.query') : undefined;
    const gradKey = this.#scope.tensor(key.shape, 'gradient.key');
    const gradValue = this.#scope.tensor(value.shape, 'gradient.value');
    attentionBackward(gpu, {
      shape: headShape,
      sequences: batch.sequences,
      q: query,
      k: key,
      v: value,
      out: mixed,
      logSumExp,
      gradOutput: gradHeadOutputs,
      gradKey: gradKey,
      gradValue: gradValue,
      ...(gradQuery ? { gradQuery: gradQuery } : {}),
      ...windowOf(config, this.#layer),
    });
    rotate(this.#context, this.#parameters, gradQuery ? [gradQuery, gradKey] : [gradKey], true);
    const projections = [
      ['key', this.#beforeHeadNorm('keyNorm', gradKey)],
      ['value', gradValue],
      ...(gradQuery ? ([['query', this.#beforeHeadNorm('queryNorm', gradQuery)]] as const) : []),
    ] as const;
    for (const [projection, gradient] of projections)
      this.#gradients.addLinear(`${this.#name}.attention.${projection}`, attentionInput, gradient);
    return projections;
  }

  #beforeHeadNorm(which: 'queryNorm' | 'keyNorm', gradOutput: Tensor): Tensor {
    const normed = this.#activations[which];
    if (!normed) return gradOutput;
    const gradient = this.#zeros(gradOutput, `gradient.${which}`);
    this.#throughNorm(which, normed, gradOutput, gradient);
    return gradient;
  }

  #throughProjections(
    projections: readonly (readonly [string, Tensor])[],
    gradInput: Tensor,
    accumulate: boolean,
  ): void {
    for (const [i, [projection, gradient]] of projections.entries()) {
      const weight = this.#parameters.get(`${this.#name}.attention.${projection}.weight`);
      matmul(this.#context.gpu, {
        a: matrix(gradient),
        b: matrix(weight),
        c: matrix(gradInput),
        accumulate: accumulate || i > 0,
      });
    }
  }

  /** A pre-norm feed-forward block; the gradient with respect to what its norm read is added to `gradInput`. */
  #throughFeedForward(gradOutput: Tensor, gradInput: Tensor): void {
    const gradNormInput = this.#scope.tensor(gradOutput.shape, 'gradient.feedForwardNorm');
    this.#feedForward(gradOutput, gradNormInput, false);
    this.#throughNorm('feedForwardNorm', this.#activations.feedForwardNorm, gradNormInput, gradInput);
  }

  /** The gradient with respect to the input of the feed-forward's first projections is written, or added, to `gradInput`. */
  #feedForward(gradOutput: Tensor, gradInput: Tensor, accumulate: boolean): void {
    const { gpu, config } = this.#context;
    const { preActivation, gated, hidden, feedForwardInput } = this.#activations;
    const name = `${this.#name}.feedForward`;
    const gradResidual = linearInputGradient(
      this.#context,
      this.#scope,
      this.#parameters,
      `${name}.down`,
      gradOutput,
    );
    this.#gradients.addLinear(`${name}.down`, hidden, gradOutput);
    const through = (projection: string, gradient: Tensor, add: boolean): void => {
      const weight = this.#parameters.get(`${name}.${projection}.weight`);
      matmul(gpu, { a: matrix(gradient), b: matrix(weight), c: matrix(gradInput), accumulate: add });
      this.#gradients.addLinear(`${name}.${projection}`, feedForwardInput, gradient);
    };
    const kind = config.activation;
    if (gated) {
      const gradGate = this.#scope.tensor(preActivation.shape, 'gradient.gate');
      gatedActivationBackward(gpu, {
        kind,
        gate: preActivation,
        up: gated,
        gradient: gradResidual,
        gradGate,
      });
      through('gate', gradGate, accumulate);
    } else {
      activationBackward(gpu, { kind, x: preActivation, gradient: gradResidual });
    }
    through('up', gradResidual, accumulate || gated !== undefined);
  }

  /** Adds the gradient with respect to what a norm read to `gradInput`. */
  #throughNorm(which: string, { from, stats }: Normed, gradOutput: Tensor, gradInput: Tensor): void {
    const name = `${this.#name}.${which}`;
    normBackward(this.#context, this.#parameters, name, from, stats, gradOutput, gradInput, this.#gradients);
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
