import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeSafetensors } from '@icl-gd/transformer';
import { ROOT } from '../../scripts/packing/packages.ts';
import type { Fixture } from '../golden.ts';

/** A file of examples/, and how its comment says that it is run. */
export interface ExampleFile {
  /** Below examples/. */
  readonly file: string;
  readonly code: string;
  /** The program (`node` or `icl-gd`) and its arguments; `…` stands for a model and data of the reader's. */
  readonly command: readonly string[];
}

/** Each file with the command in its comment. */
export function exampleFiles(): ExampleFile[] {
  const files = ['.', 'learners'].flatMap((folder) =>
    readdirSync(join(ROOT, 'examples', folder))
      .filter((name) => name.endsWith('.ts'))
      .map((name) => (folder === '.' ? name : `${folder}/${name}`)),
  );
  return files.map((file) => {
    const code = readFileSync(join(ROOT, 'examples', file), 'utf8');
    const [, line] = /^ \* {3}(?:npx )?((?:node|icl-gd) .*)$/m.exec(code) ?? [];
    if (line === undefined) throw new Error(`examples/${file} does not say how it is run`);
    return { file, code, command: words(line) };
  });
}

/** Words of a command line, quotes taken off. */
function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? (plain as string));
}

/** Puts into a project what the examples read: themselves, and activations in the forms of their comments. */
export async function writeInputs(folder: string, fixture: Fixture): Promise<void> {
  cpSync(join(ROOT, 'examples'), join(folder, 'examples'), {
    ...{ recursive: true, filter: (path) => !path.includes('node_modules') },
  });
  const random = (length: number, seed: number): Float32Array =>
    Float32Array.from({ length }, (_, i) => Math.sin((i + 1) * (seed + 1.5)));
  for (const [i, name] of ['icl', 'zsl', 'ft', 'gd'].entries()) {
    writeFileSync(join(folder, `${name}.f32`), new Uint8Array(random(2 * 24 * 2048, i).buffer));
    await writeSafetensors(join(folder, `${name}.safetensors`), [
      { name: 'h.0', shape: [2, 8], data: random(16, i), dtype: 'float32' },
      { name: 'm.0', shape: [2, 2, 5], data: random(20, i), dtype: 'float32' },
    ]);
  }
  mkdirSync(join(folder, 'model'), { recursive: true });
  cpSync(fixture.model, join(folder, 'model'), { recursive: true });
  cpSync(fixture.data, join(folder, 'data'), { recursive: true });
}
