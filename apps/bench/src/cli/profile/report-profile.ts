import { join } from 'node:path';
import { acquireGpu, measureDevice } from '@icl-gd/gpu-kernels';
import { writeWhole } from '@icl-gd/transformer/files';
import { DeviceProfile } from '../../experiment/profile/device-profile.ts';
import { toCsv } from '../../results/csv.ts';
import { profileTable } from '../../results/profile/profile-table.ts';
import { writeTrace } from '../../results/profile/write-trace.ts';
import { renderTable } from '../../results/text-table.ts';
import { doing } from '../../terminal/heartbeat.ts';
import { fromWhereTyped } from '../../terminal/place-typed.ts';
import { print } from '../../terminal/print.ts';

/** Kernels that are printed; the file has all. */
const PRINTED = 20;

/** What `--profile` was given: nothing, or a file. */
export type ProfileOption = string | true | undefined;

/** A profile that a command fills, if it is asked for. */
export function profileFor(option: ProfileOption): { readonly profile?: DeviceProfile } {
  return option === undefined ? {} : { profile: new DeviceProfile() };
}

/**
 * Prints where the time of a command went and writes it: a table, and beside it a trace.
 * @param option the table's file, or `profile.csv` in the folder of the results
 */
export async function reportProfile(
  profile: DeviceProfile | undefined,
  option: ProfileOption,
  { adapter, out }: { readonly adapter: string; readonly out: string },
): Promise<void> {
  if (!profile) return;
  const { kernels, dispatches } = profile;
  if (kernels.length === 0) {
    print('profile: nothing was computed, all was on record (--fresh computes it again)');
    return;
  }
  doing({ text: "measuring the adapter's peaks" });
  const gpu = await acquireGpu({ adapter });
  try {
    const rates = await measureDevice(gpu);
    const table = profileTable(kernels, rates);
    const file = typeof option === 'string' ? option : join(out, 'profile.csv');
    const trace = `${file.replace(/\.csv$/, '')}.trace.json`;
    await writeWhole(file, toCsv(table));
    await writeTrace(trace, gpu.adapter.description, dispatches);
    const rows = table.rows.slice(0, PRINTED).map((row) => row.map((value) => value ?? ''));
    print(renderTable(table.columns, rows));
    const more = kernels.length > PRINTED ? [`${kernels.length - PRINTED} more kernels in the file`] : [];
    print(
      [
        `kernels on the device: ${seconds(kernels.reduce((sum, { ms }) => sum + ms, 0))} s`,
        `peaks: ${(rates.fma / 1e9).toFixed(1)} GFLOP/s of multiply-adds, ${(rates.copy / 1e9).toFixed(1)} GB/s of copying`,
        ...more,
      ].join('; '),
    );
    print(`profile: ${fromWhereTyped(file)}, ${fromWhereTyped(trace)}`);
  } finally {
    gpu.dispose();
  }
}

function seconds(ms: number): string {
  return (ms / 1e3).toFixed(2);
}
