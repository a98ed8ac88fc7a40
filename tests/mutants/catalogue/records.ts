import { type Mutant, mutantsOf } from '../mutant.ts';

/** Keys of records, what is kept and found again, room on the disk. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf(
    { file: 'apps/bench/src/experiment/cell.ts', tests: ['apps/bench/src/experiment/cell.test.ts'] },
    [
      {
        id: 'key-without-rate',
        kind: 'stale record',
        find: 'learningRate: takesRate(setting) ? trial.learningRate : null,',
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
        find: "needs === 'all' ? digests[seen] : needs === 'context' ? digests.ownContext : null,",
        replace: 'null,',
      },
      {
        id: 'key-without-dtype',
        kind: 'stale record',
        find: 'const choices = { ...cell, ...tokens, dtype, ...',
        replace: 'const choices = { ...cell, ...tokens, ...',
      },
      {
        id: 'key-without-init-seed',
        kind: 'stale record',
        find: 'initSeed: initSeedOf(settings, trial),',
        replace: 'initSeed: null,',
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
        find: 'setting: runSettingId(recorded),',
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
        find: "const alone = needs === 'none' && learner.role === 'baseline';",
        replace: 'const alone = false;',
      },
      {
        id: 'zsl-shares-learners',
        kind: 'shared where it must not be',
        find: "const alone = needs === 'none' && learner.role === 'baseline';",
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
        find: 'model: digest([modelDigests, model.config,',
        replace: 'model: digest([modelDigests,',
      },
      {
        id: 'identity-without-weights',
        kind: 'stale record',
        find: 'model: digest([modelDigests, model.config,',
        replace: 'model: digest([model.config,',
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
        find: 'const { code, scores } = codeDigests();',
        replace: "const { code, scores } = { ...codeDigests(), code: '', scores: '' };",
      },
      {
        id: 'identity-without-metric-files',
        kind: 'stale record',
        find: '[metric.id, own]).toSorted()',
        replace: '[metric.id]).toSorted()',
      },
      {
        id: 'identity-without-family-file',
        kind: 'stale record',
        find: '...(family ? [family.digest] : [])',
        replace: '...[]',
      },
    ],
  ),
];
