import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { tolerances } from '@icl-gd/gpu-kernels/testing';
import { type NamedTensor, SafetensorsFile, readSafetensors, writeSafetensors } from '@icl-gd/transformer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FixtureCopy } from './damage.ts';
import { type CommandResult, type Row, iclGd, readCsv, readJson, runNode, spawnIclGd } from './golden.ts';

const ROOT = join(import.meta.dirname, '..');
/** h is a few units of float32 that went through half a dozen operations. */
const METRIC = tolerances['run-metric'].f32.absolute;

/** The project of examples/plugins as a user has it, in a folder of its own outside of the repository. */
const project = mkdtempSync(join(tmpdir(), 'icl-gd-plugins-'));
const copy = new FixtureCopy('own-text-gpt2');
const source = (file: string): string => join(project, 'src', file);
afterAll(() => {
  copy[Symbol.dispose]();
  rmSync(project, { recursive: true });
});

beforeAll(async () => {
  cpSync(join(ROOT, 'examples', 'plugins'), project, { recursive: true });
  const modules = join(project, 'node_modules');
  const link = (name: string, from = join(ROOT, 'node_modules', name)): void => {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(from, join(modules, name), 'junction');
  };
  for (const name of ['bench', 'gpu-kernels', 'methods', 'metrics', 'transformer']) link(`@icl-gd/${name}`);
  for (const name of ['typescript', '@types/node', '@webgpu/types']) link(name);
  // Another copy than ours, as where versions differ.
  cpSync(join(ROOT, 'node_modules', 'zod'), join(modules, 'zod'), { recursive: true, dereference: true });
  await toNanoGpt(copy);
});

/** The fixture's model as nanoGPT would have stored it: linear layers [outputs, inputs], keys of its own. */
async function toNanoGpt({ model }: FixtureCopy): Promise<void> {
  const file = join(model, 'model.safetensors');
  const tensors = [...(await readSafetensors(file))].map(([name, { shape, data }]): NamedTensor => {
    const [inputs = 0, outputs = 0] = shape;
    if (!/\.c_(attn|proj|fc)\.weight$/.test(name)) return { name, shape, data, dtype: 'float32' };
    const transposed = data.map((_, i) => data[(i % inputs) * outputs + Math.floor(i / inputs)] ?? NaN);
    return { name, shape: [outputs, inputs], data: transposed, dtype: 'float32' };
  });
  const named = tensors.map((tensor) => ({
    ...tensor,
    name: `transformer.${tensor.name.replace(/^transformer\./, '')}`,
  }));
  await writeSafetensors(file, named);
  const config = readJson(join(model, 'config.json')) as Readonly<Record<string, number>>;
  writeFileSync(
    join(model, 'config.json'),
    JSON.stringify({
      ...{ model_type: 'nanogpt', gelu: 'tanh', block_size: config['n_positions'], dropout: 0 },
      ...{ n_layer: config['n_layer'], n_head: config['n_head'], n_embd: config['n_embd'] },
      vocab_size: config['vocab_size'],
      ...{ bos_token_id: config['bos_token_id'], eos_token_id: config['eos_token_id'] },
    }),
  );
}

function node(args: readonly string[]): Promise<CommandResult> {
  return runNode(args, { cwd: project });
}

