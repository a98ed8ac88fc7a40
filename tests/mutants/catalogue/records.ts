import { type Mutant, mutantsOf } from '../mutant.ts';

/** Plan, records, resuming, noise floor and code digests: what is computed, kept and found again. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf(
    { file: 'apps/bench/src/experiment/cell.ts', tests: ['apps/bench/src/experiment/cell.test.ts'] },
    [
      {
        id: 'key-without-rate',
        kind: 'stale record',
        find: 'learningRate: objective ? trial.learningRate : null,',
        replace: 'learningRate: null,',
      },
      {
        id: 'key-without-seed',
        kind: 'stale record',
        find: 'seed: alone ? null : trial.seed,',
        replace: 'seed: null,',
      },
      {
        id: 'key-without-permutation',
        kind: 'stale record',
        find: 'permutation: alone ? null : trial.permutation,',
        replace: 'permutation: null,',
      },
      {
        id: 'key-without-queries',
        kind: 'stale record',
        find: 'queries: digests.queries,',
        replace: "queries: '',",
      },
      {
        id: 'key-without-demonstrations',
        kind: 'stale record',
        find: "demonstrations: needs === 'all' ? digests.demonstrations : null,",
        replace: 'demonstrations: null,',
      },
      {
        id: 'key-without-dtype',
        kind: 'stale record',
        find: 'const choices = { ...cell, ...tokens, dtype, initSeed',
        replace: 'const choices = { ...cell, ...tokens, initSeed',
      },
      {
        id: 'key-without-init-seed',
        kind: 'stale record',
        find: "initSeed: cell.variant === 'trained' ? null : initSeed",
        replace: 'initSeed: null',
      },
      {
        id: 'key-without-learner',
        kind: 'stale record',
        find: 'environment: { ...environment, learner }',
        replace: "environment: { ...environment, learner: '' }",
      },
      {
        id: 'key-without-probe',
        kind: 'stale record',
        find: '    probe,\n  };\n  return address(',
        replace: "    probe: 'label',\n  };\n  return address(",
      },
      {
        id: 'key-setting-without-options',
        kind: 'stale record',
        find: 'setting: settingId(setting),',
        replace: 'setting: setting.learner.id,',
      },
      {
        id: 'key-without-gold',
        kind: 'stale record',
        find: 'digest([prepared.queries, prepared.gold, prepared.validationRows])',
        replace: 'digest([prepared.queries, prepared.validationRows])',
      },
      {
        id: 'key-without-rows',
        kind: 'stale record',
        find: 'digest([prepared.queries, prepared.gold, prepared.validationRows])',
        replace: 'digest([prepared.queries, prepared.gold])',
      },
      {
        id: 'key-context-count',
        kind: 'stale record',
        find: 'context: digest(prepared.context)',
        replace: 'context: digest(prepared.context.demonstrations)',
      },
      {
        id: 'joint-first-only',
        kind: 'stale record',
        find: 'members: digest(members.map(({ key }) => key).toSorted())',
        replace: 'members: digest(members[0]?.key)',
      },
      {
        id: 'zsl-per-seed',
        kind: 'zero-shot not shared',
        find: "const alone = needs === 'none' && role === 'baseline';",
        replace: 'const alone = false;',
      },
      {
        id: 'zsl-shares-learners',
        kind: 'shared where it must not be',
        find: "const alone = needs === 'none' && role === 'baseline';",
        replace: "const alone = needs === 'none';",
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/code-digest.ts',
      tests: ['apps/bench/src/experiment/code-digest.test.ts'],
    },
    [
      {
        id: 'digest-methods-missing',
        kind: 'stale record',
        find: "packages: ['gpu-kernels', 'transformer', 'methods'],",
        replace: "packages: ['gpu-kernels', 'transformer'],",
      },
      {
        id: 'digest-metrics-missing',
        kind: 'stale record',
        find: "packages: ['metrics'],",
        replace: 'packages: [],',
      },
      {
        id: 'digest-not-content',
        kind: 'stale record',
        find: 'hash.update(`${name}\\0`).update(read(path))',
        replace: 'hash.update(`${name}\\0`)',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/src/experiment/disk.ts', tests: ['apps/bench/src/experiment/disk.test.ts'] },
    [
      {
        id: 'disk-bytes',
        kind: 'wrong stride',
        find: 'return 4 * layers * (queries.length * dModel + keys * heads);',
        replace: 'return 4 * layers * (queries.length * dModel + keys);',
      },
      {
        id: 'disk-needed',
        kind: 'limit ignored',
        find: 'if (needed > free)',
        replace: 'if (needed > free * 2)',
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
      file: 'apps/bench/src/experiment/record-store.ts',
      tests: ['apps/bench/src/experiment/record-store.test.ts'],
    },
    [
      {
        id: 'damaged-trusted',
        kind: 'damaged record trusted',
        find: 'if (record.success) return record.data;\n    this',
        replace:
          'if (record.success || record) return (await this.#envelope(address))?.result as T;\n    this',
      },
      {
        id: 'write-not-atomic',
        kind: 'not written in one step',
        find: 'await writeFile(`${path}.partial`, text);\n      await rename(`${path}.partial`, path);',
        replace: 'await writeFile(path, text);',
      },
      {
        id: 'write-nan-null',
        kind: 'NaN kept as null',
        find: "if (typeof value === 'number' && !Number.isFinite(value))",
        replace: "if (typeof value === 'number' && Number.isNaN(value))",
      },
      {
        id: 'unscored-any',
        kind: 'stale record',
        find: "differing(parts, address.parts).join() !== 'scores'",
        replace: 'differing(parts, address.parts).length === 0',
      },
      {
        id: 'unscored-includes',
        kind: 'stale record',
        find: "differing(parts, address.parts).join() !== 'scores'",
        replace: "!differing(parts, address.parts).includes('scores')",
      },
      {
        id: 'differing-choices',
        kind: 'stale record',
        find: 'if (JSON.stringify(a.choices) !== JSON.stringify(b.choices)) return [];',
        replace: '',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/run-identity.ts',
      tests: ['apps/bench/src/experiment/run-identity.test.ts'],
    },
    [
      {
        id: 'identity-without-config',
        kind: 'stale record',
        find: 'model: digest([modelDigests, model.config])',
        replace: 'model: digest([modelDigests])',
      },
      {
        id: 'identity-without-weights',
        kind: 'stale record',
        find: 'model: digest([modelDigests, model.config])',
        replace: 'model: digest([model.config])',
      },
      {
        id: 'identity-adapter',
        kind: 'stale record',
        find: 'adapter: digest(adapter),',
        replace: 'adapter: digest(adapter.kind),',
      },
      {
        id: 'identity-code',
        kind: 'stale record',
        find: '      ...codeDigests(),',
        replace: "      ...{ code: '', scores: '' },",
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/run-trial.ts',
      tests: ['apps/bench/src/experiment/noise-of-trial.test.ts'],
    },
    [
      {
        id: 'noise-half',
        kind: 'not rounded',
        find: '{ probeTokens: [token], halfWeights, again: true }',
        replace: '{ probeTokens: [token], again: true }',
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
      {
        id: 'fresh-rescored',
        kind: '--fresh ignored',
        find: '    if (fresh) return undefined;\n',
        replace: '',
      },
      {
        id: 'broken-learner',
        kind: 'divergence of one stops all',
        find: "record.status === 'diverged' && setting.setting.learner.role === 'baseline'",
        replace: "record.status === 'diverged'",
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
        find: 'second: await this.#probesAt(plan, settings[1], token),',
        replace:
          'second: await this.#probesAt(plan, settings[1], [...settings[1].addresses.keys()][0] as ProbeToken),',
      },
      {
        id: 'rescored-training-lost',
        kind: 'training lost',
        find: 'const { predictions, training } = older.record;',
        replace: 'const { predictions } = older.record; const training: [] = [];',
      },
      {
        id: 'broken-never',
        kind: 'overflow not noticed',
        find: "record.status === 'diverged' && setting.setting.learner.role === 'baseline'",
        replace: 'false',
      },
      {
        id: 'score-baseline-swapped',
        kind: 'settings swapped',
        find: 'scoreBaseline({ icl: ft, zsl }, config, seed)',
        replace: 'scoreBaseline({ icl: zsl, zsl: ft }, config, seed)',
      },
    ],
  ),
  ...mutantsOf({ file: 'apps/bench/src/experiment/run-trial.ts', tests: ['tests/parity.test.ts'] }, [
    {
      id: 'score-zsl-for-icl',
      kind: 'settings swapped',
      find: 'scoreLearner(setting.setting.learner, { icl, zsl, ft }, config);\n    return',
      replace: 'scoreLearner(setting.setting.learner, { icl: zsl, zsl: icl, ft }, config);\n    return',
    },
  ]),
  ...mutantsOf({ file: 'apps/bench/src/experiment/run.ts', tests: ['tests/variants.test.ts'] }, [
    {
      id: 'percent-share',
      kind: 'share for per cent',
      find: '(100 * (share ?? 0)).toFixed(0)',
      replace: '(share ?? 0).toFixed(0)',
    },
    {
      id: 'init-seed-ignored',
      kind: 'seed ignored',
      find: 'seed: settings.initSeed,\n      dtype',
      replace: 'seed: 0,\n      dtype',
    },
    {
      id: 'variant-not-reloaded',
      kind: 'stale model',
      find: 'if (this.#model && this.#variant === variant) return this.#model;',
      replace: 'if (this.#model) return this.#model;',
    },
    {
      id: 'describe-zsl-icl',
      kind: 'settings swapped',
      find: '[`ZSL ${percent(zsl)}, ICL ${percent(icl)}`]',
      replace: '[`ZSL ${percent(icl)}, ICL ${percent(zsl)}`]',
    },
  ]),
  ...mutantsOf({ file: 'apps/bench/src/experiment/run.ts', tests: ['tests/weight-dtype.test.ts'] }, [
    {
      id: 'dtype-ignored',
      kind: 'option ignored',
      find: '      dtype: settings.dtype,\n    });\n    this.#variant',
      replace: '    });\n    this.#variant',
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
      find: 'baselines: { zeroShot, inContext }',
      replace: 'baselines: { zeroShot: inContext, inContext: zeroShot }',
    },
  ]),
];
