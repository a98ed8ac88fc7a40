import { join } from 'node:path';
import type { Command } from 'commander';
import { LABELLINGS } from '../studies/labels.ts';
import { measureShots, shotsCurves, shotsPicture, shotsTable } from '../studies/shots.ts';
import { bestLearningRates, sweepLearningRates, sweepPicture, sweepTable } from '../studies/sweep.ts';
import { toCsv, writeWhole } from '../results/csv.ts';
import { renderTable } from '../results/text-table.ts';
import { requireWritable } from '../experiment/inputs.ts';
import { createProgress } from '../experiment/progress.ts';
import { chooseList, integerList, positiveNumber } from './choose.ts';
import { downloadObserver, findModel } from './find-model.ts';
import { type ParsedRun, type RawRunOptions, parseRunOptions } from './run-options.ts';

type RawShotsOptions = Partial<Omit<RawRunOptions, 'shots'>> & { shots?: string; labels?: string };
type RawSweepOptions = Partial<RawRunOptions> & { learningRates?: string };

/** Twice per decade, over the range in which small models neither stand still nor diverge. */
const DEFAULT_RATES = '0.001,0.003,0.01,0.03,0.1,0.3,1';
const DEFAULT_SHOTS = '0,1,2,4,8,16,32';

/** `icl-gd shots` and `icl-gd sweep`: accuracies alone, over shots and over learning rates. */
export function addStudyCommands(program: Command): void {
  common(
    program
      .command('shots')
      .description('in-context accuracy by number of demonstrations: shots.csv, shots.svg'),
  )
    .option('--shots <list>', `numbers of demonstrations (default: ${DEFAULT_SHOTS})`)
    .option('--labels <list>', `labels of the demonstrations: ${LABELLINGS.join(', ')} (default: gold,wrong)`)
    .option('--variants <list>', 'as for `icl-gd run` (default: trained)')
    .option('--init-seed <n>', 'as for `icl-gd run`')
    .action(async ({ shots, labels, ...options }: RawShotsOptions) => {
      const numbers = integerList('--shots', shots ?? DEFAULT_SHOTS);
      const labellings = chooseList('--labels', labels ?? 'gold,wrong', LABELLINGS);
      const { request, model, data } = await resolveStudy(
        parseRunOptions({ variants: 'trained', ...options }),
      );
      const progress = createProgress();
      const rows = await measureShots(
        { ...request, model, data, observer: downloadObserver(), shots: numbers, labellings },
        progress,
      );
      await writeWhole(join(request.out, 'shots.csv'), toCsv(shotsTable(model.name, rows)));
      await writeWhole(join(request.out, 'shots.svg'), shotsPicture(model.name, rows));
      const curves = shotsCurves(rows);
      const header = ['mean accuracy', ...numbers.map((k) => `${k} shots`)];
      console.log(
        renderTable(
          header,
          curves.map(({ name, points }) => [
            name,
            ...numbers.map((k) => points.find(([x]) => x === k)?.[1].toFixed(3) ?? ''),
          ]),
        ),
      );
      console.log(`results: ${request.out}`);
    });

  common(
    program
      .command('sweep')
      .description(
        'accuracy of fine-tuning by learning rate, on the training split alone: sweep.csv, sweep.svg',
      ),
  )
    .option('--learning-rates <list>', `learning rates (default: ${DEFAULT_RATES})`)
    .option('--methods <list>', 'gd, lcgd (default: both)')
    .option('--shots <k>', "demonstrations (default: the paper's, 32)")
    .action(async ({ learningRates, ...options }: RawSweepOptions) => {
      const rates = (learningRates ?? DEFAULT_RATES)
        .split(',')
        .map((text) => positiveNumber('--learning-rates', text));
      const { request, model, data } = await resolveStudy(parseRunOptions(options));
      const rows = await sweepLearningRates(
        { ...request, model, data, observer: downloadObserver(), learningRates: rates },
        createProgress(),
      );
      await writeWhole(join(request.out, 'sweep.csv'), toCsv(sweepTable(model.name, rows)));
      await writeWhole(join(request.out, 'sweep.svg'), sweepPicture(model.name, rows));
      const best = bestLearningRates(rows).map(({ dataset, learningRate, gain }) => [
        dataset,
        learningRate,
        gain.toFixed(3),
      ]);
      console.log(renderTable(['dataset', 'best learning rate', 'gain over zero-shot'], best));
      console.log(`results: ${request.out}`);
    });
}

function common(command: Command): Command {
  return command
    .option('--model <dir|id>', 'as for `icl-gd run`')
    .option('--data <dir>', 'as for `icl-gd run`')
    .option('--preset <name>', 'as for `icl-gd run`')
    .option('--datasets <list>', 'as for `icl-gd run`')
    .option('--seeds <list>', 'as for `icl-gd run`')
    .option('--permutation <p>', 'as for `icl-gd run`')
    .option('--examples <n>', 'evaluated examples, at most 2000 (default: 2000)')
    .option('--adapter <name>', 'as for `icl-gd run` (default: auto)')
    .option('--token-budget <n>', 'most tokens in one packed batch (default: 2048)')
    .option('--out <dir>', 'folder for the results (required)');
}

async function resolveStudy({ request, model, data, prepare }: ParsedRun) {
  await requireWritable(request.out);
  const own = prepare
    ? await prepare(join(request.out, 'embedded'))
    : { model: model as string, data: data as string };
  return { request, model: await findModel(own.model), data: own.data };
}
