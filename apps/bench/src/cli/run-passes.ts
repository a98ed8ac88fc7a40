import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runSettingId } from '../experiment/setting.ts';
import { type DownloadObserver, UserError } from '@icl-gd/transformer';
import { renderSummary } from '../results/print-summary.ts';
import { droppedMetrics, replacedOptions } from '../results/replaced.ts';
import { writeResults } from '../results/write-results.ts';
import { beginWriting, requireWritable } from '../experiment/inputs.ts';
import type { RunRequest } from '../experiment/run-request.ts';
import { runExperiment } from '../experiment/run.ts';
import { judgeLearned } from '../results/validation/gated-claims.ts';
import { renderClaims } from '../results/validation/render-claims.ts';
import { SettingCounts } from '../experiment/setting-counts.ts';
import { checkRun } from '../experiment/check-run.ts';
import { chooseList } from './choose.ts';
import { downloadObserver, findModel } from './find-model.ts';
import { type Plugins, NO_PLUGINS } from '../plugins/load-plugins.ts';
import { findPreset } from './presets/presets.ts';
import { profileFor, reportProfile } from './profile/report-profile.ts';
import type { RawRunOptions } from './raw-options.ts';
import { PROBE_TOKENS, type ParsedRun, parseRunOptions } from './run-options.ts';
import { doing } from '../terminal/heartbeat.ts';
import { fromWhereTyped } from '../terminal/place-typed.ts';
import { print, say } from '../terminal/print.ts';

/** Where a dry run without --out would write. */
const SOMEWHERE = '<out>';

/** What a run, or a comparison with the paper, puts into its folder. */
const RESERVED = /^(records|probes|figures|.*\.(csv|json|md|html))$/;

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
export async function planPasses(
  typed: Partial<RawRunOptions>,
  plugins: Plugins = NO_PLUGINS,
): Promise<RunPass[]> {
  const preset = typed.preset === undefined ? undefined : await findPreset(typed.preset);
  const out = typed.dryRun ? (typed.out ?? SOMEWHERE) : typed.out;
  const listed = [{ name: '', options: {} }, ...(preset?.passes ?? [])];
  const probes = typed.probe === undefined ? [] : chooseList('--probe', typed.probe, PROBE_TOKENS);
  const passes: RunPass[] = [];
  for (const { name, options } of listed) {
    for (const [i, probe] of (probes.length === 0 ? [undefined] : probes).entries()) {
      // Each probe token has tables of its own; both come from the same forward passes.
      const folder = [name, ...(i === 0 ? [] : [probe as string])].filter(Boolean).join('-');
      const place = out && folder ? join(out, folder) : out;
      const own = {
        ...typed,
        ...(place === undefined ? {} : { out: place }),
        ...(probe === undefined ? {} : { probe }),
      };
      const parsed = await parseRunOptions(own, options, plugins);
      passes.push({ name: folder, made: preset?.id ?? '', ...parsed });
    }
  }
  const distinct = passes.filter(
    (pass, i) => passes.findIndex((other) => workOf(other) === workOf(pass)) === i,
  );
  requireFoldersOfTheirOwn(distinct);
  return distinct.map((pass) => ({
    ...pass,
    request: {
      ...pass.request,
      command: commandOf(typed),
      // One folder of records for all passes: what they have in common is computed once.
      recordsIn: out ?? pass.request.out,
      alsoProbe: distinct
        .filter((other) => workButProbe(other) === workButProbe(pass))
        .map((other) => other.request.settings.probe),
    },
  }));
}

/** As it may be typed again, but for where it writes. */
function commandOf(typed: Partial<RawRunOptions>): string[] {
  const words = Object.entries(typed).flatMap(([name, value]) => {
    const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    // What makes no difference to results is no part of what asked for them.
    if (name === 'out' || name === 'profile' || value === false) return [];
    if (value === true) return [flag];
    return [value].flat().flatMap((own) => [flag, String(own)]);
  });
  return ['icl-gd', 'run', ...words];
}

