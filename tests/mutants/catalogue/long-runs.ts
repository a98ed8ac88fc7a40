import { type Mutant, mutantsOf } from '../mutant.ts';

const METHODS = 'packages/methods/src';
const SRC = 'packages/transformer/src';
const RUN_TEST = `${METHODS}/run.test.ts`;
const LONG_TEST = `${SRC}/long-running.test.ts`;

export const mutants: readonly Mutant[] = [
  ...mutantsOf({ file: `${METHODS}/run.ts`, tests: [RUN_TEST] }, [
    {
      id: 'late-abort-leaks',
      kind: 'not disposed',
      find: 'if (signal?.aborted) result.dispose();',
      replace: '',
    },
    {
      id: 'late-abort-ignored',
      kind: 'abort ignored',
      find: 'if (signal?.aborted) result.dispose();\n  signal?.throwIfAborted();',
      replace: '',
    },
    {
      id: 'lcgd-is-gd',
      kind: 'wrong method',
      find: "(method === 'GD' ? gradientDescent : layerCausalGradientDescent)",
      replace: 'gradientDescent',
    },
    {
      id: 'run-not-disposed',
      kind: 'not disposed',
      find: 'using adapted = await learner.adapt',
      replace: 'const adapted = await learner.adapt',
    },
  ]),
  ...mutantsOf({ file: `${METHODS}/adapted-model.ts`, tests: [RUN_TEST] }, [
    {
      id: 'probe-after-dispose',
      kind: 'use after dispose',
      find: 'if (disposed) throw new RangeError(`probing an adapted ${model} that was disposed`);',
      replace: '',
    },
    {
      id: 'dispose-twice',
      kind: 'disposed twice',
      find: 'if (!disposed) result.dispose();',
      replace: 'result.dispose();',
    },
    {
      id: 'default-probe-token',
      kind: 'wrong default',
      find: "const DEFAULT_PROBE_TOKEN: ProbeToken = 'prompt';",
      replace: "const DEFAULT_PROBE_TOKEN: ProbeToken = 'label';",
    },
  ]),
  ...mutantsOf({ file: `${METHODS}/probe-queries.ts`, tests: [RUN_TEST] }, [
    {
      id: 'abort-between-batches',
      kind: 'abort ignored',
      find: 'model.evaluate(requestsOf(batch), prefix, { signal, positionOffset, allocate })',
      replace: 'model.evaluate(requestsOf(batch), prefix, { positionOffset, allocate })',
    },
  ]),
  ...mutantsOf({ file: `${METHODS}/tokenize.ts`, tests: [`${METHODS}/tokenize.test.ts`] }, [
    {
      id: 'label-of-first-option',
      kind: 'label by its wrong option',
      find: 'withAnswer(encoded, answer)',
      replace: 'withAnswer(encoded, 0)',
    },
    {
      id: 'own-options-ignored',
      kind: 'wrong options',
      find: 'const words = own ?? options;',
      replace: 'const words = options ?? own;',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/fine-tuning.ts`, tests: [LONG_TEST, RUN_TEST] }, [
    {
      id: 'step-not-waited-for',
      kind: 'abort ignored',
      find: '      await before;\n',
      replace: '',
    },
    {
      id: 'last-step-not-told',
      kind: 'off by one',
      find: 'if (total > 0) onProgress?.({ finished: total, total });',
      replace: '',
    },
    {
      id: 'abandoned-after-finish',
      kind: 'disposed twice',
      find: '    this.#freeLog();\n    this.#over = true;\n    return',
      replace: '    this.#freeLog();\n    return',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/pretraining/pretraining.ts`, tests: [LONG_TEST] }, [
    {
      id: 'pretraining-step-not-aborted',
      kind: 'abort ignored',
      find: '      onProgress?.({ finished: i + 1, total: batches.length });\n      signal?.throwIfAborted();',
      replace: '      onProgress?.({ finished: i + 1, total: batches.length });',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/checkpoint/write-safetensors.ts`, tests: [LONG_TEST] }, [
    {
      id: 'aborted-file-published',
      kind: 'abort ignored',
      find: '    signal?.throwIfAborted();\n    await file.append(bytes);',
      replace: '    await file.append(bytes);',
    },
  ]),
];
