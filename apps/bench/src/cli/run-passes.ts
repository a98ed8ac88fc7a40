import { join } from 'node:path';
import { renderSummary } from '../results/print-summary.ts';
import { readRun } from '../results/read-run.ts';
import { requireWritable } from '../experiment/inputs.ts';
import { runExperiment } from '../experiment/run.ts';
import { judgeClaims } from '../results/validation/claims.ts';
import { readEvidence } from '../results/validation/evidence.ts';
import { renderClaims } from '../results/validation/render-claims.ts';
import { checkRun } from '../experiment/check-run.ts';
import { downloadObserver, findModel } from './find-model.ts';
import { findPreset } from './presets/presets.ts';
import type { RawRunOptions } from './raw-run-options.ts';
import { type ParsedRun, parseRunOptions } from './run-options.ts';

/** Where a dry run without --out would write. */
const SOMEWHERE = '<out>';

/** One run of a command; a preset may list several. */
export interface RunPass extends ParsedRun {
  /** Empty for the first. */
  readonly name: string;
  /** Folder below --out for what the preset makes. */
  readonly made: string;
}

/**
 * The runs that the options ask for: one, or as many as the preset lists. Those that the options typed make equal to an
 * earlier one are left out.
 * @throws UserError naming the option that does not fit
 */
export async function planPasses(typed: Partial<RawRunOptions>): Promise<RunPass[]> {
  const preset = typed.preset === undefined ? undefined : await findPreset(typed.preset);
  const out = typed.dryRun ? (typed.out ?? SOMEWHERE) : typed.out;
  const passes: RunPass[] = [];
  for (const { name, options } of [{ name: '', options: {} }, ...(preset?.passes ?? [])]) {
    const place = out && name ? join(out, name) : out;
    const parsed = await parseRunOptions(place === undefined ? typed : { ...typed, out: place }, options);
    passes.push({ name, made: preset?.id ?? '', ...parsed });
  }
  const work = ({ request, model, data }: RunPass): string =>
    JSON.stringify([{ ...request, out: '' }, model, data]);
  return passes.filter((pass, i) => passes.findIndex((other) => work(other) === work(pass)) === i);
}

/**
 * Runs them one after another.
 * @returns whether every cell finished
 */
export async function runPasses(passes: readonly RunPass[]): Promise<boolean> {
  // Before a download, which may take long.
  for (const { request } of passes) await requireWritable(request.out);
  const [first] = passes;
  const own = await first?.prepare?.(join(first.request.out, first.made));
  let complete = true;
  for (const { name, request, model, data, checkOnly } of passes) {
    if (name !== '') console.log(`\n${name}:`);
    const located = {
      ...request,
      model: await findModel(own?.model ?? (model as string)),
      data: own?.data ?? data,
      observer: downloadObserver(),
    };
    if (checkOnly) {
      await checkRun(located, console.log);
      continue;
    }
    complete = (await runExperiment(located)) && complete;
    console.log(renderSummary((await readRun(request.out)).cells));
    console.log(renderClaims(judgeClaims(await readEvidence(request.out))));
    console.log(`results: ${request.out}`);
  }
  return complete;
}
