import type { MeasuredCell, MeasuredRun } from '../measured.ts';
import { type JudgedClaim, judgeClaims } from './claims.ts';
import { type GateOutcome, Gates } from './likeness/gates.ts';
import type { Verdict } from './verdict.ts';

/**
 * Judges every claim where there is something to judge: likeness says something only where ICL and the learner both learned something on
 * development data. Where one learned nothing the verdict of a case is `nothing was learned`, where that is undecided it is
 * `inconclusive`; neither is among the tests, nor among the datasets together. Without development data all cases are judged.
 * What the claim is about no likeness (α, gradient norms) has no gate.
 */
export function judgeLearned(
  run: Pick<MeasuredRun, 'cells' | 'paper' | 'development'>,
  margin?: number,
): JudgedClaim[] {
  // Where nothing is judged the numbers stand for themselves.
  if (run.paper.datasets.size === 0) return judgeClaims(run, margin);
  const gates = new Gates(run.development?.gate);
  const open = judgeClaims({ ...run, cells: run.cells.map((cell) => withoutClosed(cell, gates)) }, margin);
  if (!run.cells.some((cell) => isClosed(outcomeOf(cell, gates)))) return open;
  const all = judgeClaims(run, margin);
  return open.map((claim, i) => {
    const shut = (all[i] as JudgedClaim).cases
      .filter(
        ({ dataset, method }) => !claim.cases.some((own) => own.dataset === dataset && own.method === method),
      )
      .map((own): JudgedClaim['cases'][number] => ({
        ...{ ...own, p: null, adjustedP: null, toSettle: null },
        verdict: own.verdict === null ? null : closedVerdict(run.cells, gates, own),
      }));
    if (shut.length === 0) return claim;
    const cases = (all[i] as JudgedClaim).cases.map(
      (own) =>
        [...claim.cases, ...shut].find(
          ({ dataset, method }) => dataset === own.dataset && method === own.method,
        ) as JudgedClaim['cases'][number],
    );
    const nothing =
      claim.cases.length === 0 && shut.every(({ verdict }) => verdict === 'nothing was learned');
    return { ...claim, cases, verdict: nothing ? 'nothing was learned' : claim.verdict };
  });
}

/** A cell whose gate is not open has no scores; what is about no likeness stays. */
function withoutClosed(cell: MeasuredCell, gates: Gates): MeasuredCell {
  return isClosed(outcomeOf(cell, gates)) ? { ...cell, scores: new Map() } : cell;
}

function outcomeOf({ dataset, method }: Pick<MeasuredCell, 'dataset' | 'method'>, gates: Gates): GateOutcome {
  return gates.of(dataset, method);
}

function isClosed(outcome: GateOutcome): boolean {
  return outcome === 'nothing was learned' || outcome === 'undecided';
}

/** Of the learners on a dataset that the case is about. */
function closedVerdict(
  cells: readonly MeasuredCell[],
  gates: Gates,
  { dataset, method }: { readonly dataset: string; readonly method: string },
): Verdict {
  const learners = method === '' ? ['GD', 'LCGD'] : [method];
  const run = learners.filter((id) => cells.some((cell) => cell.method === id && cell.dataset === dataset));
  return gates.of(dataset, ...run) === 'nothing was learned' ? 'nothing was learned' : 'inconclusive';
}
