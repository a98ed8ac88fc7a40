import { type Mutant, mutantsOf } from '../mutant.ts';

const SRC = 'packages/transformer/src';
const RUNTIME = 'packages/gpu-kernels/src/runtime';
const FAMILIES = `${SRC}/families`;
const FAMILY_TESTS = [
  `${FAMILIES}/family-readings.test.ts`,
  `${FAMILIES}/families.test.ts`,
  `${FAMILIES}/newer-families.test.ts`,
];
const LOAD_TEST = `${SRC}/weights/load.test.ts`;
const PLAN_TESTS = [`${SRC}/memory/plan.test.ts`, 'tests/memory-plan.test.ts'];

/** Checkpoints, weights on the device, memory, random numbers. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf({ file: `${SRC}/weights/load.ts`, tests: [LOAD_TEST, ...FAMILY_TESTS] }, [
    {
      id: 'columns-not-transposed',
      kind: 'transposed operand',
      find: 'result[(c - first) * rows + r] = values[r * columns + c] as number;',
      replace: 'result[r * (end - first) + c - first] = values[r * columns + c] as number;',
    },
    {
      id: 'variant-seed-ignored',
      kind: 'initialisation scale',
      find: '[initialParameter(specs, spec.name, seed)]',
      replace: '[initialParameter(specs, spec.name, 0)]',
    },
    {
      id: 'transposed-weights-confused',
      kind: 'wrong tensor',
      find: 'if (kept?.name === name) return kept.values;',
      replace: 'if (kept) return kept.values;',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/weights/initialise.ts`, tests: [`${SRC}/weights/initialise.test.ts`] }, [
    {
      id: 'initial-query-gain',
      kind: 'initialisation scale',
      find: "spec.role === 'output' ? 1 : Math.SQRT1_2",
      replace: '1',
    },
    {
      id: 'initial-fan-in',
      kind: 'initialisation scale',
      find: 'return uniform(fanIn ** -0.5);',
      replace: 'return uniform(outputs ** -0.5);',
    },
    {
      id: 'variant-keeps-norms',
      kind: 'wrong group',
      find: "if (role === 'norm') return variant !== 'untrained';",
      replace: "if (role === 'norm') return variant === 'layer-norm-only';",
    },
  ]),
  ...mutantsOf({ file: `${SRC}/weights/storage.ts`, tests: [`${SRC}/weights/storage.test.ts`] }, [
    {
      id: 'keys-and-values-halved',
      kind: 'wrong group',
      find: "'unembedding', 'query',",
      replace: "'unembedding', 'query', 'key', 'value',",
    },
    {
      id: 'biases-halved',
      kind: 'wrong group',
      find: "kind === 'weight' && LARGE.includes(role)",
      replace: 'kind.length > 0 && LARGE.includes(role)',
    },
  ]),
  ...mutantsOf(
    {
      file: `${SRC}/checkpoint/dtype.ts`,
      tests: [`${SRC}/checkpoint/checkpoint.test.ts`, `${SRC}/checkpoint/write-safetensors.test.ts`],
    },
    [
      {
        id: 'bfloat16-shift',
        kind: 'dtype',
        find: 'upperHalves[i]! << 16',
        replace: 'upperHalves[i]! << 15',
      },
      {
        id: 'bfloat16-truncated',
        kind: 'dtype',
        find: '(word + 0x7fff + ((word >>> 16) & 1)) >>> 16',
        replace: 'word >>> 16',
      },
    ],
  ),
  ...mutantsOf({ file: `${SRC}/checkpoint/checkpoint.ts`, tests: [`${SRC}/checkpoint/checkpoint.test.ts`] }, [
    {
      id: 'checkpoint-second-chunk',
      kind: 'wrong stride',
      find: 'tensor.offset + (first + done) * codec.bytes',
      replace: 'tensor.offset + first * codec.bytes + done',
    },
    {
      id: 'checkpoint-rows',
      kind: 'wrong stride',
      find: 'start * columns, (end - start) * columns',
      replace: 'start * rows, (end - start) * columns',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/checkpoint/torch-file.ts`, tests: [`${SRC}/checkpoint/torch-file.test.ts`] }, [
    {
      id: 'torch-view-offset',
      kind: 'dtype',
      find: '+ offset * elementBytes(storage)',
      replace: '+ offset * 4',
    },
    {
      id: 'torch-strides-ignored',
      kind: 'transposed operand',
      find: '...(isRowMajor(shape, strides) ? {} : { strides }),',
      replace: '',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/checkpoint/strided.ts`, tests: [`${SRC}/checkpoint/torch-file.test.ts`] }, [
    {
      id: 'strided-start-of-chunk',
      kind: 'wrong stride',
      find: 'elementCount(shape.slice(dimension + 1))',
      replace: 'elementCount(shape.slice(dimension))',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/random/pcg64.ts`, tests: [`${SRC}/random/pcg64.test.ts`] }, [
    {
      id: 'pcg64-multiplier',
      kind: 'random stream',
      find: 'const M2 = 0x1fc65da4;',
      replace: 'const M2 = 0x1fc65da5;',
    },
    {
      id: 'pcg64-upper-half-first',
      kind: 'random stream',
      find: 'this.#spareWord = this.#draw[1]!;\n    return this.#draw[0]!;',
      replace: 'this.#spareWord = this.#draw[0]!;\n    return this.#draw[1]!;',
    },
    {
      id: 'pcg64-biased-integers',
      kind: 'random stream',
      find: 'const threshold = (TWO_32 - span) % span;',
      replace: 'const threshold = 0;',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/random/legacy-mt19937.ts`, tests: [`${SRC}/random/legacy-mt19937.test.ts`] }, [
    { id: 'mt19937-shift', kind: 'random stream', find: 'const SHIFT = 397;', replace: 'const SHIFT = 396;' },
  ]),
  ...mutantsOf({ file: `${SRC}/random/permutation.ts`, tests: [`${SRC}/random/legacy-mt19937.test.ts`] }, [
    {
      id: 'shuffle-short',
      kind: 'random stream',
      find: 'for (let i = n - 1; i > 0; i--) {',
      replace: 'for (let i = n - 1; i > 1; i--) {',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/memory/plan.ts`, tests: PLAN_TESTS }, [
    {
      id: 'plan-without-copy',
      kind: 'memory',
      find: 'const held = kind.direction ? 2 * copy : copy;',
      replace: 'const held = kind.direction ? 2 * copy : 0;',
    },
    {
      id: 'plan-first-step-alone',
      kind: 'memory',
      find: 'return Math.min(steps, 2);',
      replace: 'return Math.min(steps, 1);',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/memory/plan.ts`, tests: ['tests/memory-plan-attention.test.ts'] }, [
    {
      id: 'plan-last-token-of-kept-queries-not-fed',
      kind: 'memory',
      find: 'if (!keeps || direction || fullBatchSteps !== undefined) return 0;',
      replace: 'return 0;',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/memory/workload.ts`, tests: [`${SRC}/memory/workload.test.ts`] }, [
    {
      id: 'largest-batch-by-tokens',
      kind: 'memory',
      find: 'return [batch.length, tokens, probes, keys, targets, topRows, topTokens, rows];',
      replace: 'return [tokens];',
    },
  ]),
  ...mutantsOf({ file: `${RUNTIME}/buffer-pool.ts`, tests: [`${RUNTIME}/gpu.test.ts`] }, [
    {
      id: 'pool-trims-without-submitting',
      kind: 'buffer pool',
      find: '    this.#beforeDestroying();\n',
      replace: '',
    },
    {
      id: 'pool-gives-twice',
      kind: 'buffer pool',
      find: 'const buffer = this.#free.get(size)?.pop() ??',
      replace: 'const buffer = this.#free.get(size)?.at(-1) ??',
    },
    {
      id: 'pool-budget-of-planned',
      kind: 'buffer pool',
      find: '> Math.min(planned, budget)) this.trim();',
      replace: '> budget) this.trim();',
    },
  ]),
  ...mutantsOf({ file: `${RUNTIME}/command-stream.ts`, tests: [`${RUNTIME}/parameter-form.test.ts`] }, [
    {
      id: 'parameters-of-last-dispatch',
      kind: 'command stream',
      find: 'this.#uniformOffset[0] = this.#uniformBytes;',
      replace: 'this.#uniformOffset[0] = 0;',
    },
    {
      id: 'parameters-of-last-not-written',
      kind: 'command stream',
      find: '0, this.#uniformBytes);',
      replace: '0, this.#uniformBytes - UNIFORM_STRIDE);',
    },
  ]),
  ...mutantsOf({ file: `${RUNTIME}/uploader.ts`, tests: [`${RUNTIME}/gpu.test.ts`] }, [
    {
      id: 'uploader-overwrites-first-piece',
      kind: 'padding of uploads',
      find: 'this.#piece.subarray(0, gathered), written);',
      replace: 'this.#piece.subarray(0, gathered), 0);',
    },
    {
      id: 'uploader-gathers-from-start',
      kind: 'padding of uploads',
      find: 'chunk.subarray(taken, taken + count), gathered);',
      replace: 'chunk.subarray(taken, taken + count), 0);',
    },
  ]),
  ...mutantsOf({ file: `${RUNTIME}/gpu.ts`, tests: [`${RUNTIME}/gpu.test.ts`] }, [
    {
      id: 'write-before-recorded-work',
      kind: 'command stream',
      find: '    this.#submitUses(tensor);\n    this.device.queue.writeBuffer(',
      replace: '    this.device.queue.writeBuffer(',
    },
    {
      id: 'copy-source-offset',
      kind: 'wrong stride',
      find: 'source.buffer, sourceOffset * 4,',
      replace: 'source.buffer, 0,',
    },
  ]),
  ...mutantsOf({ file: `${RUNTIME}/read-range.ts`, tests: [`${RUNTIME}/gpu.test.ts`] }, [
    {
      id: 'read-half-at-odd-offset',
      kind: 'float16 halves swapped',
      find: 'at + (offset % perWord) * 2, length)',
      replace: 'at, length)',
    },
  ]),
  ...mutantsOf({ file: `${RUNTIME}/halves.ts`, tests: [`${RUNTIME}/gpu.test.ts`] }, [
    {
      id: 'half-range-of-high-half',
      kind: 'float16 halves swapped',
      find: '(word & 0x7c000000) === 0x7c000000',
      replace: '(word & 0xfc000000) === 0x7c000000',
    },
  ]),
];
