import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Probe } from '@icl-gd/methods';
import { hasCode, linkWhole, removeFile, storageError, writeWhole } from '@icl-gd/transformer/files';
import { z } from 'zod';
import type { CellAddress, CellParts } from './cell.ts';
import { type ProbeRead, type ProbeWrite, readProbes, writeProbes } from './probe-file.ts';

const FOLDER = 'records';
/** What follows a record's title. */
const KEY = /^-([0-9a-f]{32})\.json$/;

const envelope = z.object({
  cell: z.looseObject({}),
  parts: z.object({
    environment: z.record(z.string(), z.string()),
    choices: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  }),
  result: z.unknown(),
});

/** In words, for a record that is of the same cell but was made under other circumstances. */
const CIRCUMSTANCES: Readonly<Record<keyof CellParts['environment'], string>> = {
  format: 'another version of this program',
  code: 'other code or kernels',
  scores: 'other metrics',
  learner: 'another learner file',
  adapter: 'another adapter',
  model: 'other model files',
};

type Log = (line: string) => void;
/** What names a record's files. */
type Stem = Pick<CellAddress, 'title' | 'key'>;

/**
 * Finished cells on disk: `records/<title>-<key>.json`, and beside it `.safetensors` with the probes. Each file is written
 * in one step: a killed run leaves only whole ones, and perhaps one of another name that is not read.
 */
export class RecordStore {
  readonly #folder: string;
  readonly #log: Log;
  #names: Set<string> | undefined;

  /** @param log told of records that are damaged */
  constructor(out: string, log: Log) {
    this.#folder = join(out, FOLDER);
    this.#log = log;
  }

  /** Names of the files that are there, of records and of probes. */
  names(): readonly string[] {
    return [...this.#list()];
  }

  /** Looks at the folder again: another run may have written into it. */
  refresh(): void {
    this.#names = undefined;
  }

  /** Whether there is a record, without looking into it. */
  has(address: CellAddress): boolean {
    return this.#list().has(`${stem(address)}.json`);
  }

  /** A record that is absent gives undefined; one that cannot be read as well, with a warning. */
  async read<T>(address: CellAddress, schema: z.ZodType<T>): Promise<T | undefined> {
    if (!this.has(address)) return undefined;
    const record = schema.safeParse((await this.#envelope(address))?.result);
    if (record.success) return record.data;
    this.#log(`WARNING: ${this.#path(address)} is damaged; computing it again`);
    return undefined;
  }

  /** @throws RangeError for a number that is not finite: JSON has none */
  async write(address: CellAddress, result: unknown): Promise<void> {
    const { cell, parts } = address;
    const text = JSON.stringify({ cell, parts, result }, (name, value: unknown) => {
      if (typeof value === 'number' && !Number.isFinite(value))
        throw new RangeError(`the record of ${address.title}: ${name} is ${value}`);
      return value;
    });
    await writeWhole(this.#path(address), text);
    this.#list().add(`${stem(address)}.json`);
  }

  /** Whether a cell's h and m were kept. */
  hasProbes(address: CellAddress): boolean {
    return this.#list().has(`${stem(address)}.safetensors`);
  }

  /** h and m of every example; undefined with a warning if they cannot be read. */
  async readProbes(address: CellAddress, expected: ProbeRead): Promise<Probe[] | undefined> {
    const path = this.#probePath(address);
    try {
      return await readProbes(path, expected);
    } catch {
      this.#log(`WARNING: ${path} is damaged; computing it again`);
      return undefined;
    }
  }

  async writeProbes(address: CellAddress, content: ProbeWrite): Promise<void> {
    await writeProbes(this.#probePath(address), address, content);
    this.#list().add(`${stem(address)}.safetensors`);
  }

  /**
   * An older record of the same cell whose probes serve still: nothing but the metrics differs.
   * @param schema of the record
   */
  async findUnscored<T>(
    address: CellAddress,
    schema: z.ZodType<T>,
  ): Promise<{ readonly record: T; readonly address: CellAddress } | undefined> {
    for (const same of this.#sameTitle(address)) {
      const own = await this.#envelope(same);
      const parts = own?.parts as CellParts | undefined;
      if (!parts || differing(parts, address.parts).join() !== 'scores') continue;
      const older = { ...address, ...same, parts };
      const record = schema.safeParse(own?.result);
      if (record.success && this.hasProbes(older)) return { record: record.data, address: older };
    }
    return undefined;
  }

  /** Puts a cell's probes under another name, without a copy where the file system can do that. */
  async linkProbes(address: CellAddress, target: string): Promise<void> {
    await linkWhole(this.#probePath(address), target);
  }

  async discardProbes(address: CellAddress): Promise<void> {
    if (!this.#list().delete(`${stem(address)}.safetensors`)) return;
    await removeFile(this.#probePath(address));
  }

  /**
   * Says of which cells there are records that cannot serve, and why: made by other code, on another adapter, of other
   * model files. Records of other settings are passed over without a word.
   */
  async reportPassedOver(planned: readonly CellAddress[]): Promise<void> {
    const addresses = [...new Map(planned.map((address) => [address.key, address])).values()];
    const reasons = new Map<string, number>();
    for (const address of addresses) {
      if (this.has(address)) continue;
      const found = await Promise.all(
        this.#sameTitle(address).map(async (same) => {
          const parts = (await this.#envelope(same))?.parts as CellParts | undefined;
          return parts ? differing(parts, address.parts) : [];
        }),
      );
      const circumstances = found.find((own) => own.length > 0);
      if (!circumstances) continue;
      const reason = circumstances.map((part) => CIRCUMSTANCES[part]).join(', ');
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
    for (const [reason, count] of reasons)
      this.#log(
        `${count} ${count === 1 ? 'record was' : 'records were'} made with ${reason}: passed over, ${reason === CIRCUMSTANCES.scores ? 'scoring again what is kept' : 'computing again'}`,
      );
    const older = [...this.#list()].filter((name) => /^[0-9a-f]{32}\.json$/.test(name)).length;
    if (older > 0)
      this.#log(
        `${older} ${older === 1 ? 'record is' : 'records are'} of an older version of this program: passed over`,
      );
  }

  /** Records under a title, whatever their keys. */
  #sameTitle({ title }: CellAddress): Stem[] {
    return [...this.#list()].flatMap((name) => {
      const key = name.startsWith(title) ? KEY.exec(name.slice(title.length))?.[1] : undefined;
      return key === undefined ? [] : [{ title, key }];
    });
  }

  async #envelope(record: Stem): Promise<z.infer<typeof envelope> | undefined> {
    try {
      return envelope.parse(JSON.parse(await readFile(this.#path(record), 'utf8')));
    } catch {
      return undefined;
    }
  }

  #list(): Set<string> {
    this.#names ??= new Set(existingNames(this.#folder));
    return this.#names;
  }

  #path(address: Stem): string {
    return join(this.#folder, `${stem(address)}.json`);
  }

  #probePath(address: CellAddress): string {
    return join(this.#folder, `${stem(address)}.safetensors`);
  }
}

function stem({ title, key }: Stem): string {
  return `${title}-${key}`;
}

function existingNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw storageError(folder, error);
  }
}

/** Circumstances that differ between two records of one cell; none where their choices differ. */
function differing(a: CellParts, b: CellParts): (keyof CellParts['environment'])[] {
  if (JSON.stringify(a.choices) !== JSON.stringify(b.choices)) return [];
  const parts = Object.keys(CIRCUMSTANCES) as (keyof CellParts['environment'])[];
  return parts.filter((part) => a.environment[part] !== b.environment[part]);
}
