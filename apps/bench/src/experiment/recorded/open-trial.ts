import { UserError } from '@icl-gd/gpu-kernels/errors';
import type { ProbeArrays } from '@icl-gd/metrics';
import { counted } from '../../terminal/words.ts';
import type { RecordedTrial } from './recorded-trials.ts';
import { type Recording, openRecording } from './recording.ts';

/**
 * Opens the recordings of a trial: the same examples, in the same order, of the same sizes in every setting.
 * @throws UserError naming the two that disagree
 */
export async function openTrial({ settings }: RecordedTrial): Promise<ReadonlyMap<string, Recording>> {
  const recordings = new Map<string, Recording>();
  for (const [setting, tensors] of settings) {
    const own = await openRecording(setting, tensors, recordings.get('ZSL'));
    const [first] = recordings.values();
    recordings.set(setting, first ? inOrderOf(first, own) : own);
  }
  const golden = [...recordings.values()].find(({ gold }) => gold);
  for (const { gold, setting, path } of recordings.values())
    if (golden && gold && `${gold}` !== `${golden.gold}`)
      throw new UserError(
        `${path}: ${setting} has other right classes (gold) than ${golden.setting} in ${golden.path}`,
      );
  return recordings;
}

/** @throws UserError if the second is of other examples than the first */
function inOrderOf(first: Recording, own: Recording): Recording {
  const where = `${own.path}: ${own.setting}`;
  const others = `${first.setting} (${first.path})`;
  const missing = first.examples.find((example) => !own.examples.includes(example));
  if (missing !== undefined || own.examples.length !== first.examples.length)
    throw new UserError(
      missing === undefined
        ? `${where} is of ${counted(own.examples.length, 'example')}, ${others} of ${first.examples.length}: every setting must have the same`
        : `${where} lacks example ${missing} of ${others}: every setting must have the same`,
    );
  for (const size of ['layers', 'heads', 'dModel'] as const)
    if (own.shape[size] !== first.shape[size])
      throw new UserError(`${where} has ${size} ${own.shape[size]}, ${others} has ${first.shape[size]}`);
  const order = first.examples.map((example) => own.examples.indexOf(example));
  const ordered = <T>(list: readonly T[]): T[] => order.map((place) => list[place] as T);
  const queryLengths = ordered(own.queryLengths);
  const other = queryLengths.findIndex((length, i) => length !== first.queryLengths[i]);
  if (other >= 0)
    throw new UserError(
      `${where} has m towards ${queryLengths[other]} tokens in example ${first.examples[other]}, ${others} towards ${first.queryLengths[other]}: m is towards the tokens of the query alone, without BOS and demonstrations`,
    );
  return {
    ...own,
    examples: first.examples,
    queryLengths,
    optionLogProbs: own.optionLogProbs && ordered(own.optionLogProbs),
    nextTokens: own.nextTokens && ordered(own.nextTokens),
    gold: own.gold && ordered(own.gold),
    read: async () => ordered(await own.read()),
  };
}

/** h and m of the settings that are compared at the moment; the others are let go. */
export class HeldProbes {
  readonly #recordings: ReadonlyMap<string, Recording>;
  #held: ReadonlyMap<string, readonly ProbeArrays[]> = new Map();

  constructor(recordings: ReadonlyMap<string, Recording>) {
    this.#recordings = recordings;
  }

  /** Reads what is not held of the settings, as far as it was recorded. */
  async hold(settings: readonly string[]): Promise<void> {
    const kept = [...this.#held].filter(([setting]) => settings.includes(setting));
    this.#held = new Map(kept);
    for (const setting of settings) {
      const recording = this.#recordings.get(setting);
      if (recording && !this.#held.has(setting)) {
        const own = await recording.read();
        this.#requireLengths(recording, own);
        this.#held = new Map([...this.#held, [setting, own]]);
      }
    }
  }

  /** What a stack is filled up with is known once it is read. */
  #requireLengths({ setting, path, examples }: Recording, own: readonly ProbeArrays[]): void {
    for (const [other, probes] of this.#held) {
      const at = own.findIndex(
        ({ attentionScores }, i) => attentionScores.length !== probes[i]?.attentionScores.length,
      );
      if (at >= 0)
        throw new UserError(
          `${path}: ${setting} has m towards another number of tokens than ${other} in example ${examples[at]}`,
        );
    }
  }

  get(setting: string): readonly ProbeArrays[] | undefined {
    return this.#held.get(setting);
  }
}
