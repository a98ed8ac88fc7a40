import { type Gpu, type Tensor, adamWSteps } from '@icl-gd/gpu-kernels';

/** A trained parameter and its gradient in one step, both on the device. The gradient lives as long as the call. */
export interface ParameterUpdate {
  readonly gpu: Gpu;
  /** From 0. */
  readonly step: number;
  /** As `parameterSpecs` names it. */
  readonly name: string;
  /** float32, to be changed in place. */
  readonly parameter: Tensor;
  /** float32, as long as the parameter: of the mean loss of this step alone. To be read. */
  readonly gradient: Tensor;
  readonly learningRate: number;
}

/** A parameter and its gradient by name. */
export type NamedGradient = Pick<ParameterUpdate, 'name' | 'parameter' | 'gradient'>;

/** What takes the steps: `sgd` without momentum, or `adam` with its usual numbers (β 0.9 and 0.999, ε 1e-8, no decay). */
export type Optimizer = 'sgd' | 'adam';

export const OPTIMIZERS: readonly Optimizer[] = ['sgd', 'adam'];

const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 } as const;

/** Adam (Kingma and Ba 2015, algorithm 1) as torch.optim.Adam; it keeps two moments of each parameter. */
export class Adam implements Disposable {
  readonly #moments = new Map<string, { readonly firstMoment: Tensor; readonly secondMoment: Tensor }>();

  /**
   * @param trained parameters by name
   * @throws UserError (`memory-budget`) if the device has no room for the moments
   */
  constructor(gpu: Gpu, trained: ReadonlyMap<string, Tensor>) {
    using scope = gpu.scope();
    const zeros = ({ shape }: Tensor, label: string): Tensor => {
      const tensor = scope.own(gpu.tensor(shape, { label, exact: true }));
      gpu.clear(tensor);
      return tensor;
    };
    for (const [name, parameter] of trained)
      this.#moments.set(name, {
        firstMoment: zeros(parameter, `firstMoment of ${name}`),
        secondMoment: zeros(parameter, `secondMoment of ${name}`),
      });
    for (const { firstMoment, secondMoment } of this.#moments.values()) {
      scope.release(firstMoment);
      scope.release(secondMoment);
    }
  }

  /** Takes a step of some parameters. */
  update(gpu: Gpu, step: number, trained: readonly NamedGradient[], learningRate: number): void {
    const parameters = trained.map(({ name, ...own }) => {
      const moments = this.#moments.get(name);
      if (!moments) throw new RangeError(`${name} has no moments`);
      return { ...own, ...moments };
    });
    adamWSteps(gpu, parameters, { step: step + 1, learningRate, ...ADAM });
  }

  [Symbol.dispose](): void {
    for (const { firstMoment, secondMoment } of this.#moments.values()) {
      firstMoment.dispose();
      secondMoment.dispose();
    }
    this.#moments.clear();
  }
}
