import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { writeSafetensors } from '@icl-gd/transformer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestHub } from '../packages/transformer/src/hub/test-server.ts';
import { FixtureCopy } from './damage.ts';
import { type CommandResult, type Fixture, fixtures, iclGd, readCsv, readJson, runNode } from './golden.ts';

const ROOT = join(import.meta.dirname, '..');
const EXAMPLES = join(ROOT, 'examples');
const fixture = fixtures().find(({ name }) => name === 'own-text-gpt2') as Fixture;
const folder = mkdtempSync(join(tmpdir(), 'icl-gd-examples-'));
const hub = new TestHub(fixture.model);
let endpoint: string;
beforeAll(async () => {
  endpoint = await hub.start();
});
afterAll(async () => {
  await hub.stop();
  rmSync(folder, { recursive: true });
});

interface GoldenProbe {
  readonly example_index: number;
  /** By setting [layers][d]. */
  readonly h: Readonly<Record<string, number[][]>>;
  /** By setting [layers][heads][tokens of the query]. */
  readonly m: Readonly<Record<string, number[][][]>>;
}
const golden = readJson(join(fixture.golden, 'probe.json')) as GoldenProbe;

/** Runs an example in a process of its own, as a user does. */
function runExample(file: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  return runNode([join(EXAMPLES, file), ...args], { env });
}

/** Lines of fields separated by tabs, without the first. */
const rowsOf = ({ stdout }: CommandResult): string[][] =>
  stdout
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'));

it('scores activations of PyTorch by layer as NumPy does', async () => {
  const files = await Promise.all(
    ['ICL', 'ZSL', 'LCGD'].map(async (setting) => {
      const [h, m] = [golden.h[setting] as number[][], golden.m[setting] as number[][][]];
      const shape = [m.length, m[0]?.length ?? 0, m[0]?.[0]?.length ?? 0];
      const file = join(folder, `${setting}.safetensors`);
      await writeSafetensors(file, [
        {
          name: 'h.0',
          shape: [h.length, h[0]?.length ?? 0],
          data: Float32Array.from(h.flat()),
          dtype: 'float32',
        },
        { name: 'm.0', shape, data: Float32Array.from(m.flat(2)), dtype: 'float32' },
      ]);
      return file;
    }),
  );
  const result = await runExample('score-pytorch-activations.ts', files);
  expect(result.stderr).toBe('');
  expect(result.code).toBe(0);
  const scores = Object.fromEntries(rowsOf(result).map(([id, , ...layers]) => [id, layers.map(Number)]));
  // Computed with NumPy from the same file; the activations here are rounded to float32.
  const numPy = {
    simaou: [0.4818531625835615, 0.11171945305020572],
    simaou_norm: [0.3906939177296208, 0.3465034236090625],
    simam: [0.8743196322834671, 0.6426552950016368],
    simam_delta: [-0.03803596168620819, 0.31414801655161223],
  };
  for (const [id, layers] of Object.entries(numPy))
    expect(scores[id], id).toEqual(layers.map((value) => expect.closeTo(value, 5)));
});

it('multiplies rows on a device of the user’s own as plain JavaScript does, and leaves nothing there', async () => {
  const { stdout, stderr, code } = await runExample('kernel-on-your-device.ts');
  expect(stdout, stderr).toBe('77000 products, 0 differ from plain JavaScript\n0 bytes left on the device\n');
  expect(code).toBe(0);
});

it('probes a model by directory and by hub id, with h and m of the golden fixture', async () => {
  const lines = readFileSync(join(fixture.data, fixture.run.dataset, 'validation.jsonl'), 'utf8').split('\n');
  const { text } = JSON.parse(lines[golden.example_index] as string) as { text: string };
  const prompt = `Review: ${text} Sentiment:`;
  const local = await runExample('probe-model.ts', [fixture.model, prompt]);
  expect(local.code, local.stderr).toBe(0);
  const { h, m } = { h: golden.h['ZSL'] as number[][], m: golden.m['ZSL'] as number[][][] };
  const expected = h.map((values, layer) => {
    const best = Math.max(...(m[layer] as number[][]).flat());
    const head = (m[layer] as number[][]).findIndex((scores) => scores.includes(best));
    return [layer, expect.closeTo(Math.hypot(...values), 4), expect.closeTo(best, 4), head];
  });
  const measured = rowsOf(local).map((fields) => fields.slice(0, 4).map(Number));
  expect(measured).toEqual(expected);
  const byId = await runExample('probe-model.ts', ['own/model@v1', prompt], {
    ...{ HF_ENDPOINT: endpoint, HF_HOME: folder, HF_HUB_CACHE: '', HF_TOKEN: '', HF_HUB_OFFLINE: '' },
  });
  expect(byId.stderr).toContain(`own/model at ${hub.commit}`);
  expect(byId.stdout).toBe(local.stdout);
});

it('learners/epochs.ts is GD in one epoch, and trains on every demonstration again in the next', async () => {
  using copy = new FixtureCopy('own-text-gpt2');
  const file = join(EXAMPLES, 'learners', 'epochs.ts');
  const two = ['Epochs[epochs=2]', 'Epochs[epochs=2,back]'];
  const methods = ['GD', 'Epochs', ...two].join(',');
  const result = await iclGd(
    copy.arguments(
      '--examples',
      '2',
      '--learner-file',
      file,
      '--methods',
      methods,
      '--learning-rate',
      '0.05',
    ),
  );
  expect(result.code, result.stderr).toBe(0);
  const scores = (method: string) =>
    readCsv(join(copy.out, 'layerwise.csv')).flatMap((row) =>
      row['method'] === method ? [`${row['metric']} ${row['layer']} ${row['value']}`] : [],
    );
  expect(scores('GD').length).toBeGreaterThan(0);
  expect(scores('Epochs')).toEqual(scores('GD'));
  expect(scores(two[0] as string)).not.toEqual(scores('GD'));
  expect(scores(two[1] as string)).not.toEqual(scores(two[0] as string));
  const training = readCsv(join(copy.out, 'training.csv'));
  const losses = (method: string) =>
    training.flatMap((row) =>
      row['method'] === method && row['layer'] === '0' ? [Number(row['loss'])] : [],
    );
  const { k } = fixture.run;
  expect(losses('GD')).toHaveLength(k);
  for (const method of two) {
    expect(losses(method)).toHaveLength(2 * k);
    expect(losses(method).slice(0, k)).toEqual(losses('GD'));
  }
  // The second time the first demonstration is known.
  expect(losses(two[0] as string)[k]).toBeLessThan(losses('GD')[0] as number);
});

it('README.md of the examples lists each of them', () => {
  const readme = readFileSync(join(EXAMPLES, 'README.md'), 'utf8');
  // The page for browsers is a project with a README of its own.
  const files = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.startsWith('browser'),
  );
  expect(files.length).toBeGreaterThan(4);
  expect(readme).toContain('](browser)');
  for (const file of files) expect(readme).toContain(`](${relative('.', file).replaceAll('\\', '/')})`);
});
