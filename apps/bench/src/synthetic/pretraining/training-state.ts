import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Checkpoint, type PretrainingTensors, UserError, writeSafetensors } from '@icl-gd/transformer';
import { writeWhole } from '@icl-gd/transformer/files';
import { z } from 'zod';

const logRow = z.object({
  step: z.number(),
  tokens: z.number(),
  targets: z.number(),
  learningRate: z.number(),
  loss: z.number(),
  gradientNorm: z.number(),
});

const stateFile = z.object({
  /** Hash of the recipe, seed and adapter that the state belongs to. */
  key: z.string(),
  taken: z.number(),
  /** Wall-clock seconds of training so far, all sessions together. */
  seconds: z.number(),
  log: z.array(logRow),
});

export type LogRow = z.infer<typeof logRow>;

/** Everything needed to continue a stopped training. */
export interface TrainingState extends z.infer<typeof stateFile> {
  readonly tensors: PretrainingTensors;
}

const FOLDER = 'state';
const tensorFolder = (out: string, taken: number): string => join(out, FOLDER, `step-${taken}`);
const describedBy = (out: string): string => join(out, FOLDER, 'state.json');

/** Writes weights and moments first and state.json, which names them, last: if the process is killed in between, the older state stays. */
export async function writeTrainingState(out: string, state: TrainingState): Promise<void> {
  const { tensors, ...rest } = state;
  const older = await describedState(out);
  const folder = tensorFolder(out, state.taken);
  await writeWhole(join(folder, 'about.txt'), 'Weights and AdamW moments of a training that can go on.\n');
  await writeSafetensors(
    join(folder, 'model.safetensors'),
    [...tensors].map(([name, data]) => ({ name, shape: [data.length], dtype: 'float32' as const, data })),
  );
  await writeWhole(describedBy(out), JSON.stringify(rest));
  if (older && older.taken !== state.taken)
    await rm(tensorFolder(out, older.taken), { recursive: true, force: true });
}

/**
 * The state of an earlier training in `out`, if there is one.
 *
 * @throws UserError if it belongs to another recipe, seed or adapter, or is damaged
 */
export async function readTrainingState(out: string, key: string): Promise<TrainingState | undefined> {
  const described = await describedState(out);
  if (!described) return undefined;
  if (described.key !== key) {
    throw new UserError(
      `${out}: holds a training with another recipe, seed or adapter; use another --out, or --fresh to begin anew`,
    );
  }
  const checkpoint = await Checkpoint.open(tensorFolder(out, described.taken));
  try {
    const tensors = new Map<string, Float32Array>();
    for (const name of checkpoint.tensors.keys()) tensors.set(name, await checkpoint.read(name));
    return { ...described, tensors };
  } finally {
    await checkpoint.close();
  }
}

async function describedState(out: string): Promise<z.infer<typeof stateFile> | undefined> {
  const file = describedBy(out);
  if (!existsSync(file)) return undefined;
  try {
    return stateFile.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    throw new UserError(`${file}: damaged; remove it, or use --fresh to begin anew`);
  }
}

/** Removes the state of an earlier training, if there is one. */
export async function removeTrainingState(out: string): Promise<void> {
  await rm(join(out, FOLDER), { recursive: true, force: true });
}

/** SHA-256 of the parameters (not the moments) as float32, in order of their names. */
export function parametersDigest(tensors: PretrainingTensors): string {
  const hash = createHash('sha256');
  for (const name of [...tensors.keys()].filter((key) => key.startsWith('parameter.')).toSorted()) {
    const values = tensors.get(name) as Float32Array;
    hash.update(name).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest('hex');
}
