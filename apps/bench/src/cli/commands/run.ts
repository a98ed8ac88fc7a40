import type { Command } from 'commander';
import type { RawRunOptions } from '../raw-options.ts';
import { again } from './again.ts';
import { print, say } from '../../terminal/print.ts';

/** Something finished, but not all of it: a cell diverged. */
const EXIT_INCOMPLETE = 1;

/** `icl-gd run`: the experiment. */
export function addRunCommand(program: Command, setExitCode: (code: number) => void): void {
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
      again,
    )
    .option(
      '--datasets <list>',
      "datasets, comma-separated, of those that `icl-gd ls datasets` lists (default: the paper's six, or those of --task-file)",
    )
    .option(
      '--methods <list>',
      "learners that `icl-gd ls methods` lists, with options as in gd[batch=full,steps=3] (default: the paper's, GD and LCGD, and those of --learner-file)",
    )
    .option(
      '--controls <list>',
      'controls of the context and null learners, compared with in-context learning in the same way; or none (docs/controls.md; default: ICL[disjoint],ZSL[positions=icl])',
    )
    .option('--control-variants <list>', 'variants that --controls are run on (default: those of --variants)')
    .option(
      '--matched-demonstrations',
      'fine-tuning is given those demonstrations alone that fit the context of in-context learning',
    )
    .option(
      '--learner-file <file>',
      'a learner of your own as a module (docs/cli.md); may be given several times',
      again,
    )
    .option(
      '--metric-file <file>',
      'a metric of your own as a module (docs/cli.md); may be given several times',
      again,
    )
    .option(
      '--family-file <file>',
      'a model family of your own as a module (docs/cli.md); may be given several times',
      again,
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
      '--rate <list>',
      'how rates are chosen: published, best, matched-kl, matched-norm, tangent (docs/cli.md; default: published)',
    )
    .option(
      '--development <n>',
      'examples of the training split that rates are chosen and the gate is judged on (default: 64 where --rate needs them)',
    )
    .option(
      '--probe <list>',
      "label: probe at option 0's last token, as the released code; prompt: at the prompt's; both: label,prompt (default: label)",
    )
    .option(
      '--adapter <name>',
      'auto, hardware, software, swiftshader, or part of a name that `icl-gd devices` prints (default: auto)',
    )
    .option(
      '--init-seed <n>',
      "seed of re-initialised variants (default: each trial's own seed, as in the released code)",
    )
    .option(
      '--dtype <dtype>',
      'how weights are kept on the device: float32, or float16-storage (float32 arithmetic; default: float32)',
    )
    .option(
      '--matmul <kind>',
      "what probes are computed on: f32 (auto is the same), or matrix: the GPU's matrix units, experimental (docs/numerics.md; default: auto)",
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
      '--preset <name|file>',
      'a set of options, by a name that `icl-gd ls presets` lists or as a file; options given win',
    )
    .option('--save-probes', 'also write h and m of every example as safetensors')
    .option(
      '--discard-probes',
      'keep h and m no longer than the run needs them: less disk, but a learner added later computes the baselines again',
    )
    .option('--released-norms', "also write gradient norms by the released code's definition")
    .option(
      '--gradient-norms',
      'also write gradient_norms.csv: the norms of first and last step under every definition; trains once more',
    )
    .option(
      '--weight-changes',
      'also write weights.csv and precision.csv: weight changes of learners against each other and on the grid of float16; trains once more',
    )
    .option(
      '--profile [file]',
      'print and write how long each kernel ran, and a trace of them (default: profile.csv in --out)',
    )
    .option('--dry-run', 'print what would be run, without reading or downloading anything')
    .option(
      '--measure',
      'with --dry-run: read model and data, compute a small part, and say how long the run will take',
    )
    .option(
      '--noise-floor',
      'also write noise_floor.csv: how much of each score is rounding; takes three times as long',
    )
    .option(
      '--training-attention',
      'also write training_attention.csv: whether ICL and fine-tuning attend to the same demonstrations; trains and probes once more',
    )
    .option(
      '--margin <m>',
      'by how much a score may differ and count as the same, declared before the run (default: 0.05)',
    )
    .option('--fresh', 'compute everything again, whatever an earlier run left')
    .option('--out <dir>', 'folder for the results (required)')
    .action(async (options: Partial<RawRunOptions>) => {
      const { loadPlugins } = await import('../../plugins/load-plugins.ts');
      const { planPasses, runPasses } = await import('../run-passes.ts');
      const passes = await planPasses(options, await loadPlugins(options));
      if (options.dryRun) {
        const { renderPasses } = await import('../render-passes.ts');
        print(renderPasses(passes));
        if (!options.measure) return;
        const { printPlannedTime } = await import('../actions/planned-time.ts');
        await printPlannedTime(passes);
        return;
      }
      if (await runPasses(passes)) return;
      say('icl-gd: some cells diverged (see cells.csv): lower --learning-rate for them');
      setExitCode(EXIT_INCOMPLETE);
    });
}
