import { join } from 'node:path';
import { listAdapters } from '@icl-gd/gpu-kernels';
import { UserError, listFamilies } from '@icl-gd/transformer';
import { Command } from 'commander';
import { toCsv, writeWhole } from '../results/csv.ts';
import { renderSummary } from '../results/print-summary.ts';
import { readRun } from '../results/read-run.ts';
import { summaryTables } from '../results/write-results.ts';
import { PRESETS } from './presets/presets.ts';
import { requireWritable } from '../experiment/inputs.ts';
import { builtInTasks, tasks } from '../tasks/tasks.ts';
import { renderValidation } from '../results/validation/render.ts';
import { validate, writeValidation } from '../results/validation/validate.ts';
import { VERSION } from '../version.ts';
import { choose } from './choose.ts';
import { loadLearnerFiles } from './learner-file.ts';
import { renderCatalogue } from './render-catalogue.ts';
import { addInspectCommand } from './inspect-command.ts';
import { addPretrainCommand } from './pretrain-command.ts';
import { addStudyCommands } from './study-commands.ts';
import type { RawRunOptions } from './run-options.ts';
import { describeSource, renderPasses } from './render-passes.ts';
import { planPasses, runPasses } from './run-passes.ts';

const LISTS = ['datasets', 'models', 'presets', 'methods', 'metrics'] as const;

/** Something finished, but not all of it: a cell diverged. */
const EXIT_INCOMPLETE = 1;

