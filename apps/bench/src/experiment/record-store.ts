import { readdirSync } from 'node:fs';
import { link, mkdir, copyFile, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Probe } from '@icl-gd/methods';
import { z } from 'zod';
import type { CellAddress, CellParts } from './cell.ts';
import { type ProbeRead, type ProbeWrite, readProbes, writeProbes } from './probe-file.ts';

const FOLDER = 'records';
const KEY = /-([0-9a-f]{32})\.json$/;

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
  adapter: 'another adapter',
  model: 'other model files',
};

type Log = (line: string) => void;

/**
 * Finished cells on disk: `records/<title>-<key>.json`, and beside it `.safetensors` with the probes. Each file is written
 * in one step: a killed run leaves only whole ones.
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

  /** Whether there is a record, without looking into it. */
  has(address: CellAddress): boolean {
    return this.#list().has(`${stem(address)}.json`);
  }

  /** A record that is absent gives undefined; one that cannot be read as well, with a warning. */
  async read<T>(address: CellAddress, schema: z.ZodType<T>): Promise<T | undefined> {
    if (!this.has(address)) return undefined;
    const path = this.#path(address);
    try {
      return schema.parse(envelope.parse(JSON.parse(await readFile(path, 'utf8'))).result);
    } catch {
      this.#log(`WARNING: ${path} is damaged; computing it again`);
      return undefined;
    }
  }

  async write(address: CellAddress, result: unknown): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const { cell, parts } = address;
    const path = this.#path(address);
    await writeFile(`${path}.partial`, JSON.stringify({ cell, parts, result }));
    await rename(`${path}.partial`, path);
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

  async writeProbes(address: CellAddress, content: Omit<ProbeWrite, 'setting'>): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    await writeProbes(this.#probePath(address), { setting: address.cell.setting, ...content });
    this.#list().add(`${stem(address)}.safetensors`);
  }

  /** Puts a cell's probes under another name, without a copy where the file system can do that. */
  async linkProbes(address: CellAddress, target: string): Promise<void> {
    await mkdir(dirname(target), { recursive: true });
    await rm(target, { force: true });
    await link(this.#probePath(address), target).catch(() => copyFile(this.#probePath(address), target));
  }

  async discardProbes(address: CellAddress): Promise<void> {
    if (!this.#list().delete(`${stem(address)}.safetensors`)) return;
    await rm(this.#probePath(address), { force: true });
  }

  /**
   * Says of which cells there are records that cannot serve, and why: made by other code, on another adapter, of other
   * model files. Records of other settings are passed over without a word.
   */
  async reportPassedOver(addresses: readonly CellAddress[]): Promise<void> {
    const byTitle = Map.groupBy(
      [...this.#list()].filter((name) => KEY.test(name)),
      (name) => name.replace(KEY, ''),
    );
    const reasons = new Map<string, number>();
    for (const address of addresses) {
      if (this.has(address)) continue;
      const found = await Promise.all(
        (byTitle.get(address.title) ?? []).map((name) => this.#circumstances(name, address)),
      );
      const reason = found.find((each) => each !== undefined);
      if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
    for (const [reason, count] of reasons)
      this.#log(
        `${count} ${count === 1 ? 'record was' : 'records were'} made with ${reason}: passed over, computing again`,
      );
    const older = [...this.#list()].filter((name) => /^[0-9a-f]{32}\.json$/.test(name)).length;
    if (older > 0)
      this.#log(
        `${older} ${older === 1 ? 'record is' : 'records are'} of an older version of this program: passed over`,
      );
  }

  /** What differs, in words, if a record is of the same cell under other circumstances. */
  async #circumstances(name: string, { parts }: CellAddress): Promise<string | undefined> {
    let own: z.infer<typeof envelope>['parts'];
    try {
      own = envelope.parse(JSON.parse(await readFile(join(this.#folder, name), 'utf8'))).parts;
    } catch {
      return undefined;
    }
    if (JSON.stringify(own.choices) !== JSON.stringify(parts.choices)) return undefined;
    const differing = Object.entries(CIRCUMSTANCES).filter(
      ([part]) => own.environment[part] !== parts.environment[part as keyof typeof CIRCUMSTANCES],
    );
    return differing.length === 0 ? undefined : differing.map(([, words]) => words).join(', ');
  }

  #list(): Set<string> {
    this.#names ??= new Set(existingNames(this.#folder));
    return this.#names;
  }

  #path(address: CellAddress): string {
    return join(this.#folder, `${stem(address)}.json`);
  }

  #probePath(address: CellAddress): string {
    return join(this.#folder, `${stem(address)}.safetensors`);
  }
}

function stem({ title, key }: CellAddress): string {
  return `${title}-${key}`;
}

function existingNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
