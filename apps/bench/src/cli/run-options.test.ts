import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Learner,
  gradientDescent,
  inContext,
  layerCausalGradientDescent,
  zeroShot,
} from '@icl-gd/methods';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { expect, test } from 'vitest';
import { runSetting, runSettingId } from '../experiment/setting.ts';
import { paperTasks } from '../tasks/tasks.ts';
import { NO_PLUGINS } from '../plugins/load-plugins.ts';
import type { RawRunOptions } from './raw-options.ts';
import { parseRunOptions } from './run-options.ts';

const PLACES = { model: 'some/model', data: 'some/data', out: 'some/out' };
const parse = (more: Partial<RawRunOptions> = {}) => parseRunOptions({ ...PLACES, ...more });

test('without options it is the paper on all six datasets', async () => {
  expect(await parse()).toEqual({
    request: {
      settings: {
        datasets: paperTasks(),
        methods: [gradientDescent, layerCausalGradientDescent].map((learner) => runSetting(learner)),
        controls: [
          { ...runSetting(inContext), demonstrations: { disjoint: true }, byDefault: true },
          { ...runSetting(zeroShot, { positions: 'icl' }), byDefault: true },
        ],
        variants: ['trained'],
        examples: 2000,
        probe: 'label',
        dtype: 'float32',
        releasedNorms: false,
        noiseFloor: false,
        margin: 0.05,
      },
      adapter: 'auto',
      out: 'some/out',
      saveProbes: false,
      discardProbes: false,
      fresh: false,
    },
    model: 'some/model',
    data: 'some/data',
    prepare: undefined,
    checkOnly: false,
  });
});

test("a learner of the user's own is run without being named", async () => {
  const own: Learner = { ...gradientDescent, id: 'Own', paper: false };
  const foreign = { ...NO_PLUGINS.learners, learners: [own] };
  const { request } = await parseRunOptions(PLACES, {}, { ...NO_PLUGINS, learners: foreign });
  expect(request.settings.methods.map(runSettingId)).toEqual(['GD', 'LCGD', 'Own']);
});

test('every option arrives', async () => {
  const { request, checkOnly } = await parse({
    ...{
      datasets: 'cb,mr',
      methods: 'lcgd',
      controls: 'icl[labels=wrong],ICL[Order=2]',
      variants: 'untrained,trained',
      shots: '4',
      seeds: '9,0',
      permutation: '3',
    },
    ...{
      examples: '64',
      learningRate: '3e-3',
      probe: 'prompt',
      releasedNorms: true,
      noiseFloor: true,
      margin: '0.1',
      initSeed: '7',
      adapter: 'lavapipe',
      tokenBudget: '100',
    },
    ...{
      saveProbes: true,
      discardProbes: true,
      fresh: true,
      dtype: 'float16-storage',
      matmul: 'matrix',
      memoryBudget: '1.5',
      checkOnly: true,
    },
  });
  expect(request).toMatchObject({
    adapter: 'lavapipe',
    tokenBudget: 100,
    saveProbes: true,
    discardProbes: true,
    fresh: true,
  });
  expect(request.memoryBudget).toBe(1.5 * 2 ** 30);
  expect(checkOnly).toBe(true);
  const { datasets, methods, controls, ...settings } = request.settings;
  expect(controls.map(runSettingId)).toEqual(['ICL[labels=wrong]', 'ICL[order=2]']);
  expect(methods.map(runSettingId)).toEqual(['LCGD']);
  expect(datasets.map(({ id }) => id)).toEqual(['cb', 'mr']);
  expect(settings).toEqual({
    ...{ variants: ['untrained', 'trained'], shots: 4, seeds: [9, 0], permutation: 3 },
    ...{
      examples: 64,
      learningRate: 0.003,
      probe: 'prompt',
      releasedNorms: true,
      noiseFloor: true,
      margin: 0.1,
      initSeed: 7,
    },
    dtype: 'float16-storage',
    matmul: 'matrix',
  });
});

test('matrix products in float32 are those of no option, by either name', async () => {
  const settings = async (more: Partial<RawRunOptions>) => (await parse(more)).request.settings;
  for (const matmul of ['auto', 'f32']) expect(await settings({ matmul })).toEqual(await settings({}));
});

test('controls that nobody named are left out where a learner is the same setting', async () => {
  const ids = async (more: Partial<RawRunOptions>) => {
    const { methods, controls } = (await parse(more)).request.settings;
    return [methods, controls].map((own) => own.map(runSettingId));
  };
  expect(await ids({ methods: 'gd,icl[disjoint]' })).toEqual([
    ['GD', 'ICL[disjoint]'],
    ['ZSL[positions=icl]'],
  ]);
  expect(await ids({ methods: 'gd', controls: ' NONE ' })).toEqual([['GD'], []]);
  expect(await ids({ methods: 'gd', controls: 'gd[noise],lcgd' })).toEqual([['GD'], ['GD[noise]', 'LCGD']]);
  await expect(parse({ methods: 'gd,lcgd', controls: 'ICL[disjoint],GD' })).rejects.toThrow(
    '--methods and --controls: GD is there twice',
  );
});

test('demonstrations of another task need another task', async () => {
  await expect(parse({ datasets: 'mr', controls: 'ICL[other-task]' })).rejects.toThrow(
    'ICL[other-task] takes demonstrations of another dataset of the run, but mr is its only one',
  );
  expect(
    (await parse({ datasets: 'mr,cb', methods: 'gd[other-task]' })).request.settings.methods,
  ).toHaveLength(1);
});

