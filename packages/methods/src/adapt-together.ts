import type { LongRunning, Model } from '@icl-gd/transformer';
import { lockstepOf, trainingPasses } from './catalogue.ts';
import { DivergedError, type Learner, type LearnerOptions, type LearnerResult } from './learner.ts';
import { type AdaptedCell, diverged, goesTogether, togetherOf } from './training/lockstep.ts';

export type { AdaptedCell } from './training/lockstep.ts';

/**
 * Lets a learner take in several choices of demonstrations, each as `learner.adapt` would, bit for bit. Cells that can take their
 * steps in one pass over all of them do so (`lockstepOf` says which); the others follow one by one.
 * @param options progress is in demonstrations of all cells
 * @returns what `adapt` gives for each cell, in their order; a cell that diverged has its error there, and leaves the others alone
 * @throws the signal's reason if it is aborted; else as `learner.adapt`. Nothing is left on the device then
 */
export async function adaptTogether(
  learner: Learner,
  model: Model,
  cells: readonly AdaptedCell[],
  { signal, onProgress }: LongRunning = {},
): Promise<readonly (LearnerResult | DivergedError)[]> {
  signal?.throwIfAborted();
  const results = Array.from<LearnerResult | DivergedError>({ length: cells.length });
  const works = cells.map(({ demonstrations, options: { learnerOptions: options = {} } }) => {
    const passes = trainingPasses({ learner, options: defined(options) });
    return demonstrations.length * Math.max(1, passes);
  });
  const total = sum(works);
  let before = 0;
  try {
    for (const places of groupsOf(learner, cells)) {
      const work = sum(places.map((place) => works[place] as number));
      const following: LongRunning = {
        signal,
        ...(onProgress
          ? {
              onProgress: ({ finished }) =>
                onProgress({ finished: before + Math.min(work, finished), total }),
            }
          : {}),
      };
      const own = places.map((place) => cells[place] as AdaptedCell);
      for (const [i, result] of (await adaptGroup(learner, model, own, following)).entries())
        results[places[i] as number] = result;
      before += work;
    }
  } catch (error) {
    for (const result of results) if (result && !(result instanceof DivergedError)) result.dispose();
    throw error;
  }
  return results;
}

async function adaptGroup(
  learner: Learner,
  model: Model,
  cells: readonly AdaptedCell[],
  following: LongRunning,
): Promise<(LearnerResult | DivergedError)[]> {
  const together = togetherOf(learner);
  if (cells.length > 1 && together) return await together(model, cells, following);
  const [{ demonstrations, options }] = cells as readonly [AdaptedCell];
  return [await learner.adapt(model, demonstrations, { ...options, ...following }).catch(diverged)];
}

/** Places of the cells that go together, in the order of their first. */
function groupsOf(learner: Learner, cells: readonly AdaptedCell[]): number[][] {
  const groups = new Map<string | number, number[]>();
  for (const [place, { options }] of cells.entries()) {
    const text = lockstepOf({ learner, options: defined(options.learnerOptions ?? {}) });
    const key = text !== undefined && goesTogether(options) ? text : place;
    groups.set(key, [...(groups.get(key) ?? []), place]);
  }
  return [...groups.values()];
}

function defined(options: NonNullable<AdaptedCell['options']['learnerOptions']>): LearnerOptions {
  return Object.fromEntries(
    Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
