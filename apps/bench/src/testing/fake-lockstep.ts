import { DivergedError, type LearnerResult, settingId } from '@icl-gd/methods';
import type { Lockstep } from '../experiment/lockstep/trainings.ts';

/** A lockstep of fake learners that lists what was trained together. */
export interface FakeLockstep extends Lockstep {
  /** The number of cells of each call. */
  readonly sizes: number[];
  /** Most adapted models that were there at once, and how many are there now. */
  readonly models: { most: number; now: number };
}

/** Trains whatever takes a rate, by learner, one by one behind the scenes. */
export function fakeLockstep(): FakeLockstep {
  const sizes: number[] = [];
  const models = { most: 0, now: 0 };
  const counted = (result: LearnerResult): LearnerResult => {
    models.now++;
    models.most = Math.max(models.most, models.now);
    let disposed = false;
    return {
      ...result,
      dispose() {
        if (!disposed) models.now--;
        disposed = true;
        result.dispose();
      },
    };
  };
  return {
    sizes,
    models,
    of: ({ learner, options }) =>
      learner.objective && !options['tangent'] && options['batch'] !== 'full'
        ? settingId({ learner, options: {} })
        : undefined,
    async adaptTogether(learner, model, cells, { signal, onProgress }) {
      sizes.push(cells.length);
      const total = cells.reduce((sum, { demonstrations }) => sum + demonstrations.length, 0);
      const outcomes: (LearnerResult | DivergedError)[] = [];
      let before = 0;
      for (const { demonstrations, options } of cells) {
        signal?.throwIfAborted();
        const adapted = learner.adapt(model, demonstrations, options);
        outcomes.push(
          await adapted.then(counted, (error: unknown) => {
            if (error instanceof DivergedError) return error;
            for (const own of outcomes) if (!(own instanceof DivergedError)) own.dispose();
            throw error;
          }),
        );
        before += demonstrations.length;
        onProgress?.({ finished: before, total });
      }
      return outcomes;
    },
  };
}
