import { existsSync } from 'node:fs';
import { runSettingId } from '../experiment/setting.ts';
import { renderTable } from '../results/text-table.ts';
import { settingId } from '@icl-gd/methods';
import { developmentExamples } from '../experiment/development/prepare.ts';
import { developedLearners, settingsOn } from '../experiment/development/rate-rules.ts';
import { type RunSettings, type Trial, planTrials } from '../experiment/plan.ts';
import { sketchCounts } from '../experiment/sketch.ts';
import { HUB } from '../tasks/locate.ts';
import { describeSource } from '../tasks/describe-source.ts';
import type { Task } from '../tasks/task.ts';
import { counted } from '../terminal/words.ts';
import type { RunPass } from './run-passes.ts';

const COLUMNS = ['dataset', 'data', 'seed:permutation', 'k', 'learning rate', 'cells'];

/** What would be run: each pass with its datasets and the number of its cells. */
export function renderPasses(passes: readonly RunPass[]): string {
  const blocks = passes.map((pass, i) => {
    const title = passes.length === 1 ? '' : `pass ${i + 1} of ${passes.length}: `;
    return `${title}${pass.request.out}\n${renderPass(pass)}`;
  });
  const total = passes.reduce((sum, pass) => sum + countCells(pass), 0);
  const settings = sketchCounts(passes.map(({ request }) => request)).describePlan();
  return `${blocks.join('\n\n')}\n\n${settings}\n${counted(total, 'cell')} in all; a dry run: no model or data was read, nothing downloaded or written`;
}

function renderPass(pass: RunPass): string {
  const { request, model, data, prepare } = pass;
  const { settings } = request;
  const trials = planTrials(settings);
  const rows = settings.datasets.map((task) => {
    const own = trials.filter(({ dataset }) => dataset === task.id);
    const selections = new Set(own.map(({ seed, permutation }) => `${seed}:${permutation}`));
    return [
      task.id,
      prepare ? 'synthetic' : dataOf(task, data),
      [...selections].join(' '),
      String(own[0]?.shots),
      String(own[0]?.learningRate),
      String(cellsOf(own, settings)),
    ];
  });
  return [
    `  model     ${prepare ? 'made by the preset' : modelInWords(model as string)}`,
    `  variants  ${settings.variants.join(', ')}`,
    `  methods   ${settings.methods.map(runSettingId).join(', ')}`,
    `  controls  ${settings.controls.map(runSettingId).join(', ') || 'none'}${settings.controlVariants ? `; on ${settings.controlVariants.join(', ')}` : ''}`,
    `  probe     ${settings.probe}`,
    `  examples  at most ${settings.examples} a dataset`,
    ...developmentInWords(settings),
    ...(settings.matchedDemonstrations
      ? ['  matched   fine-tuning on the demonstrations that fit the context']
      : []),
    `  order     fine-tuning in the ${settings.fineTuningOrder === 'released' ? "released code's order" : "context's order"}`,
    renderTable(COLUMNS, rows),
  ].join('\n');
}

function dataOf(task: Task, data: string | undefined): string {
  if (task.data) return describeSource(task.data);
  return data === HUB ? describeSource(task.hub) : `${data}/${task.id}`;
}

function modelInWords(model: string): string {
  return existsSync(model) ? model : `hub ${model}`;
}

function countCells({ request: { settings } }: RunPass): number {
  return cellsOf(planTrials(settings), settings);
}

function cellsOf(trials: readonly Trial[], settings: RunSettings): number {
  return trials.reduce((sum, { variant }) => sum + settingsOn(variant, settings).length, 0);
}

/** What is measured on the training split before. */
function developmentInWords(settings: RunSettings): string[] {
  const examples = developmentExamples(settings);
  if (examples === undefined) return [];
  const learners = developedLearners(settings).map(({ setting }) => settingId(setting));
  return [`  development  ${examples} examples a dataset at most, rates of ${learners.join(', ')}`];
}
