import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { packAll } from './pack-all.ts';

/*
 * Packs every package, which is how they are published (docs/releasing.md).
 *
 *   npm run pack -- [--out dist] [--repository git+https://…]
 */
const { values } = parseArgs({
  options: { out: { type: 'string', default: 'dist' }, repository: { type: 'string' } },
});
for (const { path, size, unpackedSize, files } of packAll(resolve(values.out), values.repository)) {
  console.log(`${path}  ${kilobytes(size)}, ${kilobytes(unpackedSize)} in ${files.length} files`);
}

function kilobytes(bytes: number): string {
  return `${Math.ceil(bytes / 1000)} kB`;
}
