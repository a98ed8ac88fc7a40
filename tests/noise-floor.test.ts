import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { gradientDescent } from '@icl-gd/methods';
import { layerMetrics } from '@icl-gd/metrics';
import { type Model, loadModel, withHalfParameters } from '@icl-gd/transformer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FixtureCopy } from './damage.ts';
import { iclGd, readCsv } from './golden.ts';

type Row = Readonly<Record<string, string>>;

const METHODS = ['GD', 'LCGD'];

/** Runs the fixture with a noise floor. */
async function measure(copy: FixtureCopy, rate: string): Promise<Row[]> {
  const { code, stderr } = await iclGd(
    copy.arguments('--examples', '4', '--learning-rate', rate, '--noise-floor'),
  );
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  return readCsv(join(copy.out, 'noise_floor.csv'));
}

const find = (rows: readonly Row[], perturbation: string, method: string, metric: string): Row =>
  rows.find(
    (row) => row['perturbation'] === perturbation && row['method'] === method && row['metric'] === metric,
  ) as Row;

describe('a noise floor', () => {
  const copy = new FixtureCopy('own-text-xglm');
  let plain: [string, string][];
  let rows: Row[];
  const tables = () =>
    readdirSync(copy.out)
      .filter((file) => file.endsWith('.csv') && file !== 'noise_floor.csv')
      .map((file) => [file, readFileSync(join(copy.out, file), 'utf8')] as [string, string]);
  beforeAll(async () => {
    const { code } = await iclGd(copy.arguments('--examples', '4', '--learning-rate', '0.01'));
    if (code !== 0) throw new Error(`exit code ${code}`);
    plain = tables();
    rows = await measure(copy, '0.01');
  });
  afterAll(() => copy[Symbol.dispose]());

  it('has every score under three perturbations and leaves the other tables as they are', () => {
    const measured = layerMetrics.flatMap((metric) => {
      if (metric.of === 'learner') return METHODS;
      return metric.of === 'baseline' || metric.learners.every((id) => METHODS.includes(id)) ? ['-'] : [];
    });
    expect(rows).toHaveLength(3 * measured.length);
    expect(new Set(rows.map(({ method }) => method))).toEqual(new Set(measured));
    expect(tables()).toEqual(plain);
    const summary = readCsv(join(copy.out, 'summary.csv'));
    for (const { method, metric, value } of rows)
      expect(value).toBe(
        summary.find((row) => row['method'] === method && row['metric'] === metric)?.['value'],
      );
  });

  it('redraws float32 rounding, which is small, and rounds to float16, which is less so', () => {
    for (const method of METHODS) {
      for (const metric of ['simaou', 'simaou_norm', 'simam', 'simam_delta']) {
        const of = (perturbation: string) => {
          const row = find(rows, perturbation, method, metric);
          expect(Number(row['change'])).toBeCloseTo(Number(row['perturbed']) - Number(row['value']), 12);
          return Number(row['example_change']);
        };
        const [float32, activations, weights] = [
          of('summation-order'),
          of('float16-activations'),
          of('float16-weights'),
        ];
        expect(float32).toBeGreaterThan(0);
        expect(float32).toBeLessThan(2e-5);
        for (const float16 of [activations, weights]) {
          expect(float16).toBeGreaterThan(10 * float32);
          expect(float16).toBeLessThan(0.05);
        }
      }
    }
  });

  it('grows as the learning rate shrinks, until the cosines are undefined', async () => {
    const small = await measure(copy, '0.0001');
    for (const perturbation of ['summation-order', 'float16-weights', 'float16-activations']) {
      const [few, many] = [rows, small].map((own) => find(own, perturbation, 'GD', 'simam_delta'));
      expect(Number(many?.['example_change'])).toBeGreaterThan(5 * Number(few?.['example_change']));
    }
    const vanishing = await measure(copy, '1e-12');
    const gone = find(vanishing, 'summation-order', 'GD', 'simaou');
    expect([gone['value'], gone['change'], gone['example_change'], gone['layer_change']]).toEqual([
      '',
      '',
      '',
      '',
    ]);
    expect(readFileSync(join(copy.out, 'noise_floor.csv'), 'utf8')).not.toMatch(/nan|inf/i);
  });

  it('is measured on weights stored as float16 too, within the memory planned', async () => {
    const { code } = await iclGd(
      copy.arguments(
        '--examples',
        '4',
        '--learning-rate',
        '0.01',
        '--noise-floor',
        '--dtype',
        'float16-storage',
      ),
    );
    expect(code).toBe(0);
    const own = readCsv(join(copy.out, 'noise_floor.csv'));
    expect(own).toHaveLength(rows.length);
    expect(Number(find(own, 'float16-weights', 'GD', 'simam_delta')['example_change'])).toBeGreaterThan(1e-5);
  });

  it('is empty for a method that diverged', async () => {
    const { code } = await iclGd(
      copy.arguments('--examples', '4', '--learning-rate', '1e9', '--noise-floor'),
    );
    expect(code).toBe(1);
    const own = readCsv(join(copy.out, 'noise_floor.csv'));
    expect(new Set(own.map(({ method }) => method))).toEqual(new Set(['-']));
  });
});

