import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { type NamedTensor, writeSafetensors } from '@icl-gd/transformer';
import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readProbeFolder } from './probe-folder.ts';
import { groupTrials } from './recorded-trials.ts';
import { scoreRecordedTrial } from './score-trial.ts';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'icl-gd-hostile-'))));
afterEach(() => rm(folder, { recursive: true }));

const word = fc.constantFrom(
  ...[
    'h',
    'm',
    'attn_output',
    'attention_logits',
    'gold',
    'rows',
    'query_length',
    'option_log_probs',
    'loss',
  ],
  ...[
    'training_gradient_norm',
    'icl',
    'ZSL',
    'gd',
    'layer',
    'example',
    'layer0',
    'layer1',
    '0',
    '1',
    '7',
    'blocks.0',
  ],
  ...[
    'hook_attn_out',
    'attn.hook_attn_scores',
    'attentions',
    'x',
    'é',
    '__proto__',
    'constructor',
    '999999999',
  ],
);
const tensors = fc.uniqueArray(
  fc.record({
    name: fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join('.')),
    shape: fc.array(fc.constantFrom(0, 1, 1, 2, 2, 3), { maxLength: 5 }),
  }),
  { maxLength: 5, selector: ({ name }) => name },
);
const metadata = fc.dictionary(
  fc.constantFrom(
    'setting',
    'seed',
    'validation_rows',
    'query_length',
    'gold',
    'layers',
    'key',
    'dataset',
    'method',
  ),
  fc.constantFrom('', '0', '1', '0,1', '1,1', 'ICL', 'GD', '[0, 1]', '-1', '1e999', 'null', '__proto__'),
);
const file = fc.record({
  name: fc.constantFrom('ICL', 'ZSL', 'GD', 'icl/0', 'icl/1', 'zsl-1', 'mr/seed1/gd', '__proto__', 'probes'),
  tensors,
  metadata,
});

test('whatever names, shapes and metadata say, there are scores or one line of what is wrong', async () => {
  let [scored, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(file, { minLength: 1, maxLength: 4, selector: ({ name }) => name }),
      async (files) => {
        const own = join(folder, `${scored + refused}`);
        for (const { name, tensors: named, metadata: said } of files)
          await writeSafetensors(join(own, `${name}.safetensors`), named.map(filled), said);
        try {
          const { tensors: found } = await readProbeFolder(own, () => {});
          for (const trial of groupTrials(found).trials) await scoreRecordedTrial(trial, () => {});
          scored++;
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          expect(error.message).not.toContain('\n');
          refused++;
        }
      },
    ),
    { numRuns: 400 },
  );
  expect(refused).toBeGreaterThan(100);
});

test('well-formed recordings of any sizes are scored', async () => {
  const size = fc.integer({ min: 1, max: 3 });
  let count = 0;
  await fc.assert(
    fc.asyncProperty(size, size, size, size, size, async (examples, layers, heads, width, length) => {
      const own = join(folder, `${count++}`);
      for (const setting of ['ZSL', 'ICL', 'GD'])
        await writeSafetensors(join(own, `${setting}.safetensors`), [
          filled({ name: 'h', shape: [examples, layers, width] }),
          filled({ name: 'm', shape: [examples, layers, heads, length] }),
        ]);
      const { tensors: found } = await readProbeFolder(own, () => {});
      const [trial] = groupTrials(found).trials;
      const { result } = await scoreRecordedTrial(trial!, () => {});
      const record = result.methods[0]?.record;
      expect(record?.status === 'finished' && record.metrics['simam']?.values).toHaveLength(layers);
      expect(result.prepared.validationRows).toHaveLength(examples);
    }),
    { numRuns: 40 },
  );
});

function filled({ name, shape }: { readonly name: string; readonly shape: readonly number[] }): NamedTensor {
  const count = shape.reduce((total, extent) => total * extent, 1);
  const data = Float32Array.from({ length: count }, (_, i) => ((i * 7 + name.length) % 5) + 1);
  return { name, shape, dtype: 'float32', data };
}
