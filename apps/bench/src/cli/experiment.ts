import type { MatmulChoice } from '@icl-gd/gpu-kernels';
import type { ProbeToken } from '@icl-gd/methods';
import { type ModelVariant, type WeightDtype, refuseMisspelt } from '@icl-gd/transformer';
import { beginWriting } from '../experiment/inputs.ts';
import type { Progress } from '../experiment/progress.ts';
import { runExperiment } from '../experiment/run.ts';
import { loadPlugins } from '../plugins/load-plugins.ts';
import type { MeasuredRun } from '../results/measured.ts';
import { writeResults } from '../results/write-results.ts';
import type { FineTuningOrder } from '../tasks/prompts/selection.ts';
import { findModel } from './find-model.ts';
import type { RawRunOptions } from './raw-options.ts';
import { parseRunOptions } from './run-options.ts';

/** The options of `icl-gd run` as values; what is left out is as on the command line (docs/cli.md). */
export interface ExperimentOptions {
  /** A directory, or a hub id. */
  readonly model: string;
  /** Folder of the datasets, or `hub`; not needed where every task has its own data. */
  readonly data?: string;
  /** Folder for tables and records. */
  readonly out: string;
  readonly datasets?: readonly string[];
  /** Learners with their options in brackets: `['gd', 'gd[batch=full,steps=3]']`. */
  readonly methods?: readonly string[];
  /** Controls of the context and null learners, as `--controls` has them; `['none']` for none. */
  readonly controls?: readonly string[];
  /** Variants that controls are run on; all of `variants` if absent. */
  readonly controlVariants?: readonly ModelVariant[];
  /** Fine-tuning is given those demonstrations alone that fit the context. */
  readonly matchedDemonstrations?: boolean;
  readonly taskFiles?: readonly string[];
  /** Modules that export a `learner`. */
  readonly learnerFiles?: readonly string[];
  /** Modules that export a `metric`, or `metrics`. */
  readonly metricFiles?: readonly string[];
  /** Modules that export a `family`. */
  readonly familyFiles?: readonly string[];
  readonly variants?: readonly ModelVariant[];
  readonly shots?: number;
  readonly seeds?: readonly number[];
  readonly permutation?: number;
  readonly fineTuningOrder?: FineTuningOrder;
  readonly examples?: number;
  readonly learningRate?: number;
  /** How rates are chosen: `published`, `best`, `matched-kl`, `matched-norm`, `tangent`. */
  readonly rate?: readonly string[];
  /** Examples of the training split that they are chosen on. */
  readonly development?: number;
  readonly probe?: ProbeToken;
  readonly adapter?: string;
  readonly initSeed?: number;
  readonly dtype?: WeightDtype;
  /** What probes are computed on: `auto` and `f32` are float32 arithmetic, `matrix` the GPU's matrix units. */
  readonly matmul?: MatmulChoice;
  /** In GiB. */
  readonly memoryBudget?: number;
  readonly tokenBudget?: number;
  readonly saveProbes?: boolean;
  readonly discardProbes?: boolean;
  readonly releasedNorms?: boolean;
  readonly noiseFloor?: boolean;
  readonly weightChanges?: boolean;
  readonly gradientNorms?: boolean;
  readonly trainingAttention?: boolean;
  /** By how much a score may differ and count as the same. */
  readonly margin?: number;
  readonly fresh?: boolean;
  /**
   * Ends it at the next step or batch: it rejects with the signal's reason. What is finished stays on record, and the same call
   * goes on from there.
   */
  readonly signal?: AbortSignal | undefined;
}

const KNOWN_OPTIONS: Required<{ [name in keyof ExperimentOptions]: true }> = {
  ...{ model: true, data: true, out: true, datasets: true, methods: true, signal: true },
  ...{ taskFiles: true, learnerFiles: true, metricFiles: true, familyFiles: true },
  ...{ variants: true, shots: true, seeds: true, permutation: true, fineTuningOrder: true, examples: true },
  ...{ rate: true, development: true },
  ...{ learningRate: true, probe: true, adapter: true, initSeed: true, dtype: true, fresh: true },
  ...{ memoryBudget: true, tokenBudget: true, saveProbes: true, discardProbes: true },
  ...{ releasedNorms: true, noiseFloor: true, controls: true, controlVariants: true },
  ...{ matchedDemonstrations: true },
  ...{ weightChanges: true, gradientNorms: true },
  ...{ trainingAttention: true },
  ...{ margin: true, matmul: true },
};

/** What is told while an experiment goes on. */
export interface ExperimentObserver {
  /** A line about what was found, computed or passed over; warnings are among them. */
  readonly line?: (text: string) => void;
  /** Units of work done, of all. */
  readonly progress?: (done: number, total: number, doing: string) => void;
}

/**
 * What `icl-gd run` does, from a program: computes what is not on record yet, writes the tables, and gives what was measured.
 * @throws the signal's reason if it is aborted; UserError naming the option, file or dataset that does not fit; RangeError for
 *   a misspelt option
 */
export async function experiment(
  options: ExperimentOptions,
  observer: ExperimentObserver = {},
): Promise<MeasuredRun> {
  refuseMisspelt('experiment', options, KNOWN_OPTIONS);
  const { signal } = options;
  signal?.throwIfAborted();
  const raw = toRaw(options);
  const { request, model, data } = await parseRunOptions(raw, {}, await loadPlugins(raw));
  await beginWriting(request.out);
  const downloads = { warn: (line: string) => observer.line?.(line), ...(signal && { signal }) };
  const run = await runExperiment(
    {
      ...request,
      model: await findModel(model as string, downloads),
      data,
      observer: downloads,
      ...(signal && { signal }),
    },
    progressOf(observer),
  );
  return await writeResults(request.out, run);
}

/** As typed, so that values are checked in one place. */
function toRaw({
  taskFiles,
  learnerFiles,
  metricFiles,
  familyFiles,
  ...options
}: ExperimentOptions): Partial<RawRunOptions> {
  const files = {
    taskFile: taskFiles,
    learnerFile: learnerFiles,
    metricFile: metricFiles,
    familyFile: familyFiles,
  };
  const asTyped = Object.entries(options).filter(([name]) => name !== 'signal');
  const texts = asTyped.map(([name, value]) => [
    name,
    typeof value === 'boolean' || value === undefined
      ? value
      : Array.isArray(value)
        ? value.join(',')
        : `${value}`,
  ]);
  const given = [...Object.entries(files), ...texts].filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Partial<RawRunOptions>;
}

function progressOf({ line, progress }: ExperimentObserver): Progress {
  let [done, total] = [0, 0];
  return {
    start: (units) => void ([done, total] = [0, units]),
    advance(units, text) {
      done += units;
      progress?.(done, total, text);
    },
    line: (text) => line?.(text),
    stop: () => {},
  };
}
