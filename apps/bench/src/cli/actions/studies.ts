import { join } from 'node:path';
import type { DownloadObserver, ModelLocation } from '@icl-gd/transformer';
import { writeWhole } from '@icl-gd/transformer/files';
import { beginWriting } from '../../experiment/inputs.ts';
import { createProgress } from '../../experiment/progress.ts';
import type { Table } from '../../results/csv.ts';
import { renderTable } from '../../results/text-table.ts';
import {
  flipsCurves,
  flipsPicture,
  flipsTable,
  measureFlips,
  requireFlippable,
} from '../../studies/flips.ts';
import { LABELLINGS } from '../../tasks/prompts/labels.ts';
import { measureShots, shotsCurves, shotsPicture, shotsTable, usedShots } from '../../studies/shots.ts';
import {
  bestLearningRates,
  sweepLearningRates,
  sweepPicture,
  sweepTable,
  sweptMethods,
} from '../../studies/sweep.ts';
import { replaceTable } from '../../studies/write-table.ts';
import { PUBLISHED } from '../../experiment/development/rate-rules.ts';
import { loadPlugins } from '../../plugins/load-plugins.ts';
import { chooseList, integerList, positiveList, shareList } from '../choose.ts';
import type { RawFlipsOptions, RawShotsOptions, RawSweepOptions } from '../raw-options.ts';
import { downloadObserver, findModel } from '../find-model.ts';
import { profileFor, reportProfile } from '../profile/report-profile.ts';
import { type ParsedRun, parseRunOptions } from '../run-options.ts';
import { fromWhereTyped } from '../../terminal/place-typed.ts';
import { print, say } from '../../terminal/print.ts';
import { counted } from '../../terminal/words.ts';

/** What a preset may say of similarities goes by: it must neither be refused nor change what is measured. */
const ACCURACIES_ALONE = {
  ...{ rate: PUBLISHED, controls: 'none' },
  ...{ trainingAttention: false, gradientNorms: false, weightChanges: false },
} as const;

/**
 * Measures in-context accuracy by number of demonstrations; writes and prints it.
 *
 * @throws UserError naming the option, file or dataset that does not fit
 */
export async function shots({ shots: listed, labels, ...options }: RawShotsOptions): Promise<void> {
  const numbers = integerList('--shots', listed);
  const labellings = chooseList('--labels', labels, LABELLINGS);
  const { request, model, data, observer } = await resolveStudy(
    await parseRunOptions(
      { ...ACCURACIES_ALONE, variants: 'trained', ...options },
      {},
      await loadPlugins(options),
    ),
  );
  const rows = await measureShots(
    { ...request, model, data, observer, shots: numbers, labellings },
    createProgress(),
  );
  await writeTable(request.out, 'shots.csv', shotsTable(model.name, rows), 'used');
  await writeWhole(join(request.out, 'shots.svg'), shotsPicture(model.name, rows));
  const header = ['mean accuracy', ...numbers.map((k) => counted(k, 'shot'))];
  const lines = shotsCurves(rows).map(({ name, points }) => [
    name,
    ...numbers.map((k) => points.find(([x]) => x === k)?.[1].toFixed(3) ?? ''),
  ]);
  const used = usedShots(rows, numbers);
  const asked = numbers.every((k, i) => `${k}` === used[i]);
  print(renderTable(header, asked ? lines : [['demonstrations used', ...used], ...lines]));
  print(`results: ${fromWhereTyped(request.out)}`);
  await reportProfile(request.profile, options.profile, request);
}

/**
 * Measures accuracy of in-context learning and of learners by the share of flipped labels; writes and prints it.
 *
 * @throws UserError naming the option, file or dataset that does not fit
 */
export async function flips({ shares: listed, ...options }: RawFlipsOptions): Promise<void> {
  const shares = shareList('--shares', listed);
  const parsed = await parseRunOptions({ ...ACCURACIES_ALONE, ...options }, {}, await loadPlugins(options));
  requireFlippable(parsed.request.settings.methods);
  const { request, model, data, observer } = await resolveStudy(parsed);
  const rows = await measureFlips({ ...request, model, data, observer, shares }, createProgress());
  await writeTable(request.out, 'flips.csv', flipsTable(model.name, rows), 'used');
  await writeWhole(join(request.out, 'flips.svg'), flipsPicture(model.name, rows));
  const curves = flipsCurves(rows);
  const header = ['mean accuracy', ...(curves[0]?.points ?? []).map(([share]) => `${share} flipped`)];
  print(
    renderTable(
      header,
      curves.map(({ name, points }) => [
        name,
        ...points.map(([, accuracy]) => accuracy?.toFixed(3) ?? 'diverged'),
      ]),
    ),
  );
  print(`results: ${fromWhereTyped(request.out)}`);
  await reportProfile(request.profile, options.profile, request);
}

/**
 * Measures accuracy after fine-tuning by learning rate; writes it and prints each dataset's best rate.
 *
 * @throws UserError naming the option, file or dataset that does not fit
 */
export async function sweep({ learningRates, ...options }: RawSweepOptions): Promise<void> {
  const rates = positiveList('--learning-rates', learningRates);
  const parsed = await parseRunOptions({ ...ACCURACIES_ALONE, ...options }, {}, await loadPlugins(options));
  const methods = sweptMethods(parsed.request.settings.methods, options.methods !== undefined);
  const { request, model, data, observer } = await resolveStudy(parsed);
  const rows = await sweepLearningRates(
    {
      ...request,
      settings: { ...request.settings, methods },
      model,
      data,
      observer,
      learningRates: rates,
    },
    createProgress(),
  );
  await writeTable(request.out, 'sweep.csv', sweepTable(model.name, rows), 'examples');
  await writeWhole(join(request.out, 'sweep.svg'), sweepPicture(model.name, rows));
  const best = bestLearningRates(rows).map(({ dataset, learningRate, gain }) => [
    dataset,
    learningRate,
    gain.toFixed(3),
  ]);
  print(renderTable(['dataset', 'best learning rate', 'gain over zero-shot'], best));
  print(`results: ${fromWhereTyped(request.out)}`);
  await reportProfile(request.profile, options.profile, request);
}

/** @param until the first column that does not say what a row is about */
async function writeTable(out: string, file: string, table: Table, until: string): Promise<void> {
  const gone = await replaceTable(join(out, file), table, table.columns.indexOf(until));
  if (gone > 0)
    say(
      `${counted(gone, 'row')} of an earlier command with other options ${gone === 1 ? 'is' : 'are'} no longer in ${file}; the accuracies stay in records, and a command that asks for all of them tabulates them together`,
    );
}

async function resolveStudy({ request, model, data, prepare, profile }: ParsedRun): Promise<{
  request: ParsedRun['request'] & ReturnType<typeof profileFor>;
  model: ModelLocation;
  data: string | undefined;
  observer: DownloadObserver;
}> {
  await beginWriting(request.out);
  const own = prepare
    ? await prepare(join(request.out, 'embedded'))
    : { model: model as string, data: data as string };
  // One for both: it says every warning once.
  const observer = downloadObserver();
  return {
    request: { ...request, ...profileFor(profile) },
    model: await findModel(own.model, observer),
    data: own.data,
    observer,
  };
}
