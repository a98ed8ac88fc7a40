import type { Mutant } from '../mutant.ts';
import { mutants as attention } from './attention.ts';
import { mutants as decoder } from './decoder.ts';
import { mutants as evaluation } from './evaluation.ts';
import { mutants as families } from './families.ts';
import { mutants as files } from './files.ts';
import { mutants as fusions } from './fusions.ts';
import { mutants as kernels } from './kernels.ts';
import { mutants as lockstep } from './lockstep.ts';
import { mutants as longRuns } from './long-runs.ts';
import { mutants as matmul } from './matmul.ts';
import { mutants as metrics } from './metrics.ts';
import { mutants as model } from './model.ts';
import { mutants as options } from './options.ts';
import { mutants as probes } from './probes.ts';
import { mutants as prompts } from './prompts.ts';
import { mutants as rates } from './rates.ts';
import { mutants as recordings } from './recordings.ts';
import { mutants as records } from './records.ts';
import { mutants as reductions } from './reductions.ts';
import { mutants as sources } from './sources.ts';
import { mutants as tables } from './tables.ts';
import { mutants as tokenizer } from './tokenizer.ts';
import { mutants as tokenizerSteps } from './tokenizer-steps.ts';
import { mutants as training } from './training.ts';
import { mutants as trainingAttention } from './training-attention.ts';
import { mutants as trials } from './trials.ts';
import { mutants as verdicts } from './verdicts.ts';

/** All mutants by the area of the code that they are in. */
export const areas: Readonly<Record<string, readonly Mutant[]>> = {
  attention,
  decoder,
  evaluation,
  families,
  files,
  fusions,
  kernels,
  lockstep,
  longRuns,
  matmul,
  metrics,
  model,
  options,
  probes,
  prompts,
  rates,
  recordings,
  records,
  reductions,
  sources,
  tables,
  tokenizer,
  tokenizerSteps,
  training,
  trainingAttention,
  trials,
  verdicts,
};