describe('what the noise floor measures on', () => {
  const gpu = useGpu();
  let model: Model;
  beforeAll(async () => {
    model = await loadModel(gpu(), join(import.meta.dirname, 'fixtures', 'own-text-gpt2', 'model'));
  });
  afterAll(() => {
    model.dispose();
  });
  const read = (from: Model, name: string) => gpu().read(from.parameters.get(name));

  it('is the same model on a Gpu that sums in another order: rounding changes, and nothing is owned or left', async () => {
    const before = gpu().pool.live;
    const demonstrations = [{ tokens: [17, 24, 31, 38] }];
    const queries = [{ tokens: [45, 52], options: [[59], [66]] }];
    const probe = async (from: Model): Promise<number[]> => {
      const adapted = await gradientDescent.adapt(from, demonstrations, { learningRate: 0.01 });
      const [own] = await adapted.probe(queries, { probeToken: 'prompt' });
      adapted.dispose();
      return [...own!.attentionOutput];
    };
    const ascending = await probe(model);
    const reordered = model.on(gpu().with({ summation: 'descending' }));
    expect(reordered.parameters.get('embedding.tokens')).toBe(model.parameters.get('embedding.tokens'));
    const descending = await probe(reordered);
    reordered.dispose();
    expect(descending).not.toEqual(ascending);
    for (const [i, value] of ascending.entries()) expect(descending[i]).toBeCloseTo(value, 5);
    expect(await probe(model)).toEqual(ascending);
    expect(gpu().pool.live).toEqual(before);
  });

  it('are weights rounded to float16, of keys and values alone, in copies', async () => {
    const before = gpu().pool.live;
    const original = await read(model, 'layers.0.attention.key.weight');
    const rounded = withHalfParameters(model, 'attention.kv');
    const weights = await read(rounded, 'layers.0.attention.key.weight');
    expect(weights).not.toEqual(original);
    for (const value of weights) expect(Math.f16round(value)).toBe(value);
    expect(await read(model, 'layers.0.attention.key.weight')).toEqual(original);
    expect(rounded.parameters.get('layers.0.attention.query.weight')).toBe(
      model.parameters.get('layers.0.attention.query.weight'),
    );
    rounded.dispose();
    expect(gpu().pool.live).toEqual(before);
  });

  it('are rounded weights, which distort an update the more the smaller it is', async () => {
    const demonstrations = [{ tokens: [17, 24, 31, 38] }];
    const queries = [{ tokens: [45, 52], options: [[59], [66]] }];
    using rounded = withHalfParameters(model, 'attention.kv');
    const probe = async (learningRate: number, halfWeights: boolean): Promise<Float32Array> => {
      const adapted = await gradientDescent.adapt(rounded, demonstrations, { learningRate, halfWeights });
      const [own] = await adapted.probe(queries, { probeToken: 'prompt' });
      adapted.dispose();
      return own!.attentionOutput;
    };
    const before = gpu().pool.live;
    const start = await probe(1e-30, false);
    /** Error that rounding makes, relative to the update. */
    const distortion = async (learningRate: number): Promise<number> => {
      const [exact, half] = [await probe(learningRate, false), await probe(learningRate, true)];
      const distance = (other: Float32Array): number =>
        Math.hypot(...exact.map((value, i) => value - other[i]!));
      return distance(half) / distance(start);
    };
    expect(await distortion(1e-4)).toBeGreaterThan(0.1);
    expect(await distortion(0.1)).toBeLessThan(0.05);
    expect(gpu().pool.live).toEqual(before);
  });
});