/** @throws UserError if a pass would write where another does, or where a run puts something else */
function requireFoldersOfTheirOwn(passes: readonly RunPass[]): void {
  const taken = new Set<string>();
  for (const { name, request, made, prepare } of passes) {
    // Some file systems do not tell cases apart.
    const folder = name.toLowerCase();
    if (RESERVED.test(folder) || (prepare && folder === made.toLowerCase()))
      throw new UserError(`--preset: a pass is called ${name}, but ${request.out} is for something else`);
    if (taken.has(folder)) throw new UserError(`--preset: two passes would write to ${request.out}`);
    taken.add(folder);
  }
}

/** What a pass does, but for where it writes. */
function workOf({ request, model, data }: RunPass, settings: object = request.settings): string {
  const { methods, controls } = request.settings;
  const compared = { methods: methods.map(runSettingId), controls: controls.map(runSettingId) };
  // All passes of a command have the same files of the user's own.
  const { foreignLearners: _, foreignMetrics: _metrics, foreignFamilies: _families, ...own } = request;
  return JSON.stringify([{ ...own, settings: { ...settings, ...compared }, out: '' }, model, data]);
}

function workButProbe(pass: RunPass): string {
  return workOf(pass, { ...pass.request.settings, probe: '' });
}

/**
 * Runs them one after another.
 * @returns whether every cell finished
 */
export async function runPasses(passes: readonly RunPass[]): Promise<boolean> {
  // Before a download, which may take long.
  const [first] = passes;
  const begin = first?.checkOnly ? requireWritable : beginWriting;
  for (const { request } of passes) await begin(request.out);
  if (!first?.checkOnly) return runEach(passes, await first?.prepare?.(join(first.request.out, first.made)));
  if (!first.prepare) {
    await checkEach(passes, undefined);
    return true;
  }
  const { prepare } = first;
  await inTemporaryFolder(async (folder) => checkEach(passes, await prepare(folder)));
  return true;
}

/** Not into --out: a check leaves nothing behind. */
export async function inTemporaryFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'icl-gd-check-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  // Where a signal ends the process nothing after it is reached.
  process.once('exit', remove);
  try {
    await work(folder);
  } finally {
    process.off('exit', remove);
    remove();
  }
}

/** Model and data that a preset has made. */
type Made = Awaited<ReturnType<NonNullable<RunPass['prepare']>>> | undefined;

async function checkEach(passes: readonly RunPass[], own: Made): Promise<void> {
  const observer = downloadObserver();
  const counts = new SettingCounts();
  for (const pass of passes) await checkRun({ ...(await locate(pass, own, observer)), counts }, print);
  print(counts.describePlan());
}

async function runEach(passes: readonly RunPass[], own: Made): Promise<boolean> {
  let complete = true;
  const written = new Set<string>();
  const counts = new SettingCounts();
  const observer = downloadObserver();
  const [first] = passes;
  const profiling = profileFor(first?.profile);
  for (const pass of passes) {
    const run = await runExperiment({
      ...(await locate(pass, own, observer)),
      written,
      counts,
      ...profiling,
    });
    complete &&= run.complete;
    const { out } = pass.request;
    doing({ text: 'writing tables and figures' });
    const other = await replacedOptions(out, run);
    const dropped = await droppedMetrics(out, run);
    const measured = await writeResults(out, run);
    if (other.length > 0)
      say(
        `the tables that were here before were of another ${other.join(', ')}: replaced, with what was made of them; what was computed for them stays on record`,
      );
    for (const { id, path } of dropped)
      say(
        `the tables that were here before had the metric ${id} of ${path}, which the command does not name: it is not in these (--metric-file ${path})`,
      );
    print(renderSummary(measured));
    print(renderClaims(judgeLearned(measured, measured.margin)));
    print(`results: ${fromWhereTyped(out)}`);
  }
  say(counts.describe());
  if (first)
    await reportProfile(profiling.profile, first.profile, {
      adapter: first.request.adapter,
      out: first.request.out,
    });
  return complete;
}

/** The pass as a request, its model found or downloaded. */
export async function locate(
  { name, request, model, data }: RunPass,
  own: Made,
  observer: DownloadObserver,
): Promise<RunRequest> {
  if (name !== '') print(`\n${name}:`);
  return {
    ...request,
    model: await findModel(own?.model ?? (model as string), observer),
    data: own?.data ?? data,
    observer,
  };
}
