import { type AdapterDescription, acquireGpu, measureDevice } from '@icl-gd/gpu-kernels';
import { renderTable } from '../../results/text-table.ts';
import { doing } from '../../terminal/heartbeat.ts';

const COLUMNS = ['adapter', 'multiply-adds GFLOP/s', 'copy GB/s', 'matmul GFLOP/s', 'm x n x k', 'of peak'];

/**
 * The peaks of each adapter, one after another, and its rate in a matrix product of a large shape, as a table.
 * @throws UserError if an adapter that is listed cannot be opened
 */
export async function measureAdapters(adapters: readonly AdapterDescription[]): Promise<string> {
  const rows: string[][] = [];
  for (const { description, source } of adapters) {
    doing({ text: `measuring ${description}` });
    // Part of a name would find the first that has it.
    const gpu = await acquireGpu({ adapter: source === 'bundled' ? 'swiftshader' : description });
    try {
      const { fma, copy, matmul, matmulShape } = await measureDevice(gpu);
      rows.push([
        gpu.adapter.description,
        ...[fma, copy, matmul].map((rate) => (rate / 1e9).toFixed(1)),
        matmulShape.join(' x '),
        `${((100 * matmul) / fma).toFixed(0)} %`,
      ]);
    } finally {
      gpu.dispose();
    }
  }
  return renderTable(COLUMNS, rows);
}
