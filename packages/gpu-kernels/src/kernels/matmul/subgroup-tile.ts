import type { MatmulLayout, RatedTile, SubgroupMatmul } from '../../runtime/tuning.ts';

/**
 * The tile that covers C [m, n], sums of k products, in the least time, the parts that stand out over its edges
 * included. One workgroup more than there are stands for cores without work, at the end and where there are few:
 * measured with two cores.
 * @param tilesOfRows tiles of so many rows from the top of C to the bottom
 */
export function chooseTile(
  { subgroupSize, tiles }: Pick<SubgroupMatmul, 'subgroupSize' | 'tiles'>,
  layout: MatmulLayout,
  [m, n, k]: readonly [number, number, number],
  tilesOfRows = (height: number) => Math.ceil(m / height),
): RatedTile {
  const time = ({ rows, columns, rate }: RatedTile): number => {
    const width = columns * subgroupSize;
    return ((tilesOfRows(rows) * Math.ceil(n / width) + 1) * rows * width) / rate;
  };
  return tiles[layout]
    .filter(({ minWork = 0 }) => m * n * k >= minWork)
    .reduce((best, tile) => (time(tile) < time(best) ? tile : best));
}

/** The tiles of a layout for a factor A that does not consist of whole vec4s. */
export function withoutVectorsOfA(tuning: SubgroupMatmul, layout: MatmulLayout): SubgroupMatmul {
  const fit = tuning.tiles[layout].filter(({ vectorA }) => !vectorA);
  return { ...tuning, tiles: { ...tuning.tiles, [layout]: fit } };
}

/** The same kernel once for each tile of a layout, with that tile alone to choose from: to list, test or measure them. */
export function singleTiles(tuning: SubgroupMatmul, layout: MatmulLayout): SubgroupMatmul[] {
  return tuning.tiles[layout].map((tile) => ({
    ...tuning,
    tiles: { ...tuning.tiles, [layout]: [{ ...tile, minWork: 0 }] },
  }));
}
