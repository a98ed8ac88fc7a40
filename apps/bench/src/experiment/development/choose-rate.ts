import type { RateRule } from '../setting.ts';
import { chooseBest } from './choose-best.ts';
import { chooseMatched } from './choose-matched.ts';
import { type ChosenRate, standardErrorOf } from './chosen-rate.ts';
import { type EvaluateRate, type RatePoint, finishedPoint, meanOf } from './rate-point.ts';
import { PUBLISHED } from './rate-rules.ts';

interface Candidate {
  /** Id of the learner. */
  readonly method: string;
  readonly evaluate: EvaluateRate;
  readonly publishedRate: number;
  /** What levels are matched to. */
  readonly reference: { readonly method: string; readonly evaluate: EvaluateRate };
}

/** The rate of a learner by a rule, or that of the run. What levels are matched to keeps its rate. */
export async function chooseRate(
  rule: RateRule | typeof PUBLISHED,
  candidate: Candidate,
): Promise<ChosenRate> {
  const { evaluate, publishedRate } = candidate;
  switch (rule) {
    case PUBLISHED:
      return kept(await evaluate(publishedRate), 'goldNll', { target: false, note: "the run's own" });
    case 'best':
      return chooseBest(evaluate, publishedRate);
    case 'matched-kl':
      return match(candidate, 'kl');
    case 'matched-norm':
      return match(candidate, 'updateNorm');
  }
}

async function match(
  { method, evaluate, publishedRate, reference }: Candidate,
  of: 'kl' | 'updateNorm',
): Promise<ChosenRate> {
  const point = await reference.evaluate(publishedRate);
  if (method === reference.method)
    return kept(point, of, { target: true, note: 'what others are matched to' });
  const finished = finishedPoint(point);
  const target = finished ? meanOf(finished, of) : null;
  if (target) return chooseMatched(evaluate, publishedRate, of, target);
  const why = target === 0 ? 'changes nothing' : 'diverged';
  return {
    ...{ learningRate: null, objective: null, standardError: null, target, points: 0 },
    notes: [`not reached: ${reference.method} ${why} at ${publishedRate}`],
  };
}

function kept(
  point: RatePoint,
  of: 'goldNll' | 'kl' | 'updateNorm',
  { target, note }: { readonly target: boolean; readonly note: string },
): ChosenRate {
  const finished = finishedPoint(point);
  const objective = finished ? meanOf(finished, of) : null;
  return {
    learningRate: point.rate,
    objective,
    standardError: finished ? standardErrorOf(finished, of) : null,
    target: target ? objective : null,
    points: 1,
    notes: [note, ...(finished ? [] : ['diverged'])],
  };
}
