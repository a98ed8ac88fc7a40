import { PREDICTED } from './predicted.ts';
import type { Row } from './step.ts';

/** What the rows of all steps come to, as Markdown: one table for each kind of row, with its adapter and date. */
export function renderReport(
  rows: readonly Row[],
  { date, quick, driver }: { readonly date: string; readonly quick: boolean; readonly driver: string },
): string {
  const of = (what: string): readonly Row[] => rows.filter((row) => row['what'] === what);
  const [device] = of('device');
  const torch = new Map(
    of('torch').flatMap((row) => (row['kind'] === 'float32' ? [[row['name'], row['ms']] as const] : [])),
  );
  const peaks = of('peak').map(({ name, gflop_s: flop, gb_s: bytes }) =>
    flop === undefined ? `${show(name)} ${show(bytes)} GB/s` : `${show(name)} ${show(flop)} GFLOP/s`,
  );
  const found = (name: string): number => Number(of('peak').find((row) => row['name'] === name)?.['gflop_s']);
  const fma = found('multiply-adds in registers') / 1e3;
  // Of the full sizes.
  const predicted = (row: Row): string => (quick ? '' : (PREDICTED[show(row['name'])] ?? ''));
  const sizes = quick ? ' Small sizes, which say that everything runs and nothing of how fast.' : '';
  const parts = [
    `# Measured on ${show(device?.['adapter'])}`,
    `${date}; ${driver}; Node ${show(device?.['node'])}.${sizes} ${peaks.join(', ')}.`,
    section('Steps', of('step'), ['name', 'seconds', 'outcome']),
    section('Right or wrong', of('correct'), [
      'variant',
      'dawn',
      'outputs',
      'worst_of_allowed',
      'wrong',
      'declined',
    ]),
    section('Identities', of('identity'), ['name', 'holds']),
    section('Dispatches, µs of CPU time', of('dispatch'), [
      'name',
      'recording_us',
      'submitting_us',
      'others_us',
    ]),
    section('Beside them, µs by the clock', [...of('gap'), ...of('host')], ['name', 'us']),
    section('Compiling', of('compile'), ['name', 'seconds']),
    section(
      'Matrix products (m × k × n)',
      of('matmul').map((row) => ({
        ...row,
        fma_share:
          row['tflop_s'] === undefined || Number.isNaN(fma)
            ? ''
            : (Number(row['tflop_s']) / fma).toPrecision(2),
        torch_ms: row['weights'] === 'float32' ? (torch.get(show(row['name'])) ?? '') : '',
        predicted: row['weights'] === 'float32' ? predicted(row) : '',
      })),
      [
        'name',
        'variant',
        'weights',
        'ms',
        'clock_ms',
        'tflop_s',
        'fma_share',
        'weights_gb_s',
        'torch_ms',
        'predicted',
        'skipped',
      ],
    ),
    section('Attention and rows', of('kernel'), ['name', 'ms', 'clock_ms', 'tflop_s', 'gb_s', 'kernels']),
    section(
      'End to end, ms each',
      of('end to end').map((row) => ({ ...row, predicted: predicted(row) })),
      [
        'name',
        'model',
        'clock_ms',
        'gpu_ms',
        'host_ms',
        'first_ms',
        'dispatches',
        'tflop_s',
        'predicted',
        'kernels',
      ],
    ),
    section('PyTorch', of('torch'), ['name', 'kind', 'ms', 'tflop_s', 'gb_s', 'version']),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** Columns that no row has are left out. */
function section(title: string, rows: readonly Row[], columns: readonly string[]): string {
  if (rows.length === 0) return '';
  const used = columns.filter((column) => rows.some((row) => show(row[column]) !== ''));
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `## ${title}`,
    '',
    line(used),
    line(used.map(() => '---')),
    ...rows.map((row) => line(used.map((column) => show(row[column])))),
  ].join('\n');
}

function show(value: Row[string] | undefined): string {
  if (value === undefined || value === null) return '';
  const text = Array.isArray(value)
    ? value.join('; ')
    : String(typeof value === 'number' ? Number(value.toPrecision(4)) : value);
  return text.replaceAll('|', '\\|');
}
