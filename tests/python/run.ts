import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SafetensorsFile } from '@icl-gd/transformer';
import { fixtures, iclGd, readCsv } from '../golden.ts';

/*
 * `ICL_GD_PYTHON=python3 npm run test:python`: runs the examples in Python, with an interpreter that has their requirements.
 * What PyTorch records is scored and compared with the golden numbers, and with the probes that npm test scores.
 */
const ROOT = join(import.meta.dirname, '../..');
const EXAMPLES = join(ROOT, 'examples/python');
const PYTHON = process.env['ICL_GD_PYTHON'] ?? 'python3';
/** Of what PyTorch computes in float32 on one machine and another; the golden metrics are met to 1e-4. */
const [RECORDED, METRIC] = [1e-4, 1e-4];
const TEMPLATES: Readonly<Record<string, string>> = {
  'own-text-gpt2': 'Review: {text} Sentiment:',
  'own-text-xglm': 'Sentence: {sentence} Label:',
};

const folder = mkdtempSync(join(tmpdir(), 'icl-gd-python-'));
const python = (file: string, ...args: string[]): string =>
  execFileSync(PYTHON, [join(EXAMPLES, file), ...args], { encoding: 'utf8', cwd: ROOT });

function requireClose(
  what: string,
  own: readonly number[],
  expected: readonly number[],
  tolerance: number,
): void {
  const worst = own.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
  if (own.length !== expected.length || !(worst <= tolerance))
    throw new Error(`${what}: ${own.length} numbers for ${expected.length}, off by ${worst}`);
  console.log(`${what}: ${own.length} numbers, off by at most ${worst.toExponential(1)}`);
}

try {
  for (const { name, model, data, golden, run } of fixtures().filter(
    (fixture) => fixture.name in TEMPLATES,
  )) {
    const [probes, out] = [join(folder, name), join(folder, `${name}-scored`)];
    python(
      'record_probes.py',
      ...['--model', model, '--data', join(data, run.dataset), '--template', TEMPLATES[name] as string],
      ...['--label-words', 'Negative,Positive', '--shots', `${run.k}`, '--seed', `${run.seed}`],
      ...['--permutation', `${run.permutation}`, '--examples', `${run.examples}`],
      ...['--learning-rate', `${run.lr}`, '--probe', run.probe, '--out', probes],
    );
    for (const setting of ['ZSL', 'ICL', 'GD', 'LCGD']) {
      const kept = join(ROOT, 'tests/fixtures/pytorch-probes', name, `${setting}.safetensors`);
      const [own, expected] = [await floats(join(probes, `${setting}.safetensors`)), await floats(kept)];
      requireClose(`${name} ${setting}`, own, expected, RECORDED);
    }
    const { code, stderr } = await iclGd(['score', '--probes', probes, '--out', out]);
    if (code !== 0) throw new Error(stderr);
    const scored = readCsv(join(out, 'layerwise.csv'));
    const expected = readCsv(join(golden, 'layerwise.csv'));
    const found = expected.map((row) =>
      scored.find((own) => ['method', 'metric', 'layer'].every((key) => own[key] === row[key])),
    );
    const values = (rows: readonly (Readonly<Record<string, string>> | undefined)[]) =>
      rows.map((row) => Number(row?.['value']));
    requireClose(`${name} layerwise.csv`, values(found), values(expected), METRIC);

    const printed = python('read_run.py', out);
    if (!printed.includes('SimAOU by layer')) throw new Error(printed);
    python('plot_similarity.py', out, join(out, 'simaou.png'), 'simaou');
    if (statSync(join(out, 'simaou.png')).size < 5000) throw new Error('plot_similarity.py drew nothing');
    console.log(`${name}: read_run.py and plot_similarity.py ran`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** h and m of a recording, in the order of their names. */
async function floats(path: string): Promise<number[]> {
  const file = await SafetensorsFile.open(path);
  const names = [...file.tensors.keys()].filter((name) => name === 'h' || name.startsWith('m.'));
  const values: number[] = [];
  for (const name of names.toSorted()) values.push(...(await file.read(name)));
  return values;
}
