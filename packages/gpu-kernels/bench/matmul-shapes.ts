import { parseArgs } from 'node:util';
import { acquireGpu } from '../src/device/acquire.ts';
import { groupedMatmul } from '../src/kernels/matmul/grouped.ts';
import { matmul } from '../src/kernels/matmul/matmul.ts';
import { matrix } from '../src/kernels/matmul/matrix.ts';
import { chooseTile, singleTiles } from '../src/kernels/matmul/subgroup-tile.ts';
import { RowGroups } from '../src/kernels/row-groups.ts';
import type { MatmulLayout, MatmulTuning, SubgroupTile } from '../src/runtime/tuning.ts';
import { noise } from './cases.ts';
import { type Case, measure } from './measure.ts';

/**
 * m × k × n: what models of several sizes ask for, and large matrices. `18*30x64x64` is a product for each of 18 groups of
 * 30 rows (of k, in TN).
 */
const SHAPES = [
  ...['1x64x1000', '8x64x1000', '30x64x64', '30x64x196', '36x64x256', '48x128x384', '128x128x32'],
  ...['64x30x64', '256x30x64', '256x256x256', '128x768x3072', '32x768x768', '384x256x384', '512x512x512'],
  ...['18*30x64x64'],
];

const { values } = parseArgs({
  options: {
    adapter: { type: 'string', default: 'auto' },
    shapes: { type: 'string', default: SHAPES.join(',') },
    layouts: { type: 'string', default: 'NN,NT' },
    /** Every tile that the adapter has, not only the one chosen. */
    tiles: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
  },
});
const gpu = await acquireGpu({ adapter: values.adapter, log: (line) => console.error(line) });
const tuning = gpu.tuning.matmul;
if (tuning.strategy !== 'subgroup')
  throw new Error(`${gpu.adapter.description} does not run the matmul kernel with subgroups`);
const nameOf = ({ rows, columns, depth }: SubgroupTile): string => `${rows}x${columns}x${depth}`;
let slowestFirst = 0;

console.log(
  `${'m × k × n'.padEnd(16)}      ${'register, GFLOP/CPU-s'.padStart(22)}   ratio to it, by CPU time (by the clock), of subgroup tiles; * is the choice`,
);
for (const shape of values.shapes.split(',')) {
  for (const layout of values.layouts.split(',') as MatmulLayout[]) {
    const [count = '', each = shape] = shape.includes('*') ? shape.split('*') : [];
    const [m = 0, k = 0, n = 0] = each.split('x').map(Number);
    const [transposeA, transposeB] = [layout === 'TN', layout === 'NT'];
    using scope = gpu.scope();
    using groups =
      count === ''
        ? undefined
        : new RowGroups(
            gpu,
            Array.from({ length: Number(count) }, () => m),
          );
    // Groups have their rows one below the other; with a transposed A these are added up, and m is what they have in common.
    const rows = m * (groups?.counts.length ?? 1);
    const own = groups?.counts.length ?? 1;
    const shapes = transposeA
      ? { a: [groups ? rows : k, groups ? k : m], b: [groups ? rows : k, n], c: [groups ? own * k : m, n] }
      : { a: [rows, k], b: transposeB ? [own * n, k] : [own * k, n], c: [rows, n] };
    const a = scope.own(noise(gpu, shapes.a));
    const b = scope.own(noise(gpu, shapes.b));
    const c = scope.tensor(shapes.c);
    const args = { a: matrix(a), b: matrix(b), c: matrix(c), transposeA, transposeB };
    const product = (name: string, choice: MatmulTuning): Case => {
      const tuned = gpu.with({ tuning: { ...gpu.tuning, matmul: choice } });
      return {
        name,
        flops: 2 * rows * k * n,
        run: () => (groups ? groupedMatmul(tuned, { ...args, groups }) : matmul(tuned, args)),
      };
    };
    const size = groups && transposeA ? ([k, n, rows] as const) : ([rows, n, k] as const);
    const chosen = nameOf(
      chooseTile(tuning, layout, size, (height) => {
        if (!groups) return Math.ceil(m / height);
        return transposeA ? own * Math.ceil(k / height) : groups.tiles(height).count;
      }),
    );
    const tiles = singleTiles(tuning, layout)
      .map((single) => product(nameOf(chooseTile(single, layout, size)), single))
      .filter(({ name }) => values.tiles || name === chosen);
    const [register, ...others] = await measure(gpu, [product('register', tuning.otherwise), ...tiles], {
      rounds: Number(values.rounds),
      roundSeconds: 0.05,
    });
    const { gflopPerCpuSecond: rate, gflopPerSecond: wallRate } = register!;
    const columns = others.map(
      ({ name, gflopPerCpuSecond, gflopPerSecond }) =>
        `${name}${name === chosen ? '*' : ' '} ${(gflopPerCpuSecond / rate).toFixed(2)} (${(gflopPerSecond / wallRate).toFixed(2)})`,
    );
    slowestFirst = Math.max(slowestFirst, ...others.map(({ firstSeconds }) => firstSeconds));
    console.log(`${shape.padEnd(16)} ${layout}   ${rate.toFixed(2).padStart(22)}   ${columns.join('   ')}`);
  }
}
console.log(`slowest first call of a subgroup tile: ${slowestFirst.toFixed(2)} s`);
gpu.dispose();
