import type { DeviceRates, ProfiledKernel } from '@icl-gd/gpu-kernels';
import type { Field, Table } from '../csv.ts';

const COLUMNS = ['kernel', 'calls', 'ms', 'share', 'gflop_s', 'gb_s', 'fma_share', 'copy_share'] as const;
/** A clock's last digits mean nothing. */
const DIGITS = 4;

/**
 * Time by kernel. `share` is of all kernels' time, `gflop_s` the operations that products and attention ask for by their
 * definitions, `gb_s` what was bound (of which a kernel may read a part, or some twice), and the last two are of the device's measured
 * peaks.
 */
export function profileTable(
  kernels: readonly ProfiledKernel[],
  { fma, copy }: Pick<DeviceRates, 'fma' | 'copy'>,
): Table {
  const total = kernels.reduce((sum, { ms }) => sum + ms, 0);
  const row = ({ label, calls, ms, bytes, flop }: ProfiledKernel): readonly Field[] => {
    const rate = (work: number): number | null => (ms > 0 && work > 0 ? work / (ms / 1e3) : null);
    const [operations, bound] = [rate(flop), rate(bytes)];
    return [
      label,
      calls,
      rounded(ms),
      rounded(total > 0 ? ms / total : null),
      rounded(operations && operations / 1e9),
      rounded(bound && bound / 1e9),
      rounded(operations && operations / fma),
      rounded(bound && bound / copy),
    ];
  };
  return { columns: COLUMNS, rows: kernels.map(row) };
}

function rounded(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(DIGITS));
}
