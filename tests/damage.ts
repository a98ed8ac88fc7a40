import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandResult, type Fixture, fixtures, runArguments } from './golden.ts';

/** A fixture's copy in a temporary folder, free to be damaged. */
export class FixtureCopy implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'icl-gd-copy-'));
  readonly out = join(this.folder, 'out');
  readonly #fixture: Fixture;

  constructor(name: string) {
    const original = fixtures().find((fixture) => fixture.name === name);
    if (!original) throw new Error(`no fixture ${name}`);
    cpSync(original.model, this.model, { recursive: true });
    cpSync(original.data, this.data, { recursive: true });
    this.#fixture = { ...original, model: this.model, data: this.data };
  }

  get model(): string {
    return join(this.folder, 'model');
  }

  get data(): string {
    return join(this.folder, 'data');
  }

  get golden(): string {
    return this.#fixture.golden;
  }

  /** The fixture's run on the copy; of an option given twice the last one counts. */
  arguments(...more: string[]): string[] {
    return [...runArguments(this.#fixture, this.out), ...more];
  }

  /** Rewrites a file below the copy. */
  edit(file: string, change: (text: string) => string): void {
    const path = join(this.folder, file);
    writeFileSync(path, change(readFileSync(path, 'utf8')));
  }

  /** Changes keys of config.json; undefined removes one. */
  editConfig(changes: Readonly<Record<string, unknown>>): void {
    this.edit('model/config.json', (text) => JSON.stringify({ ...(JSON.parse(text) as object), ...changes }));
  }

  /** Rewrites the checkpoint: `change` edits header and data in place. */
  editWeights(change: (header: TensorHeader, data: Buffer) => void): void {
    const path = join(this.model, 'model.safetensors');
    const { header, data } = splitSafetensors(readFileSync(path));
    change(header, data);
    const json = Buffer.from(JSON.stringify(header));
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(json.length));
    writeFileSync(path, Buffer.concat([prefix, json, data]));
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

type TensorHeader = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;

/** Takes a safetensors file apart, trusting it. */
function splitSafetensors(bytes: Buffer): { header: TensorHeader; data: Buffer } {
  const start = 8 + Number(bytes.readBigUInt64LE());
  return {
    header: JSON.parse(bytes.subarray(8, start).toString()) as TensorHeader,
    data: bytes.subarray(start),
  };
}

/** Values and shape of a float32 tensor of a safetensors file. */
export function readTensor(file: string, name: string): { shape: number[]; values: Float32Array } {
  const { header, data } = splitSafetensors(readFileSync(file));
  const entry = header[name];
  if (entry?.dtype !== 'F32') throw new Error(`${file}: no float32 tensor ${name}`);
  const bytes = Uint8Array.from(data.subarray(...entry.data_offsets));
  return { shape: entry.shape, values: new Float32Array(bytes.buffer) };
}

/** What the command says on stderr besides which adapter runs and what it will allocate. */
export function complaint({ stderr }: CommandResult): string[] {
  return stderr
    .split('\n')
    .filter(
      (line) =>
        line !== '' &&
        !/^(WARNING: no GPU|adapter: |memory plan: |disk plan: )|artificially reduced/.test(line),
    );
}