/** The command line. Actions resolve to an exit code through `setExitCode`. */
export function createProgram(setExitCode: (code: number) => void): Command {
  const program = new Command('icl-gd')
    .description(
      'In-context learning and gradient descent compared: the experiment of Deutch et al. (NAACL 2024) on WebGPU.',
    )
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError(false)
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'icl-gd: ')) });

  program
    .command('run')
    .description(
      'run the experiment and write its tables; finished parts are kept, so that a stopped run resumes',
    )
    .option('--model <dir|id>', 'Hugging Face model directory, or hub id owner/name[@revision]')
    .option(
      '--data <dir|hub>',
      'folder with <dataset>/{train,validation}.{jsonl,parquet,csv,tsv}, or hub: the datasets of the Hugging Face hub',
    )
    .option(
      '--task-file <file>',
      'a task of your own as YAML or JSON (docs/cli.md); may be given several times',
      (file: string, before: readonly string[] = []) => [...before, file],
    )
    .option(
      '--datasets <list>',
      `datasets, comma-separated, of those that \`icl-gd ls datasets\` lists (default: ${tasks.map(({ id }) => id).join(',')}, or those of --task-file)`,
    )
    .option('--methods <list>', 'learners that `icl-gd ls methods` lists (default: all of them)')
    .option(
      '--learner-file <file>',
      'a learner of your own as a module (docs/cli.md); may be given several times',
      (file: string, before: readonly string[] = []) => [...before, file],
    )
    .option('--variants <list>', 'trained, trained-embeddings, layer-norm-only, untrained (default: trained)')
    .option('--shots <k>', "demonstrations (default: the paper's, 32)")
    .option('--seeds <list>', "seeds that choose demonstrations (default: the paper's three of each dataset)")
    .option(
      '--permutation <p>',
      "order of the demonstrations, 0 to 4 (default: the paper's for its seeds, else 0)",
    )
    .option(
      '--fine-tuning-order <order>',
      "in-context: that of the context; released: that of the released code's fine-tuning (default: in-context)",
    )
    .option('--examples <n>', 'validation examples, at most 2000 (default: 2000)')
    .option('--learning-rate <rate>', "of the fine-tuning steps (default: the paper's of each dataset)")
    .option(
      '--probe <list>',
      "label: probe at option 0's last token, as the released code; prompt: at the prompt's; both: label,prompt (default: label)",
    )
    .option(
      '--adapter <name>',
      'auto, hardware, software, swiftshader, or part of a name that `icl-gd devices` prints (default: auto)',
    )
    .option('--init-seed <n>', 'seed of re-initialised variants (default: 0)')
    .option(
      '--dtype <dtype>',
      'how weights are kept on the device: float32, or float16-storage (float32 arithmetic; default: float32)',
    )
    .option(
      '--memory-budget <GiB>',
      'refuse to start if the run needs more memory on the device (default: all there is)',
    )
    .option(
      '--check-only',
      'read and check model and data, say what would be computed and allocated, and stop',
    )
    .option('--token-budget <n>', 'most tokens in one packed batch (default: 2048)')
    .option(
      '--preset <name>',
      `${PRESETS.map(({ id }) => id).join(', ')}, or a file: a set of options; options given win`,
    )
    .option('--save-probes', 'also write h and m of every example as safetensors')
    .option(
      '--discard-probes',
      'keep h and m no longer than the run needs them: less disk, but a learner added later computes the baselines again',
    )
    .option('--released-norms', "also write gradient norms by the released code's definition")
    .option('--dry-run', 'print what would be run, without reading or downloading anything')
    .option(
      '--noise-floor',
      'also write noise_floor.csv: how much of each score is rounding; takes three times as long',
    )
    .option('--fresh', 'compute everything again, whatever an earlier run left')
    .option('--out <dir>', 'folder for the results (required)')
    .action(async (options: Partial<RawRunOptions>) => {
      const passes = planPasses(options, await loadLearnerFiles(options.learnerFile ?? []));
      if (options.dryRun) return console.log(renderPasses(passes));
      const complete = await runPasses(passes);
      if (!complete) {
        console.error('icl-gd: some cells diverged (see cells.csv): lower --learning-rate for them');
        setExitCode(EXIT_INCOMPLETE);
      }
    });

  addInspectCommand(program);
  addPretrainCommand(program);
  addStudyCommands(program);

  program
    .command('devices')
    .description('list the adapters that --adapter can choose')
    .action(async () => {
      for (const { description, vendor, kind, source, profile } of await listAdapters()) {
        console.log(`${kind}\t${profile}\t${description}\t${vendor}\t${source}`);
      }
    });

  program
    .command('ls')
    .description('list what is known')
    .argument('[what]', LISTS.join(', '))
    .action((what: string | undefined) => {
      for (const list of what === undefined ? LISTS : [choose('ls', what, LISTS)])
        console.log(renderList(list, what === undefined));
    });

  program
    .command('tables')
    .description('rebuild table1.csv, table2.csv and comparison.csv from summary.csv and print them')
    .option('--from <dir>', 'folder of a run (required)')
    .action(async (options: FromOptions) => {
      const from = requireFrom(options);
      const run = await readRun(from);
      for (const [file, table] of Object.entries(summaryTables(run)))
        await writeWhole(join(from, file), toCsv(table));
      console.log(renderSummary(run));
    });

  program
    .command('validate')
    .description(
      'published against measured, and each claim of the paper with a verdict; writes summary.md, summary.html and figures/',
    )
    .option('--from <dir>', 'folder of a run (required)')
    .option('--out <dir>', 'folder for what is written (default: that of --from)')
    .action(async (options: FromOptions & { readonly out?: string }) => {
      const from = requireFrom(options);
      const out = options.out ?? from;
      await requireWritable(out);
      const validation = validate(await readRun(from));
      await writeValidation(out, validation);
      console.log(renderValidation(validation));
      console.log(`summary: ${join(out, 'summary.html')}`);
    });

  for (const command of program.commands)
    command.configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'icl-gd: ')) });
  return program;
}

interface FromOptions {
  readonly from?: string;
}

// Checked here and not by the parser, so that a mistyped option is named first.
function requireFrom({ from }: FromOptions): string {
  if (!from) throw new UserError('--from is missing: the --out folder of a finished run');
  return from;
}

function renderList(list: (typeof LISTS)[number], titled: boolean): string {
  return [...(titled ? [`${list}:`] : []), ...linesOf(list)].join('\n');
}

function linesOf(list: (typeof LISTS)[number]): string[] {
  switch (list) {
    case 'datasets':
      return builtInTasks.map(
        ({ id, title, classes, hub }) => `${id}\t${title}\t${classes.join(', ')}\t${describeSource(hub)}`,
      );
    case 'models':
      return listFamilies().map(({ modelType, architecture }) => `${modelType}\t${architecture}`);
    case 'presets':
      return PRESETS.map(({ id, title }) => `${id}\t${title}`);
    default:
      return renderCatalogue(list);
  }
}
