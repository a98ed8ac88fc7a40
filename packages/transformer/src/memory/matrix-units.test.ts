import type { MatrixUnits } from '@icl-gd/gpu-kernels';
import { expect, test } from 'vitest';
import { familyOf } from '../families/registry.ts';
import { planMemory } from './plan.ts';
import type { PlannedDevice } from './planned-device.ts';
import type { Workload } from './workload.ts';

const JSON_CONFIG = {
  ...{ model_type: 'xglm', num_layers: 2, d_model: 64, attention_heads: 4, ffn_dim: 256 },
  ...{ vocab_size: 101, max_position_embeddings: 64, bos_token_id: 0, eos_token_id: 2 },
};
const CONFIG = familyOf(JSON_CONFIG, 'config.json').readConfig(JSON_CONFIG, 'config.json');
const BATCH = [
  {
    tokens: [7, 8, 9, 7],
    probes: [{ row: 3, firstKey: 1 }],
    logProbs: [{ row: 3, token: 5 }],
  },
];
const HALVES: MatrixUnits = { component: 'f16', size: 16 };

/** A card that has them. */
const card = (matrixUnits?: MatrixUnits): PlannedDevice => ({
  maxBindingBytes: 2 ** 30,
  matrixUnits,
  device: {
    features: new Set(['subgroups', 'shader-f16', 'chromium-experimental-subgroup-matrix']),
    adapterInfo: { subgroupMinSize: 32, subgroupMaxSize: 32 },
  },
});

const products = (workload: Workload, units?: MatrixUnits): Set<string> =>
  new Set(
    planMemory(CONFIG, workload, card(units))
      .kernels.map(({ label }) => label)
      .filter((label) => label.startsWith('matmul.')),
  );

test('every matrix product of probes takes the matrix units that a device is told to use', () => {
  const probing: Workload = { dtype: 'float32', batches: [BATCH], context: { tokens: 20, batches: [BATCH] } };
  expect(products(probing, HALVES)).toEqual(
    new Set([
      'matmul.row-scales',
      'matmul.matrix.f16.NT.128x128.vec4',
      // Logits of an odd vocabulary.
      'matmul.matrix.f16.NT.128x128.scalar-c',
    ]),
  );
  expect(products({ ...probing, dtype: 'float16-storage' }, HALVES)).toContain(
    'matmul.matrix.f16.NT.128x128.vec4.f16',
  );
  for (const label of products(probing)) expect(label).toMatch(/^matmul\.(set\.)?tiled\./);
});

test('training takes none: its kernels are those without', () => {
  const training: Workload = {
    ...{ dtype: 'float32', batches: [] },
    training: {
      kinds: [{ objective: 'output' }, { objective: 'layerwise' }],
      steps: 2,
      tokens: 8,
      releasedNorms: false,
    },
  };
  const without = products(training);
  expect(without.size).toBeGreaterThan(0);
  expect(products(training, HALVES)).toEqual(without);
});