test('what a preset says gives way to what is typed', async () => {
  const { request, prepare } = await parseRunOptions({ preset: 'embedded', out: 'o', shots: '2' });
  const smoke = (await parseRunOptions({ preset: 'smoke', out: 'o', shots: '2', seeds: '7' })).request
    .settings;
  expect(smoke).toMatchObject({ shots: 2, seeds: [7], examples: 8, learningRate: 0.01 });
  expect(prepare).toBeTypeOf('function');
  expect(request.settings).toMatchObject({
    shots: 2,
    examples: 32,
    variants: expect.arrayContaining(['untrained']),
  });
});

test.each(['smoke', 'paper'])('a task file is run instead of the datasets of preset %s', async (preset) => {
  const folder = await mkdtemp(join(tmpdir(), 'icl-gd-options-'));
  try {
    const file = join(folder, 'own.yaml');
    await writeFile(file, 'id: own\ntemplate: "{text}"\nlabel_words: [a, b]\n');
    const own = { preset, out: 'o', taskFile: [file] };
    const ids = async (more: Partial<RawRunOptions>) =>
      (await parseRunOptions({ ...own, ...more })).request.settings.datasets.map(({ id }) => id);
    expect(await ids({})).toEqual(['own']);
    const listed = preset === 'smoke' ? 'syn-cb' : 'cb';
    expect(await ids({ datasets: `${listed},own` })).toEqual([listed, 'own']);
    await writeFile(file, 'id: syn-cb\ntemplate: "{text}"\nlabel_words: [a, b]\n');
    if (preset === 'smoke')
      await expect(ids({})).rejects.toThrow('--task-file: the preset has a task that is called "syn-cb"');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a preset brings its model and data only where neither is given', async () => {
  const own = await parseRunOptions({ ...PLACES, preset: 'embedded' });
  expect(own).toMatchObject({ prepare: undefined, model: 'some/model', data: 'some/data' });
  const half = parseRunOptions({ preset: 'embedded', out: 'o', model: 'm' });
  await expect(half).rejects.toThrow('--data is missing');
  await expect(half).rejects.toThrow('makes model and data itself where neither is given');
  const otherHalf = parseRunOptions({ preset: 'embedded', out: 'o', data: 'd' });
  await expect(otherHalf).rejects.toThrow('--model is missing');
});

test.each([
  [{ out: '' }, '--out is missing'],
  [{ model: '' }, '--model is missing'],
  [{ data: '' }, '--data is missing'],
  [{ preset: 'papr' }, '--preset: unknown "papr"'],
  [{ fineTuningOrder: 'realeased' }, '--fine-tuning-order: unknown "realeased" (did you mean released?)'],
  [{ taskFile: ['none.yaml'] }, 'none.yaml: the task file does not exist'],
  [{ preset: 'none.yaml' }, 'none.yaml: the preset does not exist'],
  [{ datasets: 'sst3' }, '--datasets: unknown "sst3" (did you mean sst2?)'],
  [{ methods: 'gdx' }, '--methods: unknown "gdx"'],
  [{ variants: 'train' }, '--variants: unknown "train"'],
  [{ shots: '0' }, '--shots 0'],
  [{ seeds: '1,x' }, '--seeds x'],
  [{ permutation: '5' }, '--permutation 5: must be a whole number from 0 to 4'],
  [{ examples: '2001' }, '--examples 2001: must be a whole number from 1 to 2000'],
  [{ learningRate: '0' }, '--learning-rate 0'],
  [{ probe: 'last' }, '--probe: unknown "last"'],
  [{ adapter: ' ' }, '--adapter is empty'],
  [{ initSeed: '-1' }, '--init-seed -1'],
  [{ tokenBudget: '0' }, '--token-budget 0'],
  [{ dtype: 'float16' }, '--dtype: unknown "float16"'],
  [{ matmul: 'matrx' }, '--matmul: unknown "matrx" (did you mean matrix?)'],
  [{ memoryBudget: '0' }, '--memory-budget 0: must be a number above 0'],
  [{ memoryBudget: '8GB' }, '--memory-budget 8GB'],
] as [Partial<RawRunOptions>, string][])('%j is refused', async (options, message) => {
  await expect(parse(options)).rejects.toThrow(UserError);
  await expect(parse(options)).rejects.toThrow(message);
});

test('a rule of a control needs development data as well', async () => {
  const controls = 'gd[noise,rate=best]';
  await expect(parse({ controls, development: '0' })).rejects.toThrow(
    '--development 0: GD[noise,rate=best] needs at least 8 examples',
  );
  expect((await parse({ controls, development: '8' })).request.settings.development).toBe(8);
  expect((await parse({ controls: 'gd[noise]', development: '0' })).request.settings).not.toHaveProperty(
    'development',
  );
});

test('where rates are chosen for all learners, the trained model has to be among the variants', async () => {
  await expect(parse({ variants: 'untrained', rate: 'best,tangent' })).rejects.toThrow(
    '--variants untrained: rates are chosen for the trained model alone',
  );
  for (const more of [{ variants: 'untrained,trained' }, { rate: 'best,published' }])
    await parse({ variants: 'untrained', rate: 'best,tangent', ...more });
});

test('weight changes need a learner that changes weights', async () => {
  await expect(parse({ methods: 'gd[tangent]', weightChanges: true })).rejects.toThrow(
    '--weight-changes: none of --methods changes weights',
  );
});

test('gradient norms of every definition need a learner that takes single steps', async () => {
  for (const methods of ['gd[batch=full]', 'gd[tangent],lcgd[batch=full,steps=2]'])
    await expect(parse({ methods, gradientNorms: true })).rejects.toThrow(
      /^--gradient-norms: none of --methods takes a training step for each demonstration/,
    );
  const { request } = await parse({
    methods: 'gd[batch=full],lcgd',
    gradientNorms: true,
    weightChanges: true,
  });
  expect(request.settings).toMatchObject({ gradientNorms: true, weightChanges: true });
});
