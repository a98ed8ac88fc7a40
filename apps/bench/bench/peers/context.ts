import type { EvaluationRequest } from '@icl-gd/transformer';
import { type Cell, openCell, queriesFor, requestOf } from './cell.ts';
import { type Contender, concatenated, inProcess } from './contender.ts';
import { faultBeside } from './differences.ts';
import { takeTurns } from './interleave.ts';
import type { Bench } from './bench.ts';

const QUERIES = 4;

/** In-context queries with keys and values of the context computed once, beside the whole context with every query. */
export async function compareContext({ gpu, torch, rounds, report }: Bench): Promise<void> {
  const cell = await openCell(gpu, QUERIES);
  const contenders = [own(cell, false), own(cell, true)];
  if (torch) {
    const request = await requestOf(cell, torch.worker);
    for (const recomputed of [false, true]) {
      const name = recomputed ? 'torch, recomputed' : 'torch, prefix once';
      const asked = { ...request, kind: 'in-context', recomputed, queries: queriesFor(cell.queries) };
      contenders.push(await torch.worker.contender(name, asked));
    }
  }
  const faults = new Map<string, string>();
  const right: Contender[] = [];
  let first: Float32Array | undefined;
  for (const contender of contenders) {
    const result = await contender.result();
    const fault = faultBeside((first ??= result), result);
    if (fault === undefined) right.push(contender);
    else faults.set(contender.name, fault);
  }
  const timings = await takeTurns(right, { rounds });
  const title = `In context, 26 M parameters, ${cell.context.length} tokens`;
  report.add({ title, unit: 's' }, [{ task: `${QUERIES} queries`, flops: 0, timings, faults }]);
  report.print(title);
  cell.model.dispose();
}

/** Log-probabilities of the options after each query. */
function own({ model, context, queries }: Cell, recomputed: boolean): Contender {
  const request = (before: readonly number[], i: number): EvaluationRequest => {
    const { tokens = [], options = [] } = queries[i] ?? {};
    const sequence = [...before, ...tokens];
    const logProbs = options.map(([token = 0]) => ({ row: sequence.length - 1, token }));
    return { tokens: sequence, probes: [], logProbs };
  };
  return inProcess(recomputed ? 'icl-gd, recomputed' : 'icl-gd, prefix once', async () => {
    const results = [];
    if (recomputed) {
      for (const i of queries.keys()) results.push(...(await model.evaluate([request(context, i)])));
    } else {
      using prefix = model.prefix(context);
      results.push(
        ...(await model.evaluate(
          [...queries.keys()].map((i) => request([], i)),
          prefix,
        )),
      );
    }
    return concatenated(results.map(({ logProbs }) => Float32Array.from(logProbs)));
  });
}
