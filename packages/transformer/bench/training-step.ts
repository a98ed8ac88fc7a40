import { type Gpu, Resource, type Tensor, adamWSteps } from '@icl-gd/gpu-kernels';
import { Gradients } from '../src/decoder/gradients.ts';
import { recordLossGradient } from '../src/decoder/loss-gradient.ts';
import { Pass } from '../src/decoder/pass.ts';
import { nextTokenTargets, planTargets } from '../src/decoder/targets.ts';
import { gpt2 } from '../src/families/gpt2.ts';
import { type ParameterSpec, parameterSpecs } from '../src/parameters.ts';
import { Pcg64 } from '../src/random/pcg64.ts';
import { elementCount } from '../src/shape.ts';
import { initialParameter } from '../src/weights/initialise.ts';
import { ParameterSet } from '../src/weights/parameter-set.ts';

/** Tokens of a step. */
const TOKENS = 256;
export const ADAMW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, learningRate: 1e-3 };

const config = gpt2.readConfig(
  {
    n_layer: 4,
    n_embd: 256,
    n_head: 8,
    n_positions: TOKENS,
    vocab_size: 4096,
    bos_token_id: 0,
    eos_token_id: 0,
  },
  'bench',
);

interface Moments {
  readonly firstMoment: Tensor;
  readonly secondMoment: Tensor;
}

/** Steps of training a small GPT-2 anew: forward, backward of every parameter, AdamW. */
export class SmallTraining extends Resource {
  readonly config = config;
  readonly specs: readonly ParameterSpec[] = parameterSpecs(config);
  readonly tokens: readonly number[];
  readonly #gpu: Gpu;
  readonly #parameters: ParameterSet;
  readonly #moments: readonly Moments[];
  readonly #gradients: Gradients;
  readonly #losses: Tensor;
  #steps = 0;

  constructor(gpu: Gpu) {
    super();
    this.#gpu = gpu;
    const random = new Pcg64(0);
    this.tokens = Array.from({ length: TOKENS }, () => Math.floor(random.random() * config.vocabSize));
    const upload = (name: string, values: Float32Array, shape: readonly number[]): Tensor =>
      gpu.upload(values, shape, { label: name, exact: true });
    this.#parameters = new ParameterSet(
      new Map(this.specs.map(({ name, shape }) => [name, upload(name, this.initial(name), shape)])),
    );
    this.#moments = this.specs.map(({ name, shape }) => {
      const zeros = (): Tensor => upload(`moment of ${name}`, new Float32Array(elementCount(shape)), shape);
      return { firstMoment: zeros(), secondMoment: zeros() };
    });
    this.#gradients = Gradients.ofGroup(gpu, config, 'all');
    this.#losses = gpu.tensor([1]);
  }

  /** What a parameter is before the first step. */
  initial(name: string): Float32Array {
    return initialParameter(this.specs, name, 0);
  }

  /** The mean loss in nats, after which `gradient` has its gradients. */
  async loss(): Promise<number> {
    this.#recordGradients();
    return (await this.#gpu.read(this.#losses))[0] as number;
  }

  /** One step; the mean loss before it, in nats. */
  async step(): Promise<number> {
    this.#recordGradients();
    this.#steps++;
    const parameters = this.specs.map(({ name }, i) => ({
      parameter: this.#parameters.get(name),
      gradient: this.#gradientOf(name),
      ...(this.#moments[i] as Moments),
    }));
    adamWSteps(this.#gpu, parameters, { step: this.#steps, ...ADAMW });
    return (await this.#gpu.read(this.#losses))[0] as number;
  }

  /** The gradient of a parameter of the last loss. */
  async gradient(name: string): Promise<Float32Array> {
    return await this.#gpu.read(this.#gradientOf(name));
  }

  #recordGradients(): void {
    this.#gradients.clear();
    using pass = Pass.over({
      gpu: this.#gpu,
      config,
      parameters: this.#parameters,
      sequences: [this.tokens],
      gradients: this.#gradients,
    });
    const targets = planTargets(pass, nextTokenTargets([this.tokens]));
    recordLossGradient(pass, { objective: 'output', targets, losses: this.#losses, lossIndex: 0 });
  }

  #gradientOf(name: string): Tensor {
    const gradient = this.#gradients.find(name);
    if (!gradient) throw new Error(`no gradient of ${name}`);
    return gradient;
  }

  dispose(): void {
    const owned = [
      ...this.#moments.flatMap((moments) => Object.values(moments)),
      this.#parameters,
      this.#gradients,
      this.#losses,
    ];
    for (const owner of owned) owner.dispose();
  }
}
