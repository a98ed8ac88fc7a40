import { join } from 'node:path';
import { acquireGpu } from '@icl-gd/gpu-kernels';
import {
  Pcg64,
  Pretraining,
  type PretrainingTensors,
  UserError,
  initialiseForPretraining,
  readModelConfig,
  writeModel,
} from '@icl-gd/transformer';
import { writeWhole } from '@icl-gd/transformer/files';
import { Draws } from '../language/draws.ts';
import { drawBatch } from '../language/corpus.ts';
import { writeTokenizer } from '../language/tokenizer.ts';
import { toCsv } from '../../results/csv.ts';
import { beginWriting } from '../../experiment/inputs.ts';
import { type Progress, createProgress } from '../../experiment/progress.ts';
import { digest } from '../../experiment/cell.ts';
import { lossPicture } from './loss-picture.ts';
import { type Recipe, learningRateAt, phaseAt } from './recipe.ts';
import {
  type LogRow,
  parametersDigest,
  readTrainingState,
  removeTrainingState,
  writeTrainingState,
} from './training-state.ts';

export interface PretrainRequest {
  readonly recipe: Recipe;
  readonly seed: number;
  readonly adapter: string;
  readonly out: string;
  /** Stop after this step; the training can be continued later. */
  readonly stopAfter?: number;
  /** Ignore the state of an earlier training. */
  readonly fresh: boolean;
}

export interface PretrainResult {
  readonly finished: boolean;
  /** Number of steps taken. */
  readonly taken: number;
  /** SHA-256 of the parameters, in hexadecimal. */
  readonly digest: string;
  readonly tokens: number;
  /** Seconds of training, earlier sessions included. */
  readonly seconds: number;
  readonly adapter: string;
}

/** Part of the generator's seed, so that documents and first weights get different random numbers. */
const CORPUS_STREAM = 1n;

/**
 * Trains a model from scratch and writes it in Hugging Face layout, with `training_log.csv` and `loss.svg`. A stopped training
 * continues from its last state, to the same weights, bit by bit, as without the stop.
 *
 * @throws UserError if `out` cannot be written or has the state of another training, or if the loss is no longer finite
 */
export async function pretrain(
  request: PretrainRequest,
  progress: Progress = createProgress(),
): Promise<PretrainResult> {
  const { recipe, seed, out } = request;
  await beginWriting(out);
  const gpu = await acquireGpu({ adapter: request.adapter, log: (line) => progress.line(line) });
  try {
    const config = readModelConfig(recipe.architecture, `recipe ${recipe.id}`);
    const key = digest([recipe, seed, gpu.adapter]);
    if (request.fresh) await removeTrainingState(out);
    const state = await readTrainingState(out, key);
    const first = initialiseForPretraining(config, seed, recipe.initialisation);
    const tensors: PretrainingTensors =
      state?.tensors ?? new Map([...first].map(([name, values]) => [`parameter.${name}`, values]));
    const log: LogRow[] = [...(state?.log ?? [])];
    let seconds = state?.seconds ?? 0;
    using training = new Pretraining(gpu, config, recipe.optimizer, tensors, state?.taken ?? 0);
    const last = Math.min(recipe.steps, request.stopAfter ?? recipe.steps);
    if (state) progress.line(`going on after step ${state.taken}`);
    progress.start(Math.max(0, last - training.taken));
    const save = async (): Promise<PretrainingTensors> => {
      const now = await training.tensors();
      await writeTrainingState(out, { key, taken: training.taken, seconds, log, tensors: now });
      return now;
    };
    try {
      while (training.taken < last) {
        const started = performance.now();
        const row = await takeStep(recipe, seed, training);
        if (!Number.isFinite(row.loss) || !Number.isFinite(row.gradientNorm))
          throw new UserError(
            `step ${row.step}: the loss is ${row.loss}; the state before it is kept in ${out}, but training cannot go on: lower the recipe's learning rate`,
          );
        log.push(row);
        const took = (performance.now() - started) / 1000;
        seconds += took;
        progress.advance(
          1,
          `[${row.step}/${last}] loss ${row.loss.toFixed(3)} ${(row.tokens / took).toFixed(0)} tokens/s`,
        );
        if (row.step % recipe.checkpointEvery === 0) {
          await save();
          progress.line(describe(log, recipe.checkpointEvery, seconds));
        }
      }
    } finally {
      progress.stop();
    }
    const final = await save();
    await writeTrained(request, final, log);
    return {
      finished: training.taken === recipe.steps,
      taken: training.taken,
      digest: parametersDigest(final),
      tokens: log.reduce((total, row) => total + row.tokens, 0),
      seconds,
      adapter: gpu.adapter.description,
    };
  } finally {
    gpu.dispose();
  }
}

async function writeTrained(
  { recipe, seed, out }: PretrainRequest,
  tensors: PretrainingTensors,
  log: readonly LogRow[],
): Promise<void> {
  const parameters = new Map(
    [...tensors].flatMap(([name, values]) =>
      name.startsWith('parameter.') ? [[name.slice('parameter.'.length), values] as const] : [],
    ),
  );
  await writeModel(out, recipe.architecture, parameters);
  await writeTokenizer(out);
  await writeWhole(join(out, 'training_log.csv'), trainingLog(log));
  await writeWhole(join(out, 'loss.svg'), lossPicture(`Pretraining ${recipe.id}, seed ${seed}`, log));
}

/** The documents of a step depend on seed and step alone, so that a resumed training sees the same ones. */
async function takeStep(recipe: Recipe, seed: number, training: Pretraining): Promise<LogRow> {
  const step = training.taken + 1;
  const { mix, longestDocument } = phaseAt(recipe, step);
  const draws = new Draws(new Pcg64((((BigInt(seed) << 2n) | CORPUS_STREAM) << 40n) | BigInt(step)));
  const batches = Array.from({ length: recipe.accumulation }, () =>
    drawBatch(draws, mix, recipe.batchTokens, longestDocument),
  );
  const learningRate = learningRateAt(recipe, step);
  const { loss, gradientNorm } = await training.step(batches, learningRate);
  const count = (of: (batch: (typeof batches)[number]) => number): number =>
    batches.reduce((total, batch) => total + of(batch), 0);
  return {
    step,
    tokens: count(({ sequences }) => sequences.reduce((total, { length }) => total + length, 0)),
    targets: count(({ targets }) => targets.rows.length),
    learningRate,
    loss,
    gradientNorm,
  };
}

function trainingLog(log: readonly LogRow[]): string {
  return toCsv({
    columns: ['step', 'tokens', 'targets', 'learning_rate', 'loss', 'gradient_norm'],
    rows: log.map((row) => [row.step, row.tokens, row.targets, row.learningRate, row.loss, row.gradientNorm]),
  });
}

function describe(log: readonly LogRow[], steps: number, seconds: number): string {
  const recent = log.slice(-steps);
  const loss = recent.reduce((total, row) => total + row.loss, 0) / recent.length;
  const tokens = log.reduce((total, row) => total + row.tokens, 0);
  return `step ${log.length}: loss ${loss.toFixed(3)}, ${(tokens / 1e6).toFixed(2)} M tokens, ${(tokens / seconds).toFixed(0)} tokens/s`;
}