it('is typed by the packages alone, strictly', async () => {
  const tsc = await node([join('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.json']);
  expect(tsc.stdout).toBe('');
  expect(tsc.code).toBe(0);
});

describe('a run with learners, metrics and a family from a project outside of the repository', () => {
  const files = {
    learners: ['--learner-file', source('task-vector.ts'), '--learner-file', source('momentum.ts')],
    metrics: ['--metric-file', source('update-size.ts')],
    family: ['--family-file', source('nanogpt.ts')],
  };
  const methods = 'gd,taskvector,taskvector[scale=2],momentum,momentum[momentum=0]';
  const IDS = ['GD', 'TaskVector', 'TaskVector[scale=2]', 'Momentum', 'Momentum[momentum=0]'];
  const run = (...more: string[]): Promise<CommandResult> =>
    spawnIclGd(copy.arguments('--methods', methods, ...files.learners, ...files.family, ...more));
  /** The same once more, in this process; nothing has to be computed. */
  const again = (...more: string[]): Promise<CommandResult> =>
    iclGd(copy.arguments('--methods', methods, ...files.learners, ...files.family, ...more));
  /** A copy of the metric's file that computes something else. */
  const withRatio = (name: string, ratio: string): string => {
    const text = readFileSync(source('update-size.ts'), 'utf8');
    writeFileSync(source(name), text.replace('change(tuned) / change(own)', ratio));
    return source(name);
  };
  const table = (file: string): Row[] => readCsv(join(copy.out, file));
  const scores = (file: string, method: string, metric: string): number[] =>
    table(file).flatMap((row) =>
      row['method'] === method && row['metric'] === metric ? [Number(row['value'])] : [],
    );

  let first: CommandResult;
  let probes: Awaited<ReturnType<typeof readProbes>>;
  beforeAll(async () => {
    first = await run(...files.metrics, '--save-probes');
    probes = await readProbes(join(copy.out, 'probes'));
  });

  it('finishes, and every learner and metric stands in every table', () => {
    expect(first.code, first.stderr).toBe(0);
    for (const file of ['summary.csv', 'layerwise.csv', 'intervals.csv']) {
      const own = table(file).filter(({ metric }) => metric === 'update_size');
      expect([...new Set(own.map(({ method }) => method))], file).toEqual(IDS);
    }
    expect(scores('summary.csv', 'TaskVector', 'same_class')).toHaveLength(1);
    const examples = table('examples.csv').filter(({ method }) => method !== '-');
    expect(examples).toHaveLength(IDS.length * 8);
    for (const row of examples) expect(row['update_size']).toMatch(/^\d/);
    expect(first.stdout).toContain('size of the update');
    expect(first.stdout).toContain('same class as ICL');
  });

  it('the family reads the model as the built-in one reads the original: the golden numbers', () => {
    const golden = readCsv(join(copy.golden, 'layerwise.csv')).filter(({ method }) => method === 'GD');
    expect(golden.length).toBeGreaterThan(4);
    for (const { metric = '', layer, value } of golden)
      expect(scores('layerwise.csv', 'GD', metric)[Number(layer)], metric).toBeCloseTo(Number(value), 3);
  });

  it('the metric by layer is what the saved activations give, computed by other code', () => {
    const of = (setting: string): Float32Array => probes.get(setting) as Float32Array;
    for (const id of IDS) {
      for (const layer of [0, 1]) {
        const ratios = Array.from({ length: 8 }, (_, example) => {
          let [tuned, context] = [0, 0];
          for (let i = 0; i < 24; i++) {
            const at = (example * 2 + layer) * 24 + i;
            const zsl = of('ZSL')[at] ?? NaN;
            tuned += ((of(fileNameOf(id))[at] ?? NaN) - zsl) ** 2;
            context += ((of('ICL')[at] ?? NaN) - zsl) ** 2;
          }
          return Math.sqrt(tuned / context);
        });
        const mean = ratios.reduce((total, ratio) => total + ratio, 0) / ratios.length;
        expect(scores('layerwise.csv', id, 'update_size')[layer], `${id} ${layer}`).toBeCloseTo(mean, 9);
      }
    }
  });

  it('the metric of predictions counts the classes of predictions.csv', () => {
    const rows = table('predictions.csv');
    const predicted = (setting: string, method: string) =>
      rows.flatMap((row) =>
        row['setting'] === setting && row['method'] === method ? [row['predicted']] : [],
      );
    const icl = predicted('ICL', '-');
    for (const id of IDS) {
      const same = predicted('FT', id).filter((own, i) => own === icl[i]).length / icl.length;
      expect(scores('summary.csv', id, 'same_class'), id).toEqual([same]);
    }
  });

  it('the kernel adds one vector to the first layer of every example, and twice of it at scale 2', () => {
    const shifts = ['TaskVector', 'TaskVector[scale=2]'].map((id) =>
      Array.from({ length: 8 }, (_, example) =>
        Array.from({ length: 24 }, (_unused, i) => {
          const at = example * 2 * 24 + i;
          return (probes.get(fileNameOf(id))?.[at] ?? NaN) - (probes.get('ZSL')?.[at] ?? NaN);
        }),
      ),
    );
    const vector = shifts[0]?.[0] ?? [];
    expect(Math.hypot(...vector)).toBeGreaterThan(100 * METRIC);
    for (const [j, examples] of shifts.entries())
      for (const own of examples)
        for (const [i, value] of own.entries()) expect(value).toBeCloseTo((j + 1) * (vector[i] ?? NaN), 5);
  });

  it('momentum 0 is plain gradient descent to the bit; with momentum the first step alone is the same', () => {
    const training = (method: string) =>
      table('training.csv').flatMap((row) =>
        row['method'] === method ? [[row['step'], row['loss'], row['gradient_norm']].join()] : [],
      );
    expect(training('Momentum[momentum=0]')).toEqual(training('GD'));
    const [own, plain] = [training('Momentum'), training('GD')];
    expect(own.slice(0, 2)).toEqual(plain.slice(0, 2));
    expect(own.slice(4)).not.toEqual(plain.slice(4));
  });

  it('the folder is read back without the files, labels and ranges included', async () => {
    expect(readJson(join(copy.out, 'manifest.json'))).toMatchObject({
      metric_files: {
        update_size: { path: source('update-size.ts'), label: 'size of the update', range: [0, null] },
        same_class: { kind: 'predictions', digest: expect.stringMatching(/^[0-9a-f]{32}$/) },
      },
      family_file: { path: source('nanogpt.ts') },
    });
    const tables = await iclGd(['tables', '--from', copy.out]);
    expect(tables.code, tables.stderr).toBe(0);
    expect(tables.stdout).toContain('size of the update');
    const validated = await iclGd(['validate', '--from', copy.out]);
    expect(validated.code, validated.stderr).toBe(0);
    const page = readFileSync(join(copy.out, 'summary.md'), 'utf8');
    expect(page).toContain('size of the update');
    expect(page).toContain('same class as ICL');
  });

  it('a program that is given the same files has the same run, record for record, and its numbers', async () => {
    const own = await node([source('experiment.ts'), copy.model, copy.data, copy.out]);
    expect(own.code, own.stderr).toBe(0);
    // The program names no controls, and so has the default ones; the command had none.
    expect(own.stderr).toContain(
      ', 2 computed (1 ICL[disjoint], 1 ZSL[positions=icl]), 5 taken from records',
    );
    const rows = own.stdout
      .trim()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(rows.map(([method]) => method)).toEqual(expect.arrayContaining(['TaskVector', 'GD']));
    expect(rows.length).toBeGreaterThan(6);
    for (const [method = '', metric = '', value = ''] of rows)
      expect(value, `${method} ${metric}`).toBe(scores('summary.csv', method, metric)[0]?.toFixed(4));
  });

  it('ls lists them after the built-in ones, with the options of a learner', async () => {
    const all = await iclGd(['ls', ...files.learners, ...files.metrics, ...files.family]);
    expect(all.code, all.stderr).toBe(0);
    const lines = all.stdout.split('\n').map((line) => line.split('\t'));
    const of = (id: string): string[] | undefined => lines.find((line) => line[0] === id);
    expect(of('TaskVector')?.[3]).toBe('scale, layer');
    expect(of('update_size')?.slice(1, 4)).toEqual([
      'size of the update',
      '|h_FT - h_ZSL| / |h_ICL - h_ZSL|',
      'a method',
    ]);
    expect(of('nanogpt')?.[1]).toBe('nanoGPT');
    const ids = lines.map(([id]) => id);
    expect(ids.indexOf('update_size')).toBeGreaterThan(ids.indexOf('simam_delta'));
    expect(ids.indexOf('update_size')).toBeLessThan(ids.indexOf('simam_zsl'));
  });

  it('a changed metric is scored again from what was kept, and nothing is computed', async () => {
    const changed = await again('--metric-file', withRatio('changed.ts', '7'));
    expect(changed.code, changed.stderr).toBe(0);
    expect(changed.stderr).toContain('made with other metrics: passed over, scoring again what is kept');
    expect(changed.stderr).toContain('0 computed');
    expect(scores('layerwise.csv', 'GD', 'update_size')).toEqual([7, 7]);
  });

  it('a metric whose values are not numbers ends the command in a line that says which and where', async () => {
    const file = withRatio('not-a-number.ts', 'NaN');
    const failed = await again('--metric-file', file);
    expect(failed.code).toBe(2);
    expect(failed.stderr.trim().split('\n').at(-1)).toBe(
      `icl-gd: ${file}: metric update_size: values.0 is NaN, neither finite nor null`,
    );
  });

  it('a run that does not name the metric says which file its tables lack', async () => {
    const without = await again();
    expect(without.code, without.stderr).toBe(0);
    expect(without.stderr).toContain(
      `had the metric update_size of ${source('changed.ts')}, which the command does not name`,
    );
    expect(table('layerwise.csv').map(({ metric }) => metric)).not.toContain('update_size');
    expect(readFileSync(join(copy.out, 'examples.csv'), 'utf8')).not.toContain('update_size');
  });
});

/** What a name becomes in that of a file. */
function fileNameOf(id: string): string {
  return id.replaceAll(/[^\w.-]/g, '_');
}

/** h [examples, layers, d] of every setting whose probes were saved. */
async function readProbes(folder: string): Promise<ReadonlyMap<string, Float32Array>> {
  const found = new Map<string, Float32Array>();
  for (const name of readdirSync(folder)) {
    const setting = /-[0-9a-f]{8}-(.+)\.safetensors$/.exec(name)?.[1] as string;
    const file = await SafetensorsFile.open(join(folder, name));
    found.set(setting, await file.read('attention_output'));
  }
  return found;
}
