import type { AdapterDescription } from '@icl-gd/gpu-kernels';
import type { DecoderConfig } from '@icl-gd/transformer';
import type { DemonstrationSet } from '../../tasks/prompts/choose-demonstrations.ts';
import type { PreparedRun } from '../../tasks/prompts/prepare-run.ts';
import { weightsOfProducts } from './work.ts';

/** How much of a run is measured. */
export interface SampleSize {
  /** Of a trial. */
  readonly queries: number;
  /** Demonstrations of each training. */
  readonly steps: number;
  /** Trainings that are done together. */
  readonly trainings: number;
  /** Of trials that are measured, in products with weights; one is measured in any case. */
  readonly flop: number;
}

/** Few enough to be quick, enough to fill a pass. */
const QUERIES = { fewest: 8, most: 64 } as const;
const STEPS = 4;
/** Some seconds. */
const FLOP = { software: 1e11, hardware: 1e13 } as const satisfies Record<AdapterDescription['kind'], number>;
/** Of all that, for the queries of one setting. */
const SHARE_OF_QUERIES = 1 / 4;

export function sampleSize(
  config: DecoderConfig,
  { kind }: Pick<AdapterDescription, 'kind'>,
  runs: readonly PreparedRun[],
): SampleSize {
  const flop = FLOP[kind];
  const flopOfToken = 2 * weightsOfProducts(config);
  const mean = (items: readonly { readonly tokens: readonly number[] }[]): number =>
    items.reduce((all, { tokens }) => all + 1 + tokens.length, 0) / items.length;
  const query = mean(runs.flatMap(({ queries }) => queries));
  const demonstration = mean(runs.flatMap((own) => own.fineTuningDemonstrations));
  const asked = Math.floor((SHARE_OF_QUERIES * flop) / (flopOfToken * query));
  const trainings = Math.floor(flop / (3 * flopOfToken * STEPS * demonstration));
  return {
    queries: Math.max(QUERIES.fewest, Math.min(QUERIES.most, asked)),
    steps: STEPS,
    trainings: Math.max(1, trainings),
    flop,
  };
}

/** The first queries and demonstrations of what was prepared; the context whole. */
export function sampleOf(prepared: PreparedRun, size: SampleSize): PreparedRun {
  const { queries, gold, validationRows, chosen } = prepared;
  const shorten = <T extends Pick<DemonstrationSet, 'fineTuningDemonstrations' | 'fineTuningRows'>>(
    own: T,
  ): T => ({
    ...own,
    fineTuningDemonstrations: own.fineTuningDemonstrations.slice(0, size.steps),
    fineTuningRows: own.fineTuningRows.slice(0, size.steps),
  });
  return {
    ...shorten(prepared),
    queries: queries.slice(0, size.queries),
    gold: gold.slice(0, size.queries),
    validationRows: validationRows.slice(0, size.queries),
    ...(chosen
      ? { chosen: new Map([...chosen].map(([id, own]) => [id, 'unavailable' in own ? own : shorten(own)])) }
      : {}),
  };
}
