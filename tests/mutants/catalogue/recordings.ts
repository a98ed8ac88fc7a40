import { type Mutant, mutantsOf } from '../mutant.ts';

const LAYOUTS = 'apps/bench/src/experiment/recorded/layouts.test.ts';
const SCORE = 'tests/score.test.ts';
const inRecorded = (file: string): string => `apps/bench/src/experiment/recorded/${file}`;

/** What `icl-gd score` reads. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf({ file: inRecorded('recording.ts'), tests: [LAYOUTS] }, [
    {
      id: 'recording-mask-kept',
      kind: 'padding scored',
      find: '!Number.isFinite(value) || value <= -1e4',
      replace: '!Number.isFinite(value)',
    },
    {
      id: 'recording-leading-padding',
      kind: 'padding scored',
      find: '  while (first < end - 1 && isFilling(first)) first++;\n',
      replace: '',
    },
    {
      id: 'recording-cut-at-start',
      kind: 'wrong stride',
      find: 'values.subarray(row * stored + first, row * stored + first + length)',
      replace: 'values.subarray(row * stored, row * stored + length)',
    },
    {
      id: 'recording-zero-shot-bos',
      kind: 'off by one',
      find: "if (setting === 'ZSL') return keys - 1;",
      replace: "if (setting === 'ZSL') return keys;",
    },
  ]),
  ...mutantsOf({ file: inRecorded('transformer-lens.ts'), tests: [LAYOUTS] }, [
    {
      id: 'cache-first-position',
      kind: 'wrong row of the probe',
      find: '[[(positions - 1) * dModel, dModel]]',
      replace: '[[0, dModel]]',
    },
    {
      id: 'cache-first-keys',
      kind: 'demonstrations scored',
      find: '(head * positions + positions) * keys - own',
      replace: '(head * positions + positions - 1) * keys',
    },
    {
      id: 'cache-one-position',
      kind: 'axes confused',
      find: 'const shapeOf = onePosition ? ofOnePosition : withoutBatch;',
      replace: 'const shapeOf = withoutBatch;',
    },
  ]),
  ...mutantsOf({ file: inRecorded('bare-numbers.ts'), tests: [LAYOUTS] }, [
    {
      id: 'recorded-places-are-rows',
      kind: 'rows swapped',
      find: 'example: rows[tensor.example] as number',
      replace: 'example: rows.toSorted((a, b) => a - b)[tensor.example] as number',
    },
  ]),
  ...mutantsOf({ file: inRecorded('open-trial.ts'), tests: [LAYOUTS] }, [
    {
      id: 'recorded-order-ignored',
      kind: 'rows swapped',
      find: 'read: async () => ordered(await own.read()),',
      replace: 'read: () => own.read(),',
    },
  ]),
  ...mutantsOf({ file: inRecorded('shared-facts.ts'), tests: [LAYOUTS] }, [
    {
      id: 'recorded-gold-of-first',
      kind: 'metadata ignored',
      find: '(oneDataset || subject.dataset === other.dataset) &&',
      replace: '',
    },
  ]),
  ...mutantsOf({ file: inRecorded('names.ts'), tests: [LAYOUTS] }, [
    {
      id: 'recorded-fine-tuned-by',
      kind: 'name misread',
      find: 'if (isFineTuning(found.setting, setting)) delete found.setting;',
      replace: '',
    },
    {
      id: 'recorded-module-layer',
      kind: 'layer off by one',
      find: "layer: Number(module['layer']), kind",
      replace: "layer: 1 + Number(module['layer']), kind",
    },
  ]),
  ...mutantsOf({ file: inRecorded('recorded-trials.ts'), tests: [SCORE] }, [
    {
      id: 'recorded-zero-shot-once',
      kind: 'stale record',
      find: '[...shared, ...group]',
      replace: 'group',
    },
  ]),
  ...mutantsOf({ file: inRecorded('probe-folder.ts'), tests: [SCORE] }, [
    {
      id: 'recorded-own-names',
      kind: 'name misread',
      find: 'key === undefined ? partsOfPath(name, file.path) : NO_PARTS',
      replace: 'partsOfPath(name, file.path)',
    },
  ]),
  ...mutantsOf({ file: inRecorded('lacking.ts'), tests: [SCORE] }, [
    {
      id: 'lacking-own-metric',
      kind: 'error instead of a line',
      find: '[error, (error as Error | undefined)?.cause]',
      replace: '[error]',
    },
  ]),
];
