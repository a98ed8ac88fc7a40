import type { Gpu } from '@icl-gd/gpu-kernels';
import { type Model, loadModel } from '@icl-gd/transformer';
import { familiesOf } from '../plugins/family-file.ts';
import { doing } from '../terminal/heartbeat.ts';
import { type Trial, initSeedOf } from './plan.ts';
import type { RunRequest } from './run-request.ts';

type Request = Pick<RunRequest, 'model' | 'settings' | 'foreignFamilies' | 'signal'>;

/** One initialisation of a variant at a time is on the device; it is loaded when the first cell needs it. */
export class LoadedModel {
  readonly #gpu: Gpu;
  readonly #request: Request;
  readonly #beforeFirst: () => void;
  #model: Model | undefined;
  #loaded: string | undefined;

  constructor(gpu: Gpu, request: Request, beforeFirst: () => void = () => {}) {
    this.#gpu = gpu;
    this.#request = request;
    this.#beforeFirst = beforeFirst;
  }

  async get(trial: Pick<Trial, 'variant' | 'seed'>): Promise<Model> {
    const { model, settings, foreignFamilies, signal } = this.#request;
    const { variant } = trial;
    const initSeed = initSeedOf(settings, trial);
    const wanted = `${variant} ${initSeed}`;
    if (this.#model && this.#loaded === wanted) return this.#model;
    if (this.#loaded === undefined) {
      this.#beforeFirst();
      await this.#gpu.warm(undefined, {
        onProgress: ({ finished, total }) => doing({ text: 'compiling kernels', done: finished, total }),
        ...(signal ? { signal } : {}),
      });
    }
    this.#model?.dispose();
    doing({ text: `loading ${variant} weights` });
    this.#model = await loadModel(this.#gpu, model.directory, {
      name: model.name,
      variant,
      seed: initSeed ?? 0,
      dtype: settings.dtype,
      families: familiesOf(foreignFamilies),
    });
    this.#loaded = wanted;
    return this.#model;
  }

  dispose(): void {
    this.#model?.dispose();
  }
}
