import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runSettingId } from '../../experiment/setting.ts';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { afterAll, expect, test } from 'vitest';
import { renderPasses } from '../render-passes.ts';
import { sketchCounts } from '../../experiment/sketch.ts';
import { planPasses } from '../run-passes.ts';
import { planTrials } from '../../experiment/plan.ts';
import { readPublishedHyperparameters } from '../../results/published/read-published.ts';
import { PRESET_IDS } from './list-presets.ts';
import { loadPreset } from './presets.ts';

const UNDER_EVERY_RATE = [
  ...['', '[rate=best]', '[rate=matched-kl]', '[rate=matched-norm]', '[tangent]'].flatMap((rate) => [
    `GD${rate}`,
    `LCGD${rate}`,
  ]),
];
const folder = mkdtempSync(join(tmpdir(), 'icl-gd-preset-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(content: string): string {
  const path = join(folder, 'mine.yaml');
  writeFileSync(path, content);
  return path;
}

test.each(PRESET_IDS)('every option of %s is one that run understands', async (preset) => {
  const passes = await planPasses({ preset, out: 'o' });
  expect(passes.length).toBeGreaterThan(0);
  for (const { request } of passes) expect(planTrials(request.settings).length).toBeGreaterThan(0);
});

test.each(['paper', 'paper-2.7b'])(
  'no setting of %s is computed twice: fewer than half of those asked for are',
  async (preset) => {
    const passes = await planPasses({ preset, out: 'o' });
    const { asked, distinct } = sketchCounts(passes.map(({ request }) => request));
    // Three passes of 72 trials with ZSL, ICL, GD, LCGD and six controls, 18 of which have both learners at four more rates.
    expect(asked).toBe(3 * (72 * 10 + 18 * 8));
    expect(distinct / asked).toBeLessThanOrEqual(0.45);
    expect(renderPasses(passes)).toContain(
      `settings of all trials: ${asked} asked for, ${distinct} to be computed`,
    );
  },
);

test.each([
  ['paper', 'KoboldAI/fairseq-dense-1.3B'],
  ['paper-2.7b', 'KoboldAI/fairseq-dense-2.7B'],
])(
  '%s is the published experiment, in both orders of fine-tuning and with both probes',
  async (preset, model) => {
    const passes = await planPasses({ preset, out: 'o' });
    expect(
      passes.map(({ request: { out, settings } }) => [out, settings.probe, settings.fineTuningOrder]),
    ).toEqual([
      ['o', 'label', 'in-context'],
      [join('o', 'released-order'), 'label', 'released'],
      [join('o', 'prompt'), 'prompt', 'in-context'],
    ]);
    const published = readPublishedHyperparameters().flatMap(
      ({ dataset, seeds, permutations, k, learning_rate }) =>
        seeds.map((seed, i) => ({
          dataset,
          seed,
          permutation: permutations[i],
          shots: k,
          learningRate: learning_rate,
        })),
    );
    for (const pass of passes) {
      expect(pass).toMatchObject({ model, data: 'hub', prepare: undefined });
      const { settings } = pass.request;
      expect(settings.examples).toBe(2000);
      expect(settings.methods.map(runSettingId)).toEqual(UNDER_EVERY_RATE);
      expect(settings.variants).toEqual(['trained', 'trained-embeddings', 'layer-norm-only', 'untrained']);
      for (const variant of settings.variants) {
        const planned = planTrials(settings)
          .filter((trial) => trial.variant === variant)
          .map(({ dataset, seed, permutation, shots, learningRate }) => ({
            dataset,
            seed,
            permutation,
            shots,
            learningRate,
          }));
        expect(planned).toHaveLength(18);
        expect(planned).toEqual(expect.arrayContaining(published));
      }
    }
  },
);

test.each([
  ['embedded', ['', '[rate=best]', '[rate=matched-kl]'], 3],
  ['embedded-full', ['', '[rate=best]', '[rate=matched-kl]', '[rate=matched-norm]', '[tangent]'], 5],
])(
  '%s is every variant and both learners on all its datasets, controls on the trained model',
  async (preset, rates, controls) => {
    const [pass, ...others] = await planPasses({ preset, out: 'o' });
    expect(others).toEqual([]);
    const { settings } = pass!.request;
    expect(settings.variants).toEqual(['trained', 'trained-embeddings', 'layer-norm-only', 'untrained']);
    expect(settings.methods.map(runSettingId)).toEqual(rates.flatMap((rate) => [`GD${rate}`, `LCGD${rate}`]));
    expect(settings.controls.map(runSettingId)).toContain('GD[noise]');
    expect(settings.controls).toHaveLength(controls);
    expect(settings.controlVariants).toEqual(['trained']);
    expect(settings.datasets.map(({ id }) => id)).toEqual([
      ...['syn-sst2', 'syn-sst5', 'syn-mr', 'syn-subj', 'syn-agnews', 'syn-cb'],
    ]);
  },
);

test('the smoke preset is small', async () => {
  const [pass] = await planPasses({ preset: 'smoke', out: 'o' });
  expect(pass?.request.settings).toMatchObject({
    ...{ variants: ['trained', 'untrained'], shots: 4, seeds: [0], examples: 8, learningRate: 0.01 },
    datasets: [{ id: 'syn-sst2' }, { id: 'syn-cb' }],
  });
});

test('options typed win over every pass; passes that they make equal are run once', async () => {
  const typed = {
    preset: 'paper',
    out: 'o',
    model: 'm',
    datasets: 'mr',
    probe: 'label',
    fineTuningOrder: 'released',
  };
  const passes = await planPasses(typed);
  expect(passes).toHaveLength(1);
  expect(passes[0]).toMatchObject({ name: '', model: 'm', data: 'hub' });
  expect(passes[0]?.request.settings).toMatchObject({ probe: 'label', fineTuningOrder: 'released' });
});

test('a dry run needs no --out and shows what would be run', async () => {
  const passes = await planPasses({ preset: 'paper', dryRun: true });
  const text = renderPasses(passes);
  expect(text).toContain('pass 3 of 3: <out>');
  expect(text).toContain('hub KoboldAI/fairseq-dense-1.3B');
  expect(text).toMatch(
    /cb +│ hub super_glue@refs\/convert\/parquet \(cb: train, validation\) +│ 3:0 4:1 5:2 +│ 32 │ 0\.08/,
  );
  const controls = passes[0]!.request.settings.controls.length;
  // 3 passes of 18 trials a variant; rates are chosen for the trained model alone.
  expect(text).toContain(`${3 * 18 * (5 * 2 + controls + 3 * (2 + controls))} cells in all`);
  expect(text).toContain('development  256 examples a dataset at most, rates of GD, LCGD');
  expect(renderPasses(await planPasses({ preset: 'smoke', dryRun: true }))).toContain('made by the preset');
});

test('a preset may be a file of the user', async () => {
  const path = write(
    'title: mine\noptions: { model: m, data: d, datasets: [cb, mr], shots: 3, save-probes: true }\npasses:\n- { name: two, options: { learning-rate: 0.5 } }\n',
  );
  const [first, second] = await planPasses({ preset: path, out: 'o' });
  expect(first?.request).toMatchObject({ out: 'o', saveProbes: true, settings: { shots: 3 } });
  expect(first?.request.settings.datasets.map(({ id }) => id)).toEqual(['cb', 'mr']);
  expect(second?.request).toMatchObject({ out: join('o', 'two'), settings: { shots: 3, learningRate: 0.5 } });
});

test('settings of a preset are texts as typed, or an id with its options as keys', async () => {
  const path = write(
    [
      'title: mine',
      'options:',
      '  model: m',
      '  data: d',
      '  methods: [gd, { GD: { batch: full, steps: 3 } }, "lcgd[at=attention]"]',
      '  controls:',
      '    - ICL[labels=wrong,disjoint]',
      '    - { icl: { order: 1 } }',
      '    - GD: { noise: true }',
      '    - { GD: { order: 2, noise: true } }',
      '  matched-demonstrations: true',
    ].join('\n'),
  );
  const [pass] = await planPasses({ preset: path, out: 'o' });
  const { methods, controls, matchedDemonstrations } = pass!.request.settings;
  expect(methods.map(runSettingId)).toEqual(['GD', 'GD[batch=full,steps=3]', 'LCGD[at=attention]']);
  expect(controls.map(runSettingId)).toEqual([
    ...['ICL[disjoint,labels=wrong]', 'ICL[order=1]', 'GD[noise]', 'GD[order=2,noise]'],
  ]);
  expect(matchedDemonstrations).toBe(true);
  const single = write('title: t\noptions: { model: m, data: d, methods: { GD: {} }, controls: none }\n');
  const [other] = await planPasses({ preset: single, out: 'o' });
  expect(other!.request.settings.methods.map(runSettingId)).toEqual(['GD']);
  expect(other!.request.settings.controls).toEqual([]);
});

test.each([
  [
    'title: t\noptions: { methods: [{ GD: { batch: "full,steps=3" } }] }',
    '"options.methods" must be a setting or a list of them',
  ],
  [
    'title: t\noptions: { methods: [{ GD: {}, LCGD: {} }] }',
    '"options.methods" must be a setting or a list of them',
  ],
  [
    'title: t\noptions: { controls: [{ GD: { noise: false } }] }',
    '"options.controls" must be a setting or a list of them',
  ],
  ['options: {}', '"title" is missing'],
  [
    'title: t\noption: {}',
    'unknown key "option" (did you mean options?); known: title, prepare, options, passes',
  ],
  [
    'title: t\noptions: { learning_rate: 1 }',
    'unknown key "learning_rate" in "options" (did you mean learning-rate?)',
  ],
  ['title: t\noptions: { out: x }', 'unknown key "out" in "options"'],
  ['title: t\noptions: { shots: { a: 1 } }', '"options.shots" must be a text or a number'],
  ['title: t\noptions: { datasets: { a: 1 } }', '"options.datasets" must be a value or a list'],
  ['title: t\noptions: { datasets: true }', '"options.datasets" must be a value or a list'],
  ['title: t\noptions: { datasets: [mr, [cb]] }', '"options.datasets" must be a value or a list'],
  ['title: t\noptions: { probe: false }', '"options.probe" must be a text or a number'],
  ['title: t\noptions: { model: [a, b] }', '"options.model" must be a text or a number'],
  ['title: t\noptions: { model: }', '"options.model" must be a text or a number'],
  ['title: t\noptions: { learning-rate: .nan }', '"options.learning-rate" must be a text or a number'],
  ['title: t\noptions: { init-seed: 9007199254740993 }', '"options.init-seed" is too large a number'],
  ["title: t\noptions: { save-probes: 'false' }", '"options.save-probes" must be true or false'],
  ['title: t\noptions: { __proto__: 1 }', 'unknown key "__proto__" in "options"'],
  ['title: t\noptions: { constructor: 1 }', 'unknown key "constructor" in "options"'],
  ['title: t\npasses: [{ name: ../x, options: {} }]', '"passes.0.name" must be a name'],
  [
    'title: t\npasses: [{ name: x, options: { shot: 1 } }]',
    'unknown key "shot" in "passes.0.options" (did you mean shots?)',
  ],
  ['title: t\nprepare: nothing', '"prepare" is wrong'],
  ['title: "t', 'the preset is not YAML or JSON'],
])('%j is refused', async (content, message) => {
  const path = write(content);
  await expect(loadPreset(path)).rejects.toThrow(UserError);
  await expect(loadPreset(path)).rejects.toThrow(message);
});

test('passes share one folder of records, and probe what others need in the same forward passes', async () => {
  const passes = await planPasses({ preset: 'paper', out: 'o' });
  expect(passes.map(({ request }) => request.recordsIn)).toEqual(['o', 'o', 'o']);
  expect(passes.map(({ request }) => new Set(request.alsoProbe))).toEqual([
    new Set(['label', 'prompt']),
    new Set(['label']),
    new Set(['label', 'prompt']),
  ]);
});

test('both probe tokens are two passes, the second in a folder of its own', async () => {
  const passes = await planPasses({ model: 'm', data: 'd', out: 'o', probe: 'prompt, label' });
  expect(passes.map(({ request: { out, settings } }) => [out, settings.probe])).toEqual([
    ['o', 'prompt'],
    [join('o', 'label'), 'label'],
  ]);
});

test('a list of probe tokens is read whatever its case', async () => {
  const passes = await planPasses({ model: 'm', data: 'd', out: 'o', probe: 'LABEL,Prompt' });
  expect(passes.map(({ request }) => request.out)).toEqual(['o', join('o', 'prompt')]);
});

test.each([
  ['label,last', '--probe: unknown "last"'],
  ['label,prompr', '(did you mean prompt?)'],
  ['prompt,PROMPT', '--probe: prompt is named twice'],
  ['label,', 'an entry of the list is empty'],
])('--probe %s is refused', async (probe, message) => {
  const planned = planPasses({ model: 'm', data: 'd', out: 'o', probe });
  await expect(planned).rejects.toThrow(UserError);
  await expect(planned).rejects.toThrow(message);
});

const passesOf = (...names: string[]): string =>
  `title: t\noptions: { model: m, data: d }\npasses:\n${names
    .map((name, i) => `- { name: ${name}, options: { shots: ${i + 1} } }\n`)
    .join('')}`;

test.each([
  [passesOf('prompt'), 'label,prompt', `two passes would write to ${join('o', 'prompt')}`],
  [passesOf('a', 'a-prompt'), 'label,prompt', `two passes would write to ${join('o', 'a-prompt')}`],
  [passesOf('a', 'A'), undefined, `two passes would write to ${join('o', 'A')}`],
  [passesOf('records'), undefined, 'a pass is called records'],
  [passesOf('probes'), undefined, 'a pass is called probes'],
  [passesOf('figures'), undefined, 'a pass is called figures'],
  [passesOf('summary.csv'), undefined, 'a pass is called summary.csv'],
])('passes have folders of their own: %j with --probe %s is refused', async (content, probe, message) => {
  const planned = planPasses({ preset: write(content), out: 'o', ...(probe ? { probe } : {}) });
  await expect(planned).rejects.toThrow(UserError);
  await expect(planned).rejects.toThrow(message);
});
