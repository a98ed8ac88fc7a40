/** Texts for people in the catalogues of metrics and learners: no test holds them to the letter. */
const PROSE = new Set(['label', 'formula', 'source', 'definedWhen']);

/** Leaves out mutants of those texts, and of nothing else. */
export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'prose',
    value: {
      shouldIgnore({ node, parent }) {
        const text = node.type === 'StringLiteral' || node.type === 'TemplateLiteral';
        if (text && parent?.type === 'ObjectProperty' && parent.value === node && PROSE.has(parent.key.name))
          return 'prose of a catalogue';
        return undefined;
      },
    },
  },
];

/** The folder of packages/ that is mutated. */
const name = process.env['STRYKER_PACKAGE'] ?? 'metrics';

export default {
  mutate: [
    `packages/${name}/src/**/*.ts`,
    '!**/*.test.ts',
    '!**/test-support.ts',
    // Made by their tests, which read them.
    '!packages/methods/src/learners/index.ts',
    '!packages/metrics/src/layer-metric-lists.ts',
  ],
  disableTypeChecks: false,
  testRunner: 'vitest',
  // Native GPU bindings crash worker threads.
  vitest: {
    pool: name === 'metrics' ? 'threads' : 'forks',
    related: false,
    configFile: 'vitest.stryker.config.ts',
  },
  plugins: ['@stryker-mutator/vitest-runner', './stryker.config.mjs'],
  ignorers: ['prose'],
  // The sandbox holds the package and what its tests read; other packages are found through node_modules, unmutated.
  ignorePatterns: [
    '*',
    '!vitest.config.ts',
    '!vitest.stryker.config.ts',
    '!tsconfig.base.json',
    `!packages/${name}/**`,
    '!tests/fixtures/**',
  ],
  incrementalFile: `reports/stryker/${name}-incremental.json`,
  reporters: ['progress-append-only', 'clear-text', 'html', 'json'],
  clearTextReporter: { reportTests: false, allowColor: false },
  htmlReporter: { fileName: `reports/stryker/${name}.html` },
  jsonReporter: { fileName: `reports/stryker/${name}.json` },
  thresholds: { high: 95, low: 90, break: 90 },
  // On a busy machine only endless loops shall time out.
  timeoutMS: 20_000,
  timeoutFactor: 4,
  warnings: { slow: false },
  concurrency: 2,
};
