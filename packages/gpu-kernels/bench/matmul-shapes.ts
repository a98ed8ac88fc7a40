import { parseArgs } from 'node:util';
import { acquireGpu } from '../src/device/acquire.ts';
import { matmul } from '../src/kernels/matmul/matmul.ts';
import { matrix } from '../src/kernels/matmul/matrix.ts';
import { chooseTile, singleTiles } from '../src/kernels/matmul/subgroup-tile.ts';
import type { MatmulLayout, MatmulTuning, SubgroupTile } from '../src/runtime/tuning.ts';
import { noise } from './cases.ts';
import { type Case, measure } from './measure.ts';

/** m × k × n: what models of several sizes ask for, and large matrices. */
const SHAPES = [
  ...['1x64x1000', '8x64x1000', '30x64x64', '30x64x196', '36x64x256', '48x128x384', '128x128x32'],
  ...['64x30x64', '256x30x64', '256x256x256', '128x768x3072', '32x768x768', '384x256x384', '512x512x512'],
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
    const [m = 0, k = 0, n = 0] = shape.split('x').map(Number);
    const [transposeA, transposeB] = [layout === 'TN', layout === 'NT'];
    using scope = gpu.scope();
    const a = scope.own(noise(gpu, transposeA ? [k, m] : [m, k]));
    const b = scope.own(noise(gpu, transposeB ? [n, k] : [k, n]));
    const c = scope.tensor([m, n]);
    const product = (name: string, choice: MatmulTuning): Case => {
      const tuned = gpu.with({ tuning: { ...gpu.tuning, matmul: choice } });
      return {
        name,
        flops: 2 * m * k * n,
        run: () => matmul(tuned, { a: matrix(a), b: matrix(b), c: matrix(c), transposeA, transposeB }),
      };
    };
    const chosen = nameOf(chooseTile(tuning, layout, [m, n, k]));
    const tiles = singleTiles(tuning, layout)
      .map((single) => product(nameOf(chooseTile(single, layout, [m, n, k])), single))
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
