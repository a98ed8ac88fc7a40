/** Options of `icl-gd run` as typed. */
export interface RawRunOptions {
  readonly model: string;
  readonly data: string;
  readonly taskFile: readonly string[];
  readonly datasets: string;
  readonly methods: string;
  readonly learnerFile: readonly string[];
  readonly variants: string;
  readonly shots: string;
  readonly seeds: string;
  readonly permutation: string;
  readonly fineTuningOrder: string;
  readonly examples: string;
  readonly learningRate: string;
  readonly probe: string;
  readonly adapter: string;
  readonly out: string;
  readonly preset: string;
  readonly initSeed: string;
  readonly tokenBudget: string;
  readonly dtype: string;
  readonly memoryBudget: string;
  readonly checkOnly: boolean;
  readonly saveProbes: boolean;
  readonly discardProbes: boolean;
  readonly fresh: boolean;
  readonly releasedNorms: boolean;
  readonly dryRun: boolean;
  readonly noiseFloor: boolean;
}
