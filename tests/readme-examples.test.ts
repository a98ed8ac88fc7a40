import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { gradientDescent, inContext, zeroShot } from '@icl-gd/methods';
import { layerMean, simAOU } from '@icl-gd/metrics';
import { loadModel, loadTokenizer } from '@icl-gd/transformer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestHub } from '../packages/transformer/src/hub/test-server.ts';
import { type CommandResult, type Fixture, fixtures, runNode } from './golden.ts';

const ROOT = join(import.meta.dirname, '..');
const IDS = /EleutherAI\/pythia-70m|openai-community\/gpt2/g;
/** Those of gpu-kernels are run by a test of its own. */
const PAGES = [
  'README.md',
  ...['transformer', 'methods', 'metrics'].map((name) => `packages/${name}/README.md`),
];
const { model: MODEL } = fixtures().find(({ name }) => name === 'own-text-gpt2') as Fixture;

const gpu = useGpu();
// Where the system's temporary folder is a link, tools name files by its target.
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'icl-gd-readmes-')));
const hub = new TestHub(MODEL);
const results = new Map<string, readonly CommandResult[]>();
const firstOf = (page: string): CommandResult => results.get(page)?.[0] as CommandResult;
beforeAll(async () => {
  const endpoint = await hub.start();
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
  writeActivations();
  const env = {
    ...process.env,
    ...{ HF_ENDPOINT: endpoint, HF_HOME: folder, HF_HUB_CACHE: '', HF_TOKEN: '', HF_HUB_OFFLINE: '' },
    ...{ ICL_GD_DEBUG: '', NO_COLOR: '1' },
  };
  await Promise.all(
    PAGES.map(async (page) => {
      const programs = examplesOf(page).map((text, i) => run(page, `${i}.mjs`, { text, env }));
      results.set(page, await Promise.all(programs));
    }),
  );
});
afterAll(async () => {
  await hub.stop();
  rmSync(folder, { recursive: true });
});

/** The examples of a page that are whole programs, as they are printed. */
function examplesOf(page: string): string[] {
  const blocks = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)];
  expect(blocks.length, page).toBeGreaterThan(0);
  return blocks.map(([, text]) => text as string);
}

const fileOf = (page: string, ending: string): string =>
  join(folder, `${page.replace(/\W+/g, '-')}.${ending}`);

/** Runs an example as plain JavaScript in a process of its own; the hub here has another model. */
function run(
  page: string,
  ending: string,
  { text, env }: { text: string; env: NodeJS.ProcessEnv },
): Promise<CommandResult> {
  const file = fileOf(page, ending);
  writeFileSync(file, text.replaceAll(IDS, 'own/model'));
  return runNode([file], { cwd: folder, env });
}

/** What the example of metrics reads: h of two examples in three settings. */
const activations = ['icl', 'zsl', 'gd'].map((_, setting) =>
  Array.from({ length: 2 }, (__, example) =>
    Float32Array.from({ length: 24 * 2048 }, (___, i) => Math.sin(i * (1 + setting) + example)),
  ),
);
function writeActivations(): void {
  for (const [i, name] of ['icl', 'zsl', 'gd'].entries())
    writeFileSync(
      join(folder, `${name}.f32`),
      Buffer.concat((activations[i] as Float32Array[]).map((h) => new Uint8Array(h.buffer))),
    );
}

it.each(PAGES)('the examples of %s run as printed, and the libraries print nothing of their own', (page) => {
  for (const { code, stderr, stdout } of results.get(page) ?? []) {
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).not.toBe('');
  }
});

it('the ten lines of README.md give what learners and metrics give one by one', async () => {
  const { stdout } = firstOf('README.md');
  const model = await loadModel(gpu(), MODEL);
  const tokenizer = await loadTokenizer(MODEL);
  const demonstrations = [{ tokens: tokenizer.encode('Review: what a joy . Sentiment: Positive') }];
  const tokens = tokenizer.encode('Review: a dull film . Sentiment:');
  const queries = [{ tokens, options: [tokenizer.encode(' Negative'), tokenizer.encode(' Positive')] }];
  const [zsl, icl, gd] = await Promise.all(
    [zeroShot, inContext, gradientDescent].map(async (learner) => {
      using adapted = await learner.adapt(model, demonstrations, { learningRate: 0.01 });
      return await adapted.probe(queries, { probeToken: 'prompt' });
    }),
  );
  const { values } = simAOU(icl!, zsl!, gd!, model.config);
  model.dispose();
  // Another adapter may round otherwise.
  const closely = values.map((value) => expect.closeTo(value as number, 3));
  expect(JSON.parse(stdout)).toEqual(closely);
});

it('the example of methods tells its progress and prints classes and losses', () => {
  const { stdout } = firstOf('packages/methods/README.md');
  const lines = stdout.split('\n');
  expect(lines.slice(0, 2)).toEqual(['1 of 2 demonstrations', '2 of 2 demonstrations']);
  for (const line of lines.slice(2, 5))
    expect(line).toMatch(/^\[ [01], [01] \] \[ -\d[\d.e-]*, -\d[\d.e-]* \]$/);
  const losses = JSON.parse(lines.slice(5).join('\n')) as number[][];
  const { n_layer: layers } = JSON.parse(readFileSync(join(MODEL, 'config.json'), 'utf8')) as {
    n_layer: number;
  };
  expect(losses.map((own) => own.length)).toEqual([layers, layers]);
});

it('the example of metrics scores the files that it reads', () => {
  const { stdout } = firstOf('packages/metrics/README.md');
  const [icl, zsl, gd] = activations.map((own) =>
    own.map((attentionOutput) => ({ attentionOutput, attentionScores: [] })),
  );
  const { values } = simAOU(icl!, zsl!, gd!, { layers: 24, heads: 32, dModel: 2048 });
  expect(Number.parseFloat(stdout)).toBeCloseTo(layerMean(values) as number, 12);
});

it('the example of transformer has h and m of every layer, and a step of training', () => {
  const { stdout } = firstOf('packages/transformer/README.md');
  expect(stdout).toMatch(/^\d+ \d+ Float32Array\(1\) \[ -\d/);
  expect(stdout).toContain('gradientNorms');
});

it('the examples are TypeScript without an error, too', () => {
  const files = PAGES.flatMap((page) =>
    examplesOf(page).map((text, i) => {
      const file = fileOf(page, `${i}.mts`);
      writeFileSync(file, text);
      return file;
    }),
  );
  const project = join(folder, 'tsconfig.json');
  writeFileSync(
    project,
    JSON.stringify({
      extends: join(ROOT, 'tsconfig.base.json'),
      // What a project has that is `strict` and no more.
      compilerOptions: {
        noUncheckedIndexedAccess: false,
        types: [join(ROOT, 'node_modules/@types/node'), join(ROOT, 'node_modules/@webgpu/types')],
      },
      files,
    }),
  );
  const { stdout, status } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', project], {
    encoding: 'utf8',
  });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});
