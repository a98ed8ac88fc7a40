import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Checkpoint, type PretrainingTensors, UserError, writeSafetensors } from '@icl-gd/transformer';
import {
  hasCode,
  isSystemError,
  removeFile,
  removeFolder,
  storageError,
  writeWhole,
} from '@icl-gd/transformer/files';
import { z } from 'zod';

const logRow = z.strictObject({
  step: z.int(),
  tokens: z.number(),
  targets: z.number(),
  learningRate: z.number(),
  loss: z.number(),
  gradientNorm: z.number(),
});

const stateSchema = z.strictObject({
  /** Hash of the recipe, seed and adapter that the state belongs to. */
  key: z.string(),
  taken: z.int().nonnegative(),
  /** Wall-clock seconds of training so far, all sessions together. */
  seconds: z.number(),
  log: z.array(logRow),
});

/** What stands in state.json: a state but for its tensors, with their digest and one over everything. */
const stateFile = stateSchema.extend({ weights: z.string(), digest: z.string() });

export type LogRow = z.infer<typeof logRow>;

/** Everything needed to continue a stopped training. */
export interface TrainingState extends z.infer<typeof stateSchema> {
  readonly tensors: PretrainingTensors;
}

const FOLDER = 'state';
const STEP = /^step-\d+$/;
const stepFolder = (taken: number): string => `step-${taken}`;
const tensorFolder = (out: string, taken: number): string => join(out, FOLDER, stepFolder(taken));
const describedBy = (out: string): string => join(out, FOLDER, 'state.json');
const ADVICE = 'use --fresh to begin anew, or put back what was there';

/**
 * Writes weights and moments first and state.json, which names them, last: if the process is killed in between, the older
 * state stays. So does that of another process that has come further in the same training.
 */
export async function writeTrainingState(out: string, state: TrainingState): Promise<void> {
  try {
    if (!(await hasState(out, state, state.taken + 1))) await writeState(out, state);
  } catch (error) {
    // That other process may have removed the folder of this step.
    if (!(await hasState(out, state, state.taken))) throw error;
  }
}

/** Whether there is a state of the same training after so many steps or more. */
async function hasState(out: string, { key }: TrainingState, taken: number): Promise<boolean> {
  const described = await describedState(out).catch(() => undefined);
  return described?.key === key && described.taken >= taken;
}

async function writeState(out: string, { tensors, ...state }: TrainingState): Promise<void> {
  const folder = tensorFolder(out, state.taken);
  await writeWhole(join(folder, 'about.txt'), 'Weights and AdamW moments of a training that can go on.\n');
  await writeSafetensors(
    join(folder, 'model.safetensors'),
    [...tensors].map(([name, data]) => ({ name, shape: [data.length], dtype: 'float32' as const, data })),
  );
  const described = { ...state, weights: tensorsDigest(tensors, () => true) };
  const text = JSON.stringify({ ...described, digest: digestOf(described) });
  await writeWhole(describedBy(out), text, { sync: true });
  for (const name of await readdir(join(out, FOLDER)))
    if (STEP.test(name) && name !== stepFolder(state.taken)) await removeFolder(join(out, FOLDER, name));
}

/**
 * The state of an earlier training in `out`, if there is one.
 *
 * @throws UserError if it belongs to another recipe, seed or adapter, or is not, to the bit, what was written
 */
export async function readTrainingState(out: string, key: string): Promise<TrainingState | undefined> {
  for (;;) {
    const described = await describedState(out);
    if (!described) return undefined;
    try {
      return await readDescribed(out, key, described);
    } catch (error) {
      // Another process that trains the same has written a later state meanwhile.
      if ((await describedState(out))?.digest === described.digest) throw error;
    }
  }
}

async function readDescribed(
  out: string,
  key: string,
  described: z.infer<typeof stateFile>,
): Promise<TrainingState> {
  const { weights, digest: _, ...state } = described;
  if (state.key !== key) {
    throw new UserError(
      `${out}: holds a training with another recipe, seed or adapter; use another --out, or --fresh to begin anew`,
    );
  }
  const folder = tensorFolder(out, state.taken);
  const tensors = await readTensors(folder);
  if (tensorsDigest(tensors, () => true) !== weights)
    throw new UserError(
      `${join(folder, 'model.safetensors')}: not the weights that ${describedBy(out)} was written with; ${ADVICE}`,
    );
  return { ...state, tensors };
}

async function readTensors(folder: string): Promise<PretrainingTensors> {
  const checkpoint = await Checkpoint.open(folder);
  try {
    const tensors = new Map<string, Float32Array>();
    for (const name of checkpoint.tensors.keys()) tensors.set(name, await checkpoint.read(name));
    return tensors;
  } finally {
    await checkpoint.close();
  }
}

async function describedState(out: string): Promise<z.infer<typeof stateFile> | undefined> {
  const file = describedBy(out);
  if (!existsSync(file)) return undefined;
  let described: z.infer<typeof stateFile>;
  try {
    described = stateFile.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    if (isSystemError(error)) throw storageError(file, error);
    throw new UserError(`${file}: damaged, or of an older version of this program; ${ADVICE}`);
  }
  const { digest, ...rest } = described;
  if (digestOf(rest) !== digest)
    throw new UserError(`${file}: changed since it was written (its digest is another); ${ADVICE}`);
  return described;
}

/** Removes the state of an earlier training, if there is one. */
export async function removeTrainingState(out: string): Promise<void> {
  // First what names the rest, so that nothing half removed is taken for a state.
  await removeFile(describedBy(out));
  await removeFolder(join(out, FOLDER));
}

function digestOf(described: Omit<z.infer<typeof stateFile>, 'digest'>): string {
  const ordered = stateFile.omit({ digest: true }).parse(described);
  return createHash('sha256').update(JSON.stringify(ordered)).digest('hex');
}

/** SHA-256 of the parameters (not the moments) as float32, in order of their names. */
export function parametersDigest(tensors: PretrainingTensors): string {
  return tensorsDigest(tensors, (name) => name.startsWith('parameter.'));
}

function tensorsDigest(tensors: PretrainingTensors, counts: (name: string) => boolean): string {
  const hash = createHash('sha256');
  for (const name of [...tensors.keys()].filter(counts).toSorted()) {
    const values = tensors.get(name) as Float32Array;
    hash.update(name).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest('hex');
}
