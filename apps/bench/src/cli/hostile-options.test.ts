import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import * as fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { catalogueWith } from '../plugins/checked-metric.ts';
import { loadLearnerFiles } from '../plugins/learner-file.ts';
import { loadMetricFiles } from '../plugins/metric-file.ts';
import { choose, chooseList, integer, integerList, positiveNumber } from './choose.ts';
import { planPasses } from './run-passes.ts';
import { renderPasses } from './render-passes.ts';

const folder = mkdtempSync(join(tmpdir(), 'icl-gd-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Whatever it is given: a result, or an error of one line for the user. */
async function soundOrRefused(use: () => unknown): Promise<boolean> {
  try {
    await use();
    return true;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return false;
  }
}

const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'gd',
  'LCGD',
  'mr',
  'sst2',
  'syn-mr',
  'trained',
  'label',
];
const NUMBERS = [
  '',
  '0',
  '-1',
  '1e999',
  'NaN',
  'Infinity',
  '-0',
  '1.5',
  '9007199254740993',
  '0x10',
  ' 3 ',
  '1_0',
  '٣',
  '1e-400',
];
const FORMS = [
  'gd[',
  'gd[]',
  'gd[=]',
  'gd[a=1]',
  'gd[__proto__=1]',
  'constructor[a=b]',
  ',',
  'gd,gd',
  '1,1',
  '3,2,1',
  'a'.repeat(5000),
];
const value = fc.oneof(
  fc.constantFrom(...NAMES, ...NUMBERS, ...FORMS),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.array(fc.constantFrom(...NAMES, ...NUMBERS), { maxLength: 3 }).map((own) => own.join(',')),
);
const KEYS = [
  ...[
    'model',
    'data',
    'datasets',
    'methods',
    'variants',
    'shots',
    'seeds',
    'permutation',
    'fineTuningOrder',
    'examples',
  ],
  ...[
    'learningRate',
    'probe',
    'adapter',
    'out',
    'preset',
    'initSeed',
    'tokenBudget',
    'dtype',
    'matmul',
    'memoryBudget',
  ],
];

test('any values of the options of a run are understood or refused', async () => {
  const options = fc.dictionary(fc.constantFrom(...KEYS), value, { noNullPrototype: true });
  const preset = fc.constantFrom(undefined, 'smoke', 'embedded', 'paper');
  let sound = 0;
  await fc.assert(
    fc.asyncProperty(options, preset, async (typed, named) => {
      const all = {
        model: 'm',
        data: 'd',
        out: 'o',
        dryRun: true,
        ...(named ? { preset: named } : {}),
        ...typed,
      };
      if (await soundOrRefused(async () => renderPasses(await planPasses(all)))) sound++;
    }),
    { numRuns: 400 },
  );
  expect(sound).toBeGreaterThan(0);
});

test('any text is a choice, a list or a number, or refused', async () => {
  let sound = 0;
  await fc.assert(
    fc.asyncProperty(value, async (text) => {
      for (const parse of [
        () => choose('--x', text, ['trained', 'label']),
        () => chooseList('--x', text, ['trained', 'label']),
        () => integer('--x', text, 0, 10),
        () => integerList('--x', text),
        () => positiveNumber('--x', text),
      ])
        if (await soundOrRefused(parse)) sound++;
    }),
    { numRuns: 500 },
  );
  expect(sound).toBeGreaterThan(0);
});

/** Values that YAML has and an option may not be. */
const yaml = fc.oneof(
  value.map((own) => JSON.stringify(own)),
  fc.constantFrom(
    'true',
    'null',
    '~',
    '{}',
    '[]',
    '[[]]',
    '{a: 1}',
    '.nan',
    '.inf',
    '-.inf',
    '1e999',
    '0o7',
    '2026-01-01',
    '!!binary aGk=',
    '[true]',
    '!!set {a}',
    '9007199254740993',
  ),
);
const OPTIONS = [
  'model',
  'data',
  'datasets',
  'methods',
  'variants',
  'shots',
  'seeds',
  'permutation',
  'fine-tuning-order',
  'examples',
  'learning-rate',
  'probe',
  'adapter',
  'init-seed',
  'token-budget',
  'save-probes',
  'released-norms',
  'weight-changes',
  'gradient-norms',
  '__proto__',
  'constructor',
  'toString',
];

test('any preset is understood or refused', async () => {
  const options = fc.dictionary(fc.constantFrom(...OPTIONS), yaml, { maxKeys: 3 }).map(
    (own) =>
      `{${Object.entries(own)
        .map(([key, put]) => `${key}: ${put}`)
        .join(', ')}}`,
  );
  const parts = fc.record({
    options,
    pass: options,
    title: yaml,
    name: yaml,
    prepare: fc.option(yaml),
    cut: fc.option(fc.nat(200)),
  });
  const path = join(folder, 'preset.yaml');
  let sound = 0;
  await fc.assert(
    fc.asyncProperty(parts, async ({ options: own, pass, title, name, prepare, cut }) => {
      const text = `title: ${title}\n${prepare === null ? '' : `prepare: ${prepare}\n`}options: ${own}\npasses: [{name: ${name}, options: ${pass}}]\n`;
      writeFileSync(path, cut === null ? text : text.slice(0, cut));
      if (
        await soundOrRefused(async () =>
          renderPasses(await planPasses({ preset: path, model: 'm', data: 'd', dryRun: true })),
        )
      )
        sound++;
    }),
    { numRuns: 400 },
  );
  expect(sound).toBeGreaterThan(0);
});

/** A learner's members, whatever JavaScript they are. */
const code = fc.constantFrom(
  ...[
    'undefined',
    'null',
    '1',
    "''",
    "'x'",
    '{}',
    '[]',
    '() => 1',
    "Symbol('x')",
    '1n',
    'NaN',
    'new Proxy({}, { get() { throw 1 } })',
  ],
  ...[
    "{ get shape() { throw new Error('no') } }",
    '{ shape: {}, strict() {}, safeParse() { throw null } }',
    '{ shape: { a: 1 }, strict() {}, safeParse: () => ({ success: true, data: {} }) }',
  ],
  ...["['__proto__']", "['simaou']", "'__proto__'", "'constructor'", "'all'", "'learner'", "'output'"],
);
const MEMBERS = [
  'id',
  'label',
  'source',
  'role',
  'paper',
  'needs',
  'objective',
  'copiesKeyValueWeights',
  'options',
  'inapplicableMetrics',
  'adapt',
];

test('any learner file is loaded or refused', async () => {
  const members = fc.dictionary(fc.constantFrom(...MEMBERS), code, { maxKeys: 2 });
  const whole = fc.constantFrom(
    '',
    'throw null',
    'throw new Proxy({}, { get() { throw 1 } })',
    'syntax error',
    'export const learner = null',
    "export default 'x'",
    'export const learner = { get id() { throw 1 } }',
  );
  let i = 0;
  let sound = 0;
  await fc.assert(
    fc.asyncProperty(members, fc.option(whole), async (changes, other) => {
      const own = {
        id: "'X'",
        label: "'x'",
        source: "'me'",
        role: "'learner'",
        needs: "'all'",
        adapt: '() => 1',
        ...changes,
      };
      const text =
        other ??
        `export const learner = { ${Object.entries(own)
          .map(([key, put]) => `${key}: ${put}`)
          .join(', ')} };`;
      const path = join(folder, `learner-${i++}.mjs`);
      writeFileSync(path, text);
      if (await soundOrRefused(() => loadLearnerFiles([path]))) sound++;
    }),
    { numRuns: 150 },
  );
  expect(sound).toBeGreaterThan(0);
});

const METRIC_MEMBERS = [
  ...[
    'id',
    'label',
    'formula',
    'source',
    'range',
    'moreAlike',
    'definedWhen',
    'order',
    'kind',
    'of',
    'learners',
  ],
  'score',
];
const PROBES = [{ attentionOutput: [1], attentionScores: [1] }];

test('any metric file is loaded or refused, and so is whatever it gives', async () => {
  const gives = fc.constantFrom(
    ...['() => 1', '() => { throw 1 }', '() => { throw undefined }', 'async () => 1', '() => null'],
    '() => ({ values: [NaN], undefinedCounts: [0], perExample: [[{ sum: 0, count: 1 }]] })',
    '() => ({ values: [1], undefinedCounts: [0], perExample: [[{ sum: 1, count: 1 }]] })',
    '() => new Proxy({}, { get() { throw 1 } })',
    '() => ({ values: { length: 1 }, undefinedCounts: [1n], perExample: [[]] })',
  );
  const members = fc.dictionary(fc.constantFrom(...METRIC_MEMBERS), code, { maxKeys: 2 });
  let i = 0;
  let sound = 0;
  await fc.assert(
    fc.asyncProperty(members, gives, async (changes, score) => {
      const own = {
        ...{ id: "'x'", label: "'x'", formula: "'x'", source: "'x'", range: '[0, 1]', moreAlike: 'null' },
        ...{ definedWhen: "'x'", kind: "'layers'", of: "'learner'", score },
        ...changes,
      };
      const members = Object.entries(own).map(([key, put]) => `${key}: ${put}`);
      const path = join(folder, `metric-${i++}.mjs`);
      writeFileSync(path, `export const metric = { ${members.join(', ')} };`);
      const run = async (): Promise<void> => {
        const { layerMetrics } = catalogueWith(await loadMetricFiles([path]));
        for (const metric of layerMetrics)
          if (metric.id === 'x' && metric.of === 'learner')
            metric.score({ icl: PROBES, zsl: PROBES, ft: PROBES }, { layers: 1, heads: 1, dModel: 1 });
      };
      if (await soundOrRefused(run)) sound++;
    }),
    { numRuns: 150 },
  );
  expect(sound).toBeGreaterThan(0);
});
