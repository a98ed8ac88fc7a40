import { type Mutant, mutantsOf } from '../mutant.ts';

/** Plan, computing of trials, their scores and the noise floor. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/training/weight-changes.ts',
      tests: ['apps/bench/src/experiment/training/weight-changes.test.ts'],
    },
    [
      {
        id: 'precision-share-of-changed',
        kind: 'rounding left out',
        find: 'if (halfTo !== halfFrom) moved++;',
        replace: 'if (delta !== 0) moved++;',
      },
      {
        id: 'precision-against-rounded',
        kind: 'wrong reference',
        find: 'rounded.dot += delta * (halfTo - w);',
        replace: 'rounded.dot += delta * (halfTo - halfFrom);',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/training/measure-training.ts',
      tests: ['apps/bench/src/experiment/training/measure-training.test.ts'],
    },
    [
      {
        id: 'weight-pairs-not-held-forgotten',
        kind: 'pairs left out',
        find: 'rest = rest.filter((setting) => !over.has(setting));',
        replace: 'rest = [];',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/noise-floor.ts',
      tests: ['apps/bench/src/experiment/noise-floor.test.ts'],
    },
    [
      {
        id: 'noise-rms',
        kind: 'wrong divisor',
        find: '(largest * Math.sqrt(sum)) / Math.sqrt(values.length)',
        replace: '(largest * Math.sqrt(sum)) / values.length',
      },
      {
        id: 'noise-undefined-zero',
        kind: 'undefined counted as zero',
        find: 'value === null || other === null ? [] : [other - value]',
        replace: '[(other ?? 0) - (value ?? 0)]',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/noise-floor.ts',
      tests: ['apps/bench/src/experiment/noise-of-trial.test.ts'],
    },
    [
      {
        id: 'noise-not-half-first',
        kind: 'not rounded',
        find: 'await probeAgain(rounded, true)',
        replace: 'await probeAgain(model, true)',
      },
      {
        id: 'noise-summation',
        kind: 'order ignored',
        find: 'await probeAgain(reordered, false)',
        replace: 'await probeAgain(model, false)',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/src/experiment/plan.ts', tests: ['apps/bench/src/experiment/plan.test.ts'] },
    [
      {
        id: 'plan-permutation-index',
        kind: 'permutation of another seed',
        find: 'permutations[seeds.indexOf(seed)] ?? 0',
        replace: 'permutations[0] ?? 0',
      },
      {
        id: 'plan-rate-other',
        kind: 'rate of another dataset',
        find: 'settings.learningRate ?? task.defaults.learningRate',
        replace: 'settings.learningRate ?? settings.datasets[0]!.defaults.learningRate',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/trial-probing.ts',
      tests: ['apps/bench/src/experiment/noise-of-trial.test.ts'],
    },
    [
      {
        id: 'noise-half',
        kind: 'not rounded',
        find: '[token]), halfWeights, takeIn:',
        replace: '[token]), takeIn:',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/cell-records.ts',
      tests: ['apps/bench/src/experiment/run-trial.test.ts'],
    },
    [
      {
        id: 'recorded-own-only',
        kind: 'stale record',
        find: 'if (!addresses.every((address) => this.#isRecorded(address))) return undefined;',
        replace: 'if (!this.#isRecorded(own)) return undefined;',
      },
      {
        id: 'fresh-reads-records',
        kind: '--fresh ignored',
        find: 'return fresh ? written.has(address.key) : store.has(address);',
        replace: 'return written.has(address.key) || store.has(address);',
      },
      {
        id: 'fresh-never-shares',
        kind: 'computed twice',
        find: 'this.#options.written.add(address.key);',
        replace: '',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/setting-scores.ts',
      tests: ['apps/bench/src/experiment/run-trial.test.ts'],
    },
    [
      {
        id: 'fresh-rescored',
        kind: '--fresh ignored',
        find: '    if (fresh) return undefined;\n',
        replace: '',
      },
      {
        id: 'rescored-training-lost',
        kind: 'training lost',
        find: 'const { predictions, training, directionsOnly } = older.record;',
        replace: 'const { predictions, directionsOnly } = older.record; const training: [] = [];',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/run-trial.ts',
      tests: ['apps/bench/src/experiment/run-trial.test.ts'],
    },
    [
      {
        id: 'broken-learner',
        kind: 'divergence of one stops all',
        find: "own.status === 'diverged' && !compared",
        replace: "own.status === 'diverged'",
      },
      {
        id: 'pair-diverged',
        kind: 'diverged cell scored',
        find: "if (pair.ids.some((id) => records.get(id)?.status !== 'finished')) continue;",
        replace: '',
      },
      {
        id: 'pair-own-token',
        kind: 'wrong row of the probe',
        find: 'second: await this.#scores.probesAt(plan, settings[1], token),',
        replace:
          'second: await this.#scores.probesAt(plan, settings[1], [...settings[1].addresses.keys()][0] as ProbeToken),',
      },
      {
        id: 'broken-never',
        kind: 'overflow not noticed',
        find: "own.status === 'diverged' && !compared",
        replace: 'false',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/scoring/finish-setting.ts',
      tests: ['apps/bench/src/experiment/run-trial.test.ts'],
    },
    [
      {
        id: 'score-baseline-swapped',
        kind: 'settings swapped',
        find: '{ icl: probes, zsl }',
        replace: '{ icl: zsl, zsl: probes }',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/src/experiment/scoring/finish-setting.ts', tests: ['tests/parity.test.ts'] },
    [
      {
        id: 'score-zsl-for-icl',
        kind: 'settings swapped',
        find: '{ icl, zsl, ft: probes }',
        replace: '{ icl: zsl, zsl: icl, ft: probes }',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/scoring/score-work.ts',
      tests: ['apps/bench/src/experiment/scoring/scoring.test.ts'],
    },
    [
      {
        id: 'joined-totals-lost',
        kind: 'counts left out',
        find: '...(totals.length > 0 ? { totalCounts: totals } : {}),',
        replace: '',
      },
      {
        id: 'joined-counts-of-first-layer',
        kind: 'wrong layer',
        find: 'count: counts[layer]?.[example] as number',
        replace: 'count: counts[0]?.[example] as number',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/setting-scores.ts',
      tests: [
        'apps/bench/src/experiment/scoring/scoring.test.ts',
        'apps/bench/src/experiment/lockstep/trials.test.ts',
      ],
    },
    [
      {
        id: 'scored-before-the-next',
        kind: 'device waits',
        find: 'if (!this.#options.scoring.isBeside(probes)) await outcome;',
        replace: 'await outcome;',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/run-trial.ts',
      tests: [
        'apps/bench/src/experiment/scoring/scoring.test.ts',
        'apps/bench/src/experiment/lockstep/trials.test.ts',
      ],
    },
    [
      {
        id: 'next-trial-not-begun',
        kind: 'device waits',
        find: 'await this.#lookAhead(next);',
        replace: 'await undefined;',
      },
      {
        id: 'in-flight-not-waited-for',
        kind: 'record lost',
        find: 'await this.#scores.settle();',
        replace: '',
      },
    ],
  ),
  ...mutantsOf({ file: 'apps/bench/src/experiment/run.ts', tests: ['tests/variants.test.ts'] }, [
    {
      id: 'percent-share',
      kind: 'share for per cent',
      find: '(100 * (share ?? 0)).toFixed(0)',
      replace: '(share ?? 0).toFixed(0)',
    },
    {
      id: 'describe-zsl-icl',
      kind: 'settings swapped',
      find: '[`ZSL ${percent(zsl)}, ICL ${percent(icl)}`]',
      replace: '[`ZSL ${percent(icl)}, ICL ${percent(zsl)}`]',
    },
  ]),
  ...mutantsOf({ file: 'apps/bench/src/experiment/loaded-model.ts', tests: ['tests/variants.test.ts'] }, [
    {
      id: 'init-seed-ignored',
      kind: 'seed ignored',
      find: 'seed: initSeed ?? 0,',
      replace: 'seed: 0,',
    },
    {
      id: 'variant-not-reloaded',
      kind: 'stale model',
      find: 'if (this.#model && this.#loaded === wanted) return this.#model;',
      replace: 'if (this.#model) return this.#model;',
    },
  ]),
  ...mutantsOf({ file: 'apps/bench/src/experiment/loaded-model.ts', tests: ['tests/weight-dtype.test.ts'] }, [
    {
      id: 'dtype-ignored',
      kind: 'option ignored',
      find: '      dtype: settings.dtype,\n      families',
      replace: '      families',
    },
  ]),
  ...mutantsOf(
    { file: 'apps/bench/src/experiment/scores.ts', tests: ['apps/bench/src/experiment/scores.test.ts'] },
    [
      {
        id: 'bootstrap-stream',
        kind: 'seed ignored',
        find: '(BigInt(seed) << 32n) | BOOTSTRAP_STREAM',
        replace: 'BOOTSTRAP_STREAM',
      },
      {
        id: 'bootstrap-level',
        kind: 'wrong percentiles',
        find: 'const LEVEL = 0.95;',
        replace: 'const LEVEL = 0.9;',
      },
      {
        id: 'uniform-seed',
        kind: 'seed ignored',
        find: 'const uniform = new Pcg64(seed);',
        replace: 'const uniform = new Pcg64(0);',
      },
      {
        id: 'inapplicable',
        kind: 'metric that does not apply',
        find: 'learner.inapplicableMetrics?.includes(metric.id) ? undefined : metric.score',
        replace: 'metric.score',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/trial-plan.ts',
      tests: ['apps/bench/src/experiment/run-trial.test.ts'],
    },
    [
      {
        id: 'plan-own-address-last',
        kind: 'wrong row of the probe',
        find: '[...addresses.values()][0] as CellAddress',
        replace: '[...addresses.values()].at(-1) as CellAddress',
      },
    ],
  ),
  ...mutantsOf({ file: 'apps/bench/src/experiment/trial-result.ts', tests: ['tests/parity.test.ts'] }, [
    {
      id: 'result-zsl-icl',
      kind: 'settings swapped',
      find: 'const baselines = { zeroShot, inContext };',
      replace: 'const baselines = { zeroShot: inContext, inContext: zeroShot };',
    },
  ]),
];
