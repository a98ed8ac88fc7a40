import type { DecoderConfig, Model } from '@icl-gd/transformer';
import type { Trainings } from './lockstep/trainings.ts';
import type { Trial } from './plan.ts';
import type { RecordStore } from './record-store.ts';
import type { Scoring } from './scoring/scoring.ts';
import type { Tally } from './tally.ts';
import type { TrainingMeasures } from './training/cells.ts';

/** What running trials needs beside their plans. */
export interface TrialRunnerOptions {
  readonly store: RecordStore;
  readonly tally: Tally;
  readonly config: DecoderConfig;
  /** Name of the model, as the tables have it. */
  readonly modelName: string;
  readonly tokenBudget?: number;
  readonly releasedNorms: boolean;
  readonly noiseFloor: boolean;
  /** What is measured by training once more; nothing if absent. */
  readonly training?: TrainingMeasures;
  /** Compute every cell once more, whatever records exist. */
  readonly fresh: boolean;
  /** Keys of records written since `fresh` was asked for; added to. */
  readonly written: Set<string>;
  /** Whether every setting's probes have to be on disk when a trial ends. */
  readonly keepAllProbes: boolean;
  readonly loadModel: (trial: Trial) => Promise<Model>;
  readonly trainings: Trainings;
  readonly scoring: Scoring;
  readonly onWork: (units: number, doing: string) => void;
  /** Ends training and probing. */
  readonly signal?: AbortSignal | undefined;
}
