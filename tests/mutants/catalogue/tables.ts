import { type Mutant, mutantsOf } from '../mutant.ts';

/** From records to tables: rows, columns, means, files. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf(
    { file: 'apps/bench/src/results/trial-table.ts', tests: ['apps/bench/src/results/rows.test.ts'] },
    [
      {
        id: 'seed-permutation-swapped',
        kind: 'columns swapped',
        find: 'return [model, variant, dataset, method, seed, permutation, learningRateOf(result, method)];',
        replace:
          'return [model, variant, dataset, method, permutation, seed, learningRateOf(result, method)];',
      },
    ],
  ),
  ...mutantsOf({ file: 'apps/bench/src/results/csv.ts', tests: ['apps/bench/src/results/csv.test.ts'] }, [
    {
      id: 'csv-quotes',
      kind: 'quotes forgotten',
      find: 'known = stringify([[toHarmless(text)]]).slice(0, -1);',
      replace: 'known = text;',
    },
    {
      id: 'csv-precision',
      kind: 'digits lost',
      find: '? String(field) : quoted(field)',
      replace: '? String(Math.fround(field)) : quoted(field)',
    },
    {
      id: 'csv-nan',
      kind: 'infinite number in a table',
      find: "typeof field === 'number' && !Number.isFinite(field)",
      replace: "typeof field === 'number' && Number.isNaN(field)",
    },
    { id: 'csv-row-number', kind: 'off by one', find: 'this.#rows += rows.length;', replace: '' },
  ]),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/measured-rows.ts',
      tests: ['apps/bench/src/results/print-summary.test.ts'],
    },
    [
      {
        id: 'show-mean-deviation',
        kind: 'columns swapped',
        find: '${own.mean.toFixed(3)} ± ${own.deviation.toFixed(3)}',
        replace: '${own.deviation.toFixed(3)} ± ${own.mean.toFixed(3)}',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/src/results/measured.ts', tests: ['apps/bench/src/results/read-run.test.ts'] },
    [
      {
        id: 'measured-inapplicable',
        kind: 'metric that does not apply',
        find: '&& !inapplicableMetrics.includes(metric.id)',
        replace: '',
      },
      {
        id: 'measured-null-zero',
        kind: 'undefined counted as zero',
        find: '(value) => value ?? Number.NaN)',
        replace: '(value) => value ?? 0)',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/src/results/measured.ts', tests: ['apps/bench/src/results/rows.test.ts'] },
    [
      {
        id: 'measured-ft-icl',
        kind: 'settings swapped',
        find: 'metric.score({ gold, zsl, icl, ft: classes(record.predictions) })',
        replace: 'metric.score({ gold, zsl, icl: classes(record.predictions), ft: icl })',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/print-summary.ts',
      tests: ['apps/bench/src/results/print-summary.test.ts'],
    },
    [
      {
        id: 'summary-published-method',
        kind: 'figure of another method',
        find: 'cell.method === method &&',
        replace: '',
      },
      {
        id: 'summary-datasets',
        kind: 'columns swapped',
        find: 'showMean(means[i])',
        replace: 'showMean(means[datasets.length - 1 - i])',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/src/results/read-run.ts', tests: ['apps/bench/src/results/read-run.test.ts'] },
    [
      {
        id: 'read-null-zero',
        kind: 'undefined counted as zero',
        find: 'own.push(value ?? Number.NaN)',
        replace: 'own.push(value ?? 0)',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/src/results/read-run.ts', tests: ['apps/bench/src/results/round-trip.test.ts'] },
    [
      {
        id: 'read-null-zero-first',
        kind: 'undefined counted as zero',
        find: 'draft.examples.set(metric, [value ?? Number.NaN])',
        replace: 'draft.examples.set(metric, [value ?? 0])',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/src/results/rows.ts', tests: ['apps/bench/src/results/read-run.test.ts'] },
    [
      {
        id: 'released-kv',
        kind: 'columns swapped',
        find: '({ releasedGradientNorms = [] }) => releasedGradientNorms.map',
        replace: '({ gradientNorms: releasedGradientNorms = [] }) => releasedGradientNorms.map',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/src/results/rows.ts', tests: ['apps/bench/src/results/round-trip.test.ts'] },
    [
      {
        id: 'noise-columns',
        kind: 'columns swapped',
        find: '...[own.exampleChange, own.layerChange],',
        replace: '...[own.layerChange, own.exampleChange],',
      },
    ],
  ),
  ...mutantsOf({ file: 'apps/bench/src/results/rows.ts', tests: ['apps/bench/src/results/rows.test.ts'] }, [
    {
      id: 'layer-from-one',
      kind: 'layer off by one',
      find: '...[metric, layer, value, undefinedCounts[layer] ?? 0],',
      replace: '...[metric, layer + 1, value, undefinedCounts[layer] ?? 0],',
    },
    {
      id: 'undefined-next-layer',
      kind: 'layer off by one',
      find: 'value, undefinedCounts[layer] ?? 0',
      replace: 'value, undefinedCounts[layer + 1] ?? 0',
    },
    {
      id: 'predictions-gold-swapped',
      kind: 'columns swapped',
      find: 'prepared.gold[i] ?? null, predicted]',
      replace: 'predicted, prepared.gold[i] ?? null]',
    },
    {
      id: 'predictions-index',
      kind: 'wrong row',
      find: 'prepared.validationRows[i] as number, prepared',
      replace: 'i, prepared',
    },
    {
      id: 'training-columns',
      kind: 'columns swapped',
      find: '[norm, step.losses[layer] as number]',
      replace: '[step.losses[layer] as number, norm]',
    },
    {
      id: 'training-step-one',
      kind: 'off by one',
      find: '[...cell(model, result, id), i, layer, ...values]',
      replace: '[...cell(model, result, id), i + 1, layer, ...values]',
    },
    {
      id: 'interval-swapped',
      kind: 'columns swapped',
      find: 'interval?.lower ?? null, interval?.upper ?? null],\n    ]),\n};\n\n/** The layer mean',
      replace: 'interval?.upper ?? null, interval?.lower ?? null],\n    ]),\n};\n\n/** The layer mean',
    },
    {
      id: 'diverged-rows',
      kind: 'diverged cell in tables',
      find: "record.status === 'finished' ? [[id, record]] : [],",
      replace: '[[id, record as FinishedSetting]],',
    },
    {
      id: 'examples-by-index',
      kind: 'wrong row',
      find: '          ...key,\n          row,',
      replace: '          ...key,\n          i,',
    },
    {
      id: 'option-count',
      kind: 'off by one',
      find: 'Array.from({ length: options }, (_, option) =>',
      replace: 'Array.from({ length: options - 1 }, (_, option) =>',
    },
  ]),
  ...mutantsOf({ file: 'apps/bench/src/results/rows.ts', tests: ['tests/noise-floor.test.ts'] }, [
    {
      id: 'noise-change-sign',
      kind: 'sign',
      find: 'own.perturbed - own.value,',
      replace: 'own.value - own.perturbed,',
    },
  ]),
  ...mutantsOf(
    { file: 'apps/bench/src/results/seed-means.ts', tests: ['apps/bench/src/results/tables.test.ts'] },
    [
      {
        id: 'mean-null-zero-2',
        kind: 'undefined counted as zero',
        find: '      if (value === null) continue;\n      const key = JSON.stringify([metric, variant, method, dataset]);\n      const own = values.get(key);\n      if (own) own.push(value);\n      else values.set(key, [value]);',
        replace:
          '      const key = JSON.stringify([metric, variant, method, dataset]);\n      const own = values.get(key);\n      if (own) own.push(value ?? 0);\n      else values.set(key, [value ?? 0]);',
      },
      {
        id: 'mean-key-variant',
        kind: 'variants merged',
        find: 'const key = JSON.stringify([metric, variant, method, dataset]);\n      const own',
        replace: "const key = JSON.stringify([metric, 'trained', method, dataset]);\n      const own",
      },
      {
        id: 'mean-key-method',
        kind: 'methods merged',
        find: 'const key = JSON.stringify([metric, variant, method, dataset]);\n      const own',
        replace: "const key = JSON.stringify([metric, variant, 'GD', dataset]);\n      const own",
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/src/results/tables.ts', tests: ['apps/bench/src/results/tables.test.ts'] },
    [
      {
        id: 'table1-method',
        kind: 'wrong method',
        find: "find({ metric, variant, method: 'GD', dataset })",
        replace: "find({ metric, variant, method: 'LCGD', dataset })",
      },
      {
        id: 'table2-variant',
        kind: 'untrained for trained',
        find: "variant: 'trained', method, dataset }));\n      const defined",
        replace: "variant: 'untrained', method, dataset }));\n      const defined",
      },
      {
        id: 'table2-average',
        kind: 'average of fewer datasets',
        find: 'defined.length === datasets.length ? mean(defined) : null',
        replace: 'mean(defined)',
      },
      {
        id: 'pairs-deviation',
        kind: 'columns swapped',
        find: 'return [cell?.mean ?? null, cell?.deviation ?? null];',
        replace: 'return [cell?.deviation ?? null, cell?.mean ?? null];',
      },
      {
        id: 'comparison-sign',
        kind: 'sign',
        find: 'measured.mean - published.mean',
        replace: 'published.mean - measured.mean',
      },
      {
        id: 'comparison-sizes-swapped',
        kind: 'columns swapped',
        find: '      train: own.train,\n      validation: own.validation,',
        replace: '      train: own.validation,\n      validation: own.train,',
      },
      {
        id: 'table3-swapped',
        kind: 'columns swapped',
        find: '[id, own.train, own.validation, own.averageTokens]',
        replace: '[id, own.validation, own.train, own.averageTokens]',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/write-results.ts',
      tests: ['apps/bench/src/results/write-results.test.ts'],
    },
    [
      {
        id: 'write-remove-none',
        kind: 'stale table',
        find: '  await removeOthers(out, tables);\n',
        replace: '',
      },
      {
        id: 'write-finetuning-rows',
        kind: 'rows swapped',
        find: 'fine_tuning_rows: prepared.fineTuningRows,',
        replace: 'fine_tuning_rows: prepared.trainRows,',
      },
      {
        id: 'write-statuses',
        kind: 'divergence not said',
        find: 'status: record.status });',
        replace: "status: 'finished' });",
      },
      {
        id: 'write-options',
        kind: 'option dropped',
        find: 'Math.max(most, labelWords.length)',
        replace: 'Math.min(most || labelWords.length, labelWords.length)',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/src/results/outputs.ts', tests: ['apps/bench/src/results/outputs.test.ts'] },
    [
      {
        id: 'outputs-of-zero-shot',
        kind: 'wrong operand',
        find: '{ zsl: from, a, b }, gold)',
        replace: '{ zsl: b, a, b: from }, gold)',
      },
      {
        id: 'outputs-rec2ftp-interval',
        kind: 'wrong operand',
        find: 'wilsonInterval(recalled, corrected)',
        replace: 'wilsonInterval(corrected - recalled, 2 * corrected)',
      },
      {
        id: 'outputs-overlap-mean',
        kind: 'wrong divisor',
        find: 'total / own.length',
        replace: 'total / (own.length - 1)',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/src/studies/flip-labels.ts', tests: ['apps/bench/src/studies/flips.test.ts'] },
    [
      {
        id: 'flips-nested',
        kind: 'draw by share',
        find: '(BigInt(seed) << 32n) | STREAM',
        replace: '(BigInt(seed + Math.round(100 * share)) << 32n) | STREAM',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/profile/profile-table.ts',
      tests: ['apps/bench/src/results/profile/profile.test.ts'],
    },
    [
      {
        id: 'profile-peak-share',
        kind: 'wrong peak',
        find: 'rounded(operations && operations / fma)',
        replace: 'rounded(operations && operations / copy)',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/planned-time/count-work.ts',
      tests: ['apps/bench/src/experiment/planned-time/planned-time.test.ts', 'tests/planned-time.test.ts'],
    },
    [
      {
        id: 'planned-cells-shared',
        kind: 'shared by what differs',
        find: 'if (isNew(ownAddress(own).key)) trials.add(',
        replace: 'if (isNew(own.id)) trials.add(',
      },
      {
        id: 'planned-search-left-out',
        kind: 'work left out',
        find: 'rates: rateGrid(1).length + searching.length',
        replace: 'rates: rateGrid(1).length',
      },
    ],
  ),
];
