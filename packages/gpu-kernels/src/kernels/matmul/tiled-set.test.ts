import { expect, test } from 'vitest';
import type { Gpu } from '../../runtime/gpu.ts';
import type { Kernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { type MatmulRegime, TILED_MATMULS, type TiledMatmul } from '../../runtime/tiled-tuning.ts';
import { TUNINGS, type Tuning } from '../../runtime/tuning.ts';
import { expectSameBits } from '../../testing/closeness.ts';
import { useGpu } from '../../testing/gpu.ts';
import { hostDevice, memoryOf } from '../../testing/host-device.ts';
import { LAYOUTS } from '../../testing/matrix-products.ts';
import { PATTERNS, type SetShape, dispatches, make, oneAfterTheOther } from '../../testing/product-sets.ts';
import { RowGroups } from '../row-groups.ts';
import { type SetProduct, matmulSet, matmulSetKernels } from './set.ts';

/*
 * On the device a few sets, as a kernel takes seconds to compile on a software adapter; on the host, where no address may
 * be out of bounds and no barrier passed by some alone, each text.
 */

const gpu = useGpu();

/** That of tiled.test.ts, whose kernels are compiled then. */
const TILED: TiledMatmul = {
  ...TILED_MATMULS.hardware,
  tiles: TILED_MATMULS.hardware.tiles.slice(-1),
  training: { ...TILED_MATMULS.hardware.training, workgroups: 16, minChunk: 32, maxChunks: 5 },
};

const tuned = (matmul: TiledMatmul, regime: MatmulRegime): Gpu =>
  gpu().with({ regime, tuning: { ...gpu().tuning, matmul } });

/** Groups of which one is empty, and 31 rows: no whole tile. */
const COUNTS = [5, 0, 19, 1, 6];
/** As ragged as vectors allow; with chunks of 32 k is cut into three. */
const SIZES = { widths: [72, 8, 36], inner: 76 };

const shapeOf = (groups: RowGroups, own: Partial<SetShape>): SetShape => ({
  ...{ layout: 'NT', pattern: PATTERNS['ppp']!, groups, ...SIZES, bias: false, accumulate: false, seed: 3 },
  ...own,
});

test('on the device a set has the bits of the products one after the other', async () => {
  using groups = new RowGroups(gpu(), COUNTS);
  using scope = gpu().scope();
  const device = tuned(TILED, 'training');
  const own = { pattern: PATTERNS['pp']!, bias: true };
  const [set, single] = [0, 1].map(() => make(gpu(), scope, shapeOf(groups, own)));
  expect(dispatches(device, set!.products)).toBe(2);
  matmulSet(device, set!.products);
  oneAfterTheOther(device, single!.products);
  for (const [i, output] of set!.outputs.entries())
    expectSameBits(await gpu().read(output.tensor), await gpu().read(single!.outputs[i]!.tensor));
});

test('on the host each kernel of a set has the bits of the products one after the other', async () => {
  const { hardware: tuning } = TUNINGS;
  const ran = new Set<Kernel>();
  for (const [workgroups, layout, regime] of WAYS) {
    const training = { ...tuning.matmul.training, workgroups, minChunk: 32 };
    const own = { ...tuning, matmul: { ...tuning.matmul, training } };
    for (const [name, pattern] of Object.entries(PATTERNS)) {
      if (name.includes('g') && regime === 'probing') continue;
      for (const also of layout === 'NN' ? [false] : [false, true]) {
        for (const width of layout === 'TN' || regime === 'probing' ? [72, 40] : [40]) {
          using groups = new RowGroups(gpu(), [5, 0, 3]);
          using scope = gpu().scope();
          const inner = layout === 'TN' ? width : 68;
          const [bias, sums] = [also && layout === 'NT', also && layout === 'TN'];
          const shape = { layout, pattern, bias, sums, accumulate: also, inner, widths: [width, 8, 12] };
          const [set, single] = [0, 1].map(() => make(gpu(), scope, shapeOf(groups, shape)));
          const tensors = [set!, single!].flatMap(({ products }) => products).flatMap(tensorsOf);
          const memory = await memoryOf(gpu(), tensors);
          const device = hostDevice(gpu().with({ tuning: own, regime }), memory, ran);
          const before = ran.size;
          matmulSet(device, set!.products);
          if (ran.size === before) continue;
          oneAfterTheOther(device, single!.products);
          for (const [i, { tensor }] of set!.outputs.entries())
            expect(memory.get(tensor)).toEqual(memory.get(single!.outputs[i]!.tensor));
          for (const [i, tensor] of set!.sums.entries())
            expect(memory.get(tensor)).toEqual(memory.get(single!.sums[i]!));
        }
      }
    }
  }
  const tunings = Object.values<Tuning>(TUNINGS).filter(({ matmul }) => matmul.strategy === 'tiled');
  const kernels = new Set(tunings.flatMap((one) => matmulSetKernels(one)));
  expect([...kernels].filter((kernel) => !ran.has(kernel)).map(({ label }) => label)).toEqual([]);
});

/** Workgroups of which few make one sum all chunks. */
const WAYS = [
  [1, 'NT', 'training'],
  [512, 'NT', 'training'],
  [512, 'NT', 'probing'],
  [512, 'NN', 'training'],
  [512, 'TN', 'training'],
] as const satisfies readonly (readonly [number, (typeof LAYOUTS)[number], MatmulRegime])[];

function tensorsOf({ a, b, c, bias, groups, columnSums }: SetProduct): Tensor[] {
  const others = [bias, groups?.table, columnSums?.out].filter((tensor) => tensor !== undefined);
  return [a.tensor, b.tensor, c.tensor, ...others];
}
