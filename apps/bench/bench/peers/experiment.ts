import { type AdaptedModel, type Probe, fineTune, probesOf } from '@icl-gd/methods';
import type { ContextPrefix } from '@icl-gd/transformer';
import { type Cell, openCell, queriesFor, requestOf } from './cell.ts';
import { type Contender, type Usage, concatenated, inProcess } from './contender.ts';
import { faultBeside } from './differences.ts';
import { type Timing, takeTurns } from './interleave.ts';
import type { Bench } from './bench.ts';
import type { Comparison } from './report.ts';

/** Examples of a run that fixed part and queries are put together for. */
const EXAMPLES = 128;
/** Queries of a turn: ours takes them in packed batches, PyTorch one by one, as the released code does. */
const [OWN_QUERIES, OTHER_QUERIES] = [16, 1];
const ATTENTION = ['eager', 'fused'] as const;

/** The whole experiment on one cell against the released procedure in PyTorch. */
export async function compareExperiment({ gpu, torch, rounds, report }: Bench): Promise<void> {
  if (!torch) {
    console.error('the experiment is compared with PyTorch alone, which is not there: left out');
    return;
  }
  const cell = await openCell(gpu, OWN_QUERIES);
  const ours = new OwnCell(cell);
  const [fixed, queries]: [Contender[], Contender[]] = [[ours.fixed], [ours.queries]];
  const request = await requestOf(cell, torch.worker);
  for (const attention of ATTENTION) {
    const name = `torch, ${attention} attention`;
    const procedure = await torch.worker.contender(name, { ...request, kind: 'procedure', attention });
    fixed.push(procedure);
    const asked = queriesFor(cell.queries.slice(0, OTHER_QUERIES));
    queries.push(await torch.worker.contender(name, { kind: 'queries', of: procedure.work, queries: asked }));
  }
  const faults = new Map<string, string>();
  const right = new Set<string>();
  const own = [await ours.fixed.result(), await ours.queries.result()] as const;
  for (const [i, contender] of fixed.entries()) {
    const found = i === 0 ? own : [await contender.result(), await (queries[i] as Contender).result()];
    const wrong = own.map((values, part) => faultBeside(values, found[part] as Float32Array));
    const fault = wrong.find((text) => text !== undefined);
    if (fault === undefined) right.add(contender.name);
    else faults.set(contender.name, fault);
  }
  const perQuery = queries.map((contender, i) => shared(contender, i === 0 ? OWN_QUERIES : OTHER_QUERIES));
  const timed = [fixed, perQuery].map((all) => all.filter(({ name }) => right.has(name)));
  const [once = [], each = []] = await inTurns(timed, rounds);
  const comparison = (task: string, timings: readonly Timing[]): Comparison => ({
    task,
    flops: 0,
    timings,
    faults,
  });
  const title = 'The experiment, 26 M parameters, 32 demonstrations in 1,601 tokens';
  const totals = once.map((timing, i) => together(timing, each[i] as Timing));
  report.add({ title, unit: 's' }, [
    comparison('once: GD, LCGD, context', once),
    comparison('a query: ZSL, ICL, GD, LCGD', each),
    comparison(`${EXAMPLES} examples`, totals),
  ]);
  report.print(title);
  ours.dispose();
}

/** Contenders of several tasks in the same rounds, a call each. */
async function inTurns(tasks: readonly (readonly Contender[])[], rounds: number): Promise<Timing[][]> {
  const timings = await takeTurns(tasks.flat(), { rounds });
  let first = 0;
  return tasks.map(({ length }) => timings.slice(first, (first += length)));
}

function together({ name, rounds }: Timing, each: Timing): Timing {
  const sum = (once: number, query: number): number => once + EXAMPLES * query;
  return {
    name,
    rounds: rounds.map(({ cpu, wall }, i) => {
      const query = each.rounds[i] as Usage;
      return { cpu: sum(cpu, query.cpu), wall: sum(wall, query.wall) };
    }),
  };
}

/** Its time for one of what it does several of. */
function shared(contender: Contender, count: number): Contender {
  return {
    ...contender,
    async run(calls) {
      const { wall, cpu } = await contender.run(calls);
      return { wall: wall / count, cpu: cpu / count };
    },
  };
}

/** The cell with our own libraries. */
class OwnCell {
  readonly fixed: Contender;
  readonly queries: Contender;
  readonly #cell: Cell;
  #tuned: readonly AdaptedModel[] = [];
  #prefix: ContextPrefix | undefined;

  constructor(cell: Cell) {
    this.#cell = cell;
    this.fixed = inProcess('icl-gd', () => this.#prepare());
    this.queries = inProcess('icl-gd', async () => flatten(await this.#probe(cell.queries.length)), {
      result: async () => flatten(await this.#probe(OTHER_QUERIES)),
    });
  }

  dispose(): void {
    this.#release();
    this.#cell.model.dispose();
  }

  #release(): void {
    for (const tuned of this.#tuned) tuned.dispose();
    this.#prefix?.dispose();
  }

  /** Losses of GD's steps, then of LCGD's, all layers' together. */
  async #prepare(): Promise<Float32Array> {
    this.#release();
    const { model, demonstrations, learningRate, context } = this.#cell;
    const gd = await fineTune(model, demonstrations, { method: 'GD', learningRate });
    const lcgd = await fineTune(model, demonstrations, { method: 'LCGD', learningRate });
    this.#tuned = [gd, lcgd];
    this.#prefix = model.prefix(context);
    await model.gpu.finish();
    const losses = (gd.training ?? []).map((step) => step.losses.at(-1) as number);
    const summed = (lcgd.training ?? []).map((step) => step.losses.reduce((sum, loss) => sum + loss, 0));
    return Float32Array.from([...losses, ...summed]);
  }

  /** Probes of every setting: ZSL, ICL, GD, LCGD. */
  async #probe(count: number): Promise<Probe[][]> {
    const { model } = this.#cell;
    const queries = this.#cell.queries.slice(0, count);
    const settings = [probesOf(model), probesOf(model, this.#prefix), ...this.#tuned];
    const probes = [];
    for (const setting of settings) probes.push(await setting.probe(queries, { probeToken: 'label' }));
    return probes;
  }
}

/** Query by query, setting by setting: h, m, log-probabilities of the options. */
function flatten(settings: readonly (readonly Probe[])[]): Float32Array {
  const [first = []] = settings;
  return concatenated(
    first.flatMap((_, query) =>
      settings.flatMap((probes) => {
        const probe = probes[query] as Probe;
        return [probe.attentionOutput, probe.attentionScores, Float32Array.from(probe.optionLogProbs)];
      }),
    ),
  );
}
