import { type Mutant, mutantsOf } from '../mutant.ts';

/** What is asked for and where it comes from: options, presets, studies, exit codes, the hub. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/inputs.ts',
      tests: ['apps/bench/src/experiment/inputs.test.ts'],
    },
    [
      {
        id: 'vocabulary-off-by-one',
        kind: 'off by one',
        find: 'if (token >= vocabSize)',
        replace: 'if (token > vocabSize)',
      },
      {
        id: 'vocabulary-of-queries-alone',
        kind: 'check dropped',
        find: '    ...[...run.demonstrations, ...chosen].map((demonstration) => demonstration.tokens),\n',
        replace: '',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/presets/embedded.yaml', tests: ['apps/bench/src/cli/presets/presets.test.ts'] },
    [
      {
        id: 'preset-embedded-variants',
        kind: 'wrong value',
        find: 'variants: [trained, trained-embeddings, layer-norm-only, untrained]',
        replace: 'variants: [trained, untrained]',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/presets/paper.yaml', tests: ['apps/bench/src/cli/presets/presets.test.ts'] },
    [
      {
        id: 'preset-model',
        kind: 'wrong model',
        find: 'model: KoboldAI/fairseq-dense-1.3B',
        replace: 'model: KoboldAI/fairseq-dense-2.7B',
      },
    ],
  ),
  ...mutantsOf({ file: 'apps/bench/src/cli/choose.ts', tests: ['apps/bench/src/cli/choose.test.ts'] }, [
    {
      id: 'list-duplicates',
      kind: 'duplicates in a list',
      find: 'if (twice !== undefined) throw',
      replace: 'if (false) throw',
    },
    {
      id: 'cli-integer-most',
      kind: 'off by one',
      find: 'value >= least && value <= most',
      replace: 'value >= least && value < most',
    },
  ]),
  ...mutantsOf({ file: 'apps/bench/src/cli/commands/run.ts', tests: ['tests/divergence.test.ts'] }, [
    {
      id: 'exit-incomplete',
      kind: 'exit codes swapped',
      find: 'if (await runPasses(passes)) return;',
      replace: 'if (!(await runPasses(passes))) return;',
    },
  ]),
  ...mutantsOf(
    { file: 'apps/bench/src/cli/setting-list.ts', tests: ['apps/bench/src/cli/setting-list.test.ts'] },
    [
      {
        id: 'cli-methods-comma',
        kind: 'options split',
        find: 'text.split(/,(?![^[]*\\])/)',
        replace: "text.split(',')",
      },
      {
        id: 'baseline-without-option',
        kind: 'check dropped',
        find: "learner.role === 'baseline' && runSettingId(setting) === learner.id",
        replace: 'false',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/cli/presets/read-preset.ts',
      tests: ['apps/bench/src/cli/presets/presets.test.ts'],
    },
    [{ id: 'preset-list-join', kind: 'wrong separator', find: "own.join(',')", replace: "own.join(' ')" }],
  ),
  ...mutantsOf(
    { file: 'apps/bench/src/cli/run-options.ts', tests: ['apps/bench/src/cli/presets/presets.test.ts'] },
    [
      {
        id: 'pass-options-lose',
        kind: 'options in the wrong order',
        find: '{ ...preset?.options, ...pass }',
        replace: '{ ...pass, ...preset?.options }',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/src/cli/run-options.ts', tests: ['apps/bench/src/cli/run-options.test.ts'] },
    [
      {
        id: 'typed-options-lose',
        kind: 'options in the wrong order',
        find: '{ ...(typed.taskFile?.length ? butDatasets : below), ...typed }',
        replace: '{ ...typed, ...(typed.taskFile?.length ? butDatasets : below) }',
      },
      {
        id: 'default-probe',
        kind: 'wrong default',
        find: "raw.probe === undefined ? 'label'",
        replace: "raw.probe === undefined ? 'prompt'",
      },
      { id: 'gib', kind: 'wrong unit', find: '* 2 ** 30 };', replace: '* 1e9 };' },
      {
        id: 'cli-datasets-order',
        kind: 'order ignored',
        find: 'return ids.map((id) => known.find((task) => task.id === id) as Task);',
        replace: 'return known.filter((task) => ids.includes(task.id));',
      },
      {
        id: 'cli-prepare-half',
        kind: 'option ignored',
        find: 'raw.model === undefined && raw.data === undefined ?',
        replace: 'raw.model === undefined ?',
      },
    ],
  ),
  ...mutantsOf(
    { file: 'apps/bench/src/cli/run-passes.ts', tests: ['apps/bench/src/cli/presets/presets.test.ts'] },
    [
      {
        id: 'passes-distinct',
        kind: 'computed twice',
        find: 'passes.findIndex((other) => workOf(other) === workOf(pass)) === i',
        replace: 'true',
      },
    ],
  ),
  ...mutantsOf({ file: 'apps/bench/src/cli/run-passes.ts', tests: ['tests/divergence.test.ts'] }, [
    {
      id: 'runs-complete-last',
      kind: 'exit code of the last pass alone',
      find: 'complete &&= run.complete;',
      replace: 'complete = run.complete;',
    },
  ]),
  ...mutantsOf(
    {
      file: 'apps/bench/src/tasks/prompts/labels.ts',
      tests: ['apps/bench/src/tasks/prompts/labels.test.ts'],
    },
    [
      {
        id: 'labels-wrong',
        kind: 'right label kept',
        find: '(row.label + 1 + below(classes - 1)) % classes',
        replace: '(row.label + below(classes - 1)) % classes',
      },
    ],
  ),
  ...mutantsOf({ file: 'apps/bench/src/studies/shots.ts', tests: ['apps/bench/src/studies/shots.test.ts'] }, [
    {
      id: 'shots-curve',
      kind: 'curve without zero shots',
      find: '(k === 0 || row.labels === labels)',
      replace: 'row.labels === labels',
    },
  ]),
  ...mutantsOf({ file: 'apps/bench/src/studies/shots.ts', tests: ['tests/studies.test.ts'] }, [
    {
      id: 'shots-zero',
      kind: 'off by one',
      find: 'shots === 0 ? runSetting(zeroShot) :',
      replace: 'shots < 0 ? runSetting(zeroShot) :',
    },
    {
      id: 'shots-labels',
      kind: 'labels ignored',
      find: "labels === 'gold' ? {} : { labels }",
      replace: '{}',
    },
    {
      id: 'shots-chance',
      kind: 'off by one',
      find: 'chance: 1 / task.classes.length }',
      replace: 'chance: 1 / (task.classes.length - 1) }',
    },
  ]),
  ...mutantsOf({ file: 'apps/bench/src/studies/sweep.ts', tests: ['apps/bench/src/studies/sweep.test.ts'] }, [
    {
      id: 'sweep-worst',
      kind: 'worst rate',
      find: 'b.gain - a.gain || a.learningRate - b.learningRate',
      replace: 'a.gain - b.gain || a.learningRate - b.learningRate',
    },
    {
      id: 'sweep-tie-largest',
      kind: 'last of equals',
      find: 'b.gain - a.gain || a.learningRate - b.learningRate',
      replace: 'b.gain - a.gain || b.learningRate - a.learningRate',
    },
    {
      id: 'sweep-diverged',
      kind: 'diverged rate chosen',
      find: 'return gains.includes(undefined)\n        ? []\n        :',
      replace: 'return gains.every((own) => own === undefined)\n        ? []\n        :',
    },
    {
      id: 'sweep-gain',
      kind: 'sign',
      find: 'undefined : row.fineTuned - row.zeroShot));',
      replace: 'undefined : row.zeroShot - row.fineTuned));',
    },
    {
      id: 'sweep-columns',
      kind: 'columns swapped',
      find: '      row.zeroShot,\n      row.fineTuned ?? null,',
      replace: '      row.fineTuned ?? null,\n      row.zeroShot,',
    },
    {
      id: 'sweep-dataset',
      kind: 'datasets merged',
      find: 'const own = rows.filter((row) => row.dataset === dataset);',
      replace: 'const own = rows;',
    },
  ]),
  ...mutantsOf({ file: 'apps/bench/src/tasks/halves.ts', tests: ['tests/studies.test.ts'] }, [
    {
      id: 'sweep-halves-same',
      kind: 'evaluated on what it was trained on',
      find: 'validation: dataset.train.slice(middle)',
      replace: 'validation: dataset.train.slice(0, middle)',
    },
    {
      id: 'sweep-halves-validation',
      kind: 'wrong split',
      find: 'return { ...dataset, train: dataset.train.slice(0, middle), validation: dataset.train.slice(middle) };',
      replace: 'return dataset;',
    },
  ]),
  ...mutantsOf({ file: 'apps/bench/src/studies/sweep.ts', tests: ['tests/studies.test.ts'] }, [
    {
      id: 'sweep-rate-fixed',
      kind: 'rate ignored',
      find: 'learningRates.map((rate) => questionOf(run, setting, rate))',
      replace: 'learningRates.map(() => questionOf(run, setting, learningRates[0]!))',
    },
  ]),
  ...mutantsOf(
    {
      file: 'packages/transformer/src/hub/download.ts',
      tests: ['packages/transformer/src/hub/snapshot.test.ts'],
    },
    [
      {
        id: 'hub-hash-unverified',
        kind: 'hash not verified',
        find: 'if (await hasHash(incomplete, file.hash)) return publish',
        replace: 'return publish',
      },
      {
        id: 'hub-resume-offset',
        kind: 'wrong offset',
        find: 'let position = resumes ? start : 0;',
        replace: 'let position = start;',
      },
      {
        id: 'hub-resume-range',
        kind: 'off by one',
        find: 'Range: `bytes=${start}-`',
        replace: 'Range: `bytes=${start + 1}-`',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'packages/transformer/src/hub/download.ts',
      tests: ['packages/transformer/src/hub/hostile-hub.test.ts'],
    },
    [
      {
        id: 'hub-longer-than-listed',
        kind: 'bound dropped',
        find: 'if (position + chunk.length > size) return false;',
        replace: '',
      },
      {
        id: 'hub-stall-refresh',
        kind: 'time limit of the whole',
        find: 'stall.refresh();',
        replace: '',
      },
      {
        id: 'hub-empty-file',
        kind: 'empty file not fetched',
        find: ' || file.size === 0',
        replace: '',
      },
      {
        id: 'hub-hard-link',
        kind: 'written through a link',
        find: 'if (found.isFile() && found.nlink === 1)',
        replace: 'if (found.isFile())',
      },
      {
        id: 'hub-attempts-unbounded',
        kind: 'bound dropped',
        find: 'LEAST_ATTEMPTS + Math.ceil(file.size / BYTES_PER_ATTEMPT)',
        replace: 'Infinity',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'packages/transformer/src/hub/answer.ts',
      tests: ['packages/transformer/src/hub/hostile-hub.test.ts'],
    },
    [
      {
        id: 'hub-answer-unbounded',
        kind: 'bound dropped',
        find: 'exchange.bytes(response, LARGEST_ANSWER)',
        replace: 'exchange.bytes(response, Infinity)',
      },
      {
        id: 'hub-answer-depth',
        kind: 'bound dropped',
        find: 'if (depthOf(bytes) > DEEPEST_ANSWER)',
        replace: 'if (depthOf(bytes) < 0)',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'packages/gpu-kernels/src/platform/node/private-folder.ts',
      tests: ['packages/gpu-kernels/src/platform/node/private-folder.test.ts'],
    },
    [
      {
        id: 'folder-owner',
        kind: "another user's folder trusted",
        find: 'found.isDirectory() && found.uid === user && (found.mode & forbidden) === 0',
        replace: 'found.isDirectory() && (found.mode & forbidden) === 0',
      },
      {
        id: 'folder-mode',
        kind: 'writable folder trusted',
        find: ' && (found.mode & forbidden) === 0',
        replace: '',
      },
      {
        id: 'folder-contents',
        kind: 'contents not compared',
        find: 'return (await handle.readFile()).equals(bytes);',
        replace: 'return true;',
      },
      {
        id: 'folder-sticky',
        kind: 'replaceable folder trusted',
        find: 'if ((mode & OTHERS_MAY_WRITE) !== 0 && (mode & STICKY) === 0) return false;',
        replace: '',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'packages/transformer/src/hub/http.ts',
      tests: ['packages/transformer/src/hub/snapshot.test.ts'],
    },
    [
      {
        id: 'hub-retries',
        kind: 'progress ignored',
        find: 'if (progress() > reached) failures = 1;',
        replace: '',
      },
      {
        id: 'hub-429',
        kind: 'wrong unit',
        find: 'Number.isFinite(seconds) ? seconds * 1000 : 0',
        replace: 'Number.isFinite(seconds) ? seconds : 0',
      },
      {
        id: 'hub-token-anywhere',
        kind: 'token to another host',
        find: 'if (secret && target.origin === new URL(endpoint).origin)',
        replace: 'if (secret)',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'packages/transformer/src/hub/repository.ts',
      tests: ['packages/transformer/src/hub/snapshot.test.ts'],
    },
    [
      {
        id: 'hub-encode',
        kind: 'names not encoded',
        find: "path.split('/').map(encodeURIComponent)",
        replace: "path.split('/')",
      },
      {
        id: 'hub-leaves',
        kind: 'path outside',
        find: "path.split(/[/\\\\]/).includes('..')",
        replace: "path.startsWith('..')",
      },
      {
        id: 'hub-revision-ignored',
        kind: 'revision ignored',
        find: 'encodeURIComponent(client.repository.revision)',
        replace: "'main'",
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'packages/transformer/src/hub/snapshot.ts',
      tests: ['packages/transformer/src/hub/snapshot.test.ts'],
    },
    [
      {
        id: 'hub-shards-first',
        kind: 'shards dropped',
        find: 'for (const shard of new Set(index.values())) await ensure(shard);',
        replace: 'for (const shard of [...new Set(index.values())].slice(0, 1)) await ensure(shard);',
      },
      {
        id: 'hub-fallback-any',
        kind: 'refusal ignored',
        find: 'if (!(error instanceof HubUnavailableError) || cached === undefined) throw error;',
        replace: 'if (cached === undefined) throw error;',
      },
      {
        id: 'hub-fallback-incomplete',
        kind: 'incomplete cache trusted',
        find: "if ((await inspectCached(cache, cached)).state !== 'complete') throw error;",
        replace: '',
      },
      {
        id: 'hub-offline-ignored',
        kind: 'offline ignored',
        find: 'if (settings.offline) return offlineSnapshot(cache, model, settings);',
        replace: '',
      },
      {
        id: 'hub-cached-shards',
        kind: 'hash not verified',
        find: "    if (!(await cache.isIntact(commit, file))) return { state: 'damaged', file };\n  }\n  return",
        replace: '  }\n  return',
      },
    ],
  ),
];
