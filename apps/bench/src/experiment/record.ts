import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Method } from './plan.ts';

/** What a noise floor is measured with; see noise-floor.ts. */
const PERTURBATIONS = ['summation-order', 'float16-weights', 'float16-activations'] as const;

const scores = z.object({
  /** By layer; null where every cosine is undefined. */
  values: z.array(z.number().nullable()),
  undefinedCounts: z.array(z.number()),
  /** By example: its mean over layers; null where it has no defined cosine. */
  examples: z.array(z.number().nullable()),
  /** 95 % bootstrap interval over examples of the mean over layers. */
  interval: z.object({ lower: z.number(), upper: z.number() }).nullable(),
});

const prediction = z.object({ predicted: z.number(), optionLogProbs: z.array(z.number()) });

const trainingStep = z.object({
  gradientNorms: z.array(z.number()),
  losses: z.array(z.number()),
  releasedGradientNorms: z.array(z.number()).exactOptional(),
});

const finished = z.object({
  status: z.literal('finished'),
  metrics: z.record(z.string(), scores),
  predictions: z.array(prediction),
  training: z.array(trainingStep),
});

const diverged = z.object({ status: z.literal('diverged'), message: z.string() });

const methodRecord = z.discriminatedUnion('status', [finished, diverged]);

const noise = z.object({
  perturbation: z.enum(PERTURBATIONS),
  /** GD, LCGD or `-`. */
  method: z.string(),
  metric: z.string(),
  /** The layer mean without and with the perturbation; null where undefined or diverged. */
  value: z.number().nullable(),
  perturbed: z.number().nullable(),
  /** Root mean square, over examples, of the change of an example's layer mean. */
  exampleChange: z.number().nullable(),
  /** Largest absolute change of a layer's score. */
  layerChange: z.number().nullable(),
});

const groupRecord = z.object({
  gold: z.array(z.number()),
  /** Metrics that belong to no method: simaou_random, simam_zsl, and alpha where both methods finished. */
  metrics: z.record(z.string(), scores),
  zeroShot: z.array(prediction),
  inContext: z.array(prediction),
  methods: z.record(z.string(), methodRecord),
  noiseFloor: z.array(noise).exactOptional(),
});

/** Per layer, as computed from the probes. */
export type ScoreRecord = z.infer<typeof scores>;
export type NoiseRecord = z.infer<typeof noise>;
export type PredictionRecord = z.infer<typeof prediction>;
export type MethodRecord = z.infer<typeof methodRecord>;
export type FinishedMethod = z.infer<typeof finished>;
/** Everything that the tables need to know of a finished {@link Group}. */
export type GroupRecord = z.infer<typeof groupRecord>;

/** Counted up when records hold more than before, so that older ones are computed again without a warning. */
const RECORD_FORMAT = 2;

/** Name of a record: a hash of all that determines its numbers. */
export function recordKey(parts: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([RECORD_FORMAT, parts]))
    .digest('hex')
    .slice(0, 32);
}

/** Finished groups on disk, each written in one step: a killed run leaves only whole records. */
export class RecordStore {
  readonly #folder: string;

  constructor(out: string) {
    this.#folder = join(out, 'records');
  }

  /** A record that is absent gives undefined; one that cannot be read as well, with a warning. */
  async read(key: string, warn: (line: string) => void): Promise<GroupRecord | undefined> {
    const path = this.#path(key);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch {
      return undefined;
    }
    try {
      return groupRecord.parse(JSON.parse(text));
    } catch {
      warn(`${path} is damaged; computing it again`);
      return undefined;
    }
  }

  async write(key: string, record: GroupRecord): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const path = this.#path(key);
    await writeFile(`${path}.partial`, JSON.stringify(record));
    await rename(`${path}.partial`, path);
  }

  #path(key: string): string {
    return join(this.#folder, `${key}.json`);
  }
}

export function finishedMethod(record: GroupRecord, method: Method): FinishedMethod | undefined {
  const entry = record.methods[method];
  return entry?.status === 'finished' ? entry : undefined;
}
