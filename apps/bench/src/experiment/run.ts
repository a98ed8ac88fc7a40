import { acquireGpu } from '@icl-gd/gpu-kernels';
import { DivergedError } from '@icl-gd/methods';
import { accuracy, layerMean } from '@icl-gd/metrics';
import { type DownloadObserver, type Model, type ModelLocation, loadModel } from '@icl-gd/transformer';
import { writeOutputs } from '../results/write-outputs.ts';
import { haveProbes, writeProbes } from './probes.ts';
import { type Group, type RunSettings, planGroups } from './plan.ts';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import { VERSION } from '../version.ts';
import { type GroupOptions, computeGroup } from './compute-group.ts';
import { readInputs, requireWritable } from './inputs.ts';
import { planRunMemory, workloadOf } from './memory.ts';
import { NOISE_FLOOR_PASSES } from './noise-floor.ts';
import { type Progress, createProgress } from './progress.ts';
import { type GroupRecord, RecordStore, recordKey } from './record.ts';

export interface RunRequest {
  readonly model: ModelLocation;
  /** Folder with a folder for each dataset, or `hub`; absent where every task has its own data. */
  readonly data: string | undefined;
  /** Told about downloads of datasets. */
  readonly observer?: DownloadObserver;
  readonly settings: RunSettings;
  readonly adapter: string;
  readonly out: string;
  readonly saveProbes: boolean;
  /** Compute everything again, whatever records exist. */
  readonly fresh: boolean;
  readonly tokenBudget?: number;
  /** Bytes that may be allocated on the device. */
  readonly memoryBudget?: number;
}

/** A planned group with its record. */
export interface FinishedGroup {
  readonly group: Group;
  readonly prepared: PreparedRun;
  readonly record: GroupRecord;
}

/**
 * Runs the experiment and writes every file of `--out`.
 * @returns whether every cell finished
 * @throws UserError before anything is written if an input does not fit
 */
export async function runExperiment(
  request: RunRequest,
  progress: Progress = createProgress(),
): Promise<boolean> {
  const { settings, out } = request;
  const inputs = await readInputs(request.model, request.data, settings, request.observer);
  await requireWritable(out);
  const gpu = await acquireGpu({ adapter: request.adapter, log: (line) => progress.line(line) });
  const store = new RecordStore(out);
  const groups = planGroups(settings);
  const keys = groups.map((group) => {
    const prepared = inputs.prepared.find(
      ({ dataset, seed }) => dataset === group.dataset && seed === group.seed,
    ) as PreparedRun;
    const initSeed = group.variant === 'trained' ? undefined : settings.initSeed;
    // The prepared tokens stand for data, tokenizer, shots and examples.
    const key = recordKey([
      VERSION,
      inputs.modelDigests,
      inputs.model.config,
      gpu.adapter,
      group,
      prepared,
      settings.probe,
      settings.dtype,
      settings.releasedNorms,
      settings.noiseFloor,
      initSeed,
    ]);
    return { group, prepared, key };
  });
  const options: GroupOptions = {
    probeToken: settings.probe,
    releasedNorms: settings.releasedNorms,
    noiseFloor: settings.noiseFloor,
    ...(request.tokenBudget ? { tokenBudget: request.tokenBudget } : {}),
  };
  const passes = settings.noiseFloor ? NOISE_FLOOR_PASSES + 1 : 1;
  const units = (group: Group, prepared: PreparedRun): number => passes * workUnits(group, prepared);
  progress.start(
    groups.reduce((total, group, i) => total + units(group, keys[i]?.prepared as PreparedRun), 0),
  );
  const finished: FinishedGroup[] = [];
  let model: Model | undefined;
  let loaded: string | undefined;
  try {
    for (const { group, prepared, key } of keys) {
      const lacksProbes = request.saveProbes && !haveProbes(out, group, key);
      let record =
        request.fresh || lacksProbes
          ? undefined
          : await store.read(key, (line) => progress.line(`WARNING: ${line}`));
      if (record) {
        progress.advance(units(group, prepared), label(group));
        progress.line(`${label(group)}: taken from an earlier run (--fresh computes it again)`);
      } else {
        if (loaded !== group.variant) {
          model?.dispose();
          if (loaded === undefined) {
            const workloads = inputs.prepared.map((run) => workloadOf(settings, run, options));
            planRunMemory(gpu, inputs.model.config, workloads, request.memoryBudget, (line) =>
              progress.line(line),
            );
          }
          model = await loadModel(gpu, request.model.directory, {
            name: request.model.name,
            variant: group.variant,
            seed: settings.initSeed,
            dtype: settings.dtype,
          });
          loaded = group.variant;
        }
        const result = await computeOrExplain(model as Model, group, prepared, options, progress);
        record = result.record;
        if (request.saveProbes)
          await writeProbes(out, group, key, prepared, result.probes, inputs.model.config);
        await store.write(key, record);
        progress.line(describe(group, record));
      }
      finished.push({ group, prepared, record });
    }
  } finally {
    progress.stop();
    model?.dispose();
    gpu.dispose();
  }
  await writeOutputs(out, {
    inputs,
    hub: request.model.hub,
    settings,
    adapter: gpu.adapter,
    finished,
  });
  return finished.every(({ record }) =>
    Object.values(record.methods).every(({ status }) => status === 'finished'),
  );
}

async function computeOrExplain(
  model: Model,
  group: Group,
  prepared: PreparedRun,
  options: GroupOptions,
  progress: Progress,
): ReturnType<typeof computeGroup> {
  try {
    return await computeGroup(model, group, prepared, options, (setting, units) =>
      progress.advance(units, `${label(group)} ${setting}`),
    );
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error;
    // The untrained model itself overflows: no method has anything to be compared with.
    const methods = Object.fromEntries(
      group.methods.map((method) => [method, { status: 'diverged' as const, message: error.message }]),
    );
    return {
      record: { gold: [...prepared.gold], metrics: {}, zeroShot: [], inContext: [], methods },
      probes: new Map(),
    };
  }
}

function workUnits(group: Group, prepared: PreparedRun): number {
  const queries = prepared.queries.length;
  return 2 * queries + group.methods.length * (queries + prepared.demonstrations.length);
}

function label(group: Group): string {
  return `${group.variant} ${group.dataset} seed ${group.seed}`;
}

function describe(group: Group, record: GroupRecord): string {
  const predicted = (predictions: readonly { predicted: number }[]): number[] =>
    predictions.map((prediction) => prediction.predicted);
  const percent = (value: number | null): string => `${(100 * (value ?? 0)).toFixed(0)} %`;
  const methods = Object.entries(record.methods).map(([method, entry]) =>
    entry.status === 'diverged'
      ? `${method} diverged (${entry.message})`
      : `${method} SimAOU ${layerMean(entry.metrics['simaou']?.values ?? [])?.toFixed(3) ?? 'undefined'}, accuracy ${percent(accuracy(record.gold, predicted(entry.predictions)))}`,
  );
  const base =
    record.zeroShot.length > 0
      ? [
          `ZSL ${percent(accuracy(record.gold, predicted(record.zeroShot)))}, ICL ${percent(accuracy(record.gold, predicted(record.inContext)))}`,
        ]
      : [];
  return `${label(group)}: ${[...base, ...methods].join('; ')}`;
}
