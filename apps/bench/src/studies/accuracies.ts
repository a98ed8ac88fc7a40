import type { Gpu } from '@icl-gd/gpu-kernels';
import { lockstepOf } from '@icl-gd/methods';
import { type DecoderConfig, type ModelVariant, UserError } from '@icl-gd/transformer';
import { accuracyCell } from '../experiment/accuracy-cell.ts';
import { type CellAddress, digestPrepared } from '../experiment/cell.ts';
import { type AccuracySetting, measureAccuracy } from '../experiment/measure-accuracy.ts';
import { LoadedModel } from '../experiment/loaded-model.ts';
import type { PlannedRoom } from '../experiment/lockstep/plan-room.ts';
import { Room } from '../experiment/lockstep/room.ts';
import { type ExpectedTraining, Trainings } from '../experiment/lockstep/trainings.ts';
import { studyRoom, workloadOf } from '../experiment/memory.ts';
import { byModel } from '../experiment/plan.ts';
import { openAdapter } from '../experiment/profile/open-adapter.ts';
import type { Progress } from '../experiment/progress.ts';
import { type AccuracyRecord, accuracyRecord } from '../experiment/record.ts';
import { RecordStore } from '../experiment/record-store.ts';
import { type RunSetting, runSettingId } from '../experiment/setting.ts';
import { runIdentity } from '../experiment/run-identity.ts';
import { Tally } from '../experiment/tally.ts';
import type { StudyInputs, StudyRequest } from './study.ts';

/** One accuracy that a study asks for. */
export interface AccuracyQuestion extends AccuracySetting {
  readonly variant: ModelVariant;
  /** Shown while it is computed. */
  readonly name: string;
}

/**
 * Shares of right answers, in the order of the questions: after a learner has taken in the demonstrations (in-context: those
 * that fit); undefined where its training diverged. Each is recorded when it is known, and taken from its record if there is
 * one; questions that come to the same are answered once. They are answered variant by variant, each of its initialisations
 * loaded once, when the first of its accuracies is missing.
 */
export async function answer(
  request: StudyRequest,
  inputs: StudyInputs,
  questions: readonly AccuracyQuestion[],
  progress: Progress,
): Promise<(number | undefined)[]> {
  const log = (line: string): void => progress.line(line);
  const budget = request.tokenBudget === undefined ? {} : { tokenBudget: request.tokenBudget };
  const gpu = await openAdapter(request, log);
  const models = new LoadedModel(gpu, request);
  let trainings: Trainings | undefined;
  try {
    const store = new RecordStore(request.out, log);
    const identity = runIdentity(request, inputs, gpu.adapter);
    const addressed = questions.map((question) => {
      const { variant, prepared, setting, learningRate } = question;
      const own = digestPrepared(prepared, setting.demonstrations);
      const address = accuracyCell(identity, { variant, ...prepared }, own, setting, learningRate);
      return { ...question, address };
    });
    if (!request.fresh) await store.reportPassedOver(addressed.map(({ address }) => address));
    const room = roomOf(request, gpu, inputs.model.config, questions);
    trainings = new Trainings(Room.planned(() => room));
    const tally = new Tally();
    const known = new Map<string, AccuracyRecord>();
    progress.start(addressed.length);
    const groups = byModel(addressed, request.settings, ({ variant, prepared }) => ({
      variant,
      seed: prepared.seed,
    }));
    const ordered = groups.flat();
    for (const [i, question] of ordered.entries()) {
      const ofModel = groups.find(([first]) => first === question);
      if (ofModel) trainings.expect(expectedOf(ofModel, (own) => !request.fresh && store.has(own)));
      const { address, name, variant, prepared } = question;
      const place = `[${i + 1}/${addressed.length}] ${name}`;
      progress.advance(0, place);
      tally.ask(address);
      if (!known.has(address.key)) {
        const earlier = request.fresh ? undefined : await store.read(address, accuracyRecord);
        const record =
          earlier ??
          (await measureAccuracy(await models.get({ variant, seed: prepared.seed }), question, {
            ...budget,
            takeIn: trainings.takeIn,
          }));
        if (!earlier) {
          tally.compute(address);
          await store.write(address, record);
        }
        known.set(address.key, record);
      }
      progress.advance(1, place);
    }
    await request.profile?.end();
    progress.line(tally.describe());
    return addressed.map(({ address }) => {
      const record = known.get(address.key) as AccuracyRecord;
      return record.status === 'finished' ? record.accuracy : undefined;
    });
  } finally {
    progress.stop();
    trainings?.dispose();
    models.dispose();
    gpu.dispose();
  }
}

/** Trainings of a study that may be on the device at once: by those on the longest demonstrations. */
function roomOf(
  { settings, tokenBudget }: StudyRequest,
  gpu: Gpu,
  config: DecoderConfig,
  questions: readonly AccuracyQuestion[],
): PlannedRoom {
  const trained = questions.filter(({ setting }) => lockstepOf(setting) !== undefined);
  const longest = ({ prepared }: AccuracyQuestion): number =>
    Math.max(0, ...prepared.fineTuningDemonstrations.map(({ tokens }) => tokens.length));
  const [largest] = trained.toSorted((a, b) => longest(b) - longest(a));
  if (!largest) return { cells: 1, probed: 1 };
  const own = { ...settings, methods: [largest.setting], controls: [], releasedNorms: false };
  const budget = tokenBudget === undefined ? {} : { tokenBudget };
  const workload = workloadOf({ settings: own, ...budget }, largest.prepared);
  const kinds = new Set(trained.map(({ setting }) => `${setting.learner.id} ${lockstepOf(setting)}`)).size;
  return studyRoom(gpu, config, workload, { cells: trained.length, kinds, ...budget });
}

/** Trainings that questions of one model take, each once. */
function expectedOf(
  questions: readonly (AccuracyQuestion & { readonly address: CellAddress })[],
  isRecorded: (address: CellAddress) => boolean,
): ExpectedTraining[] {
  const missing = questions.filter(({ address }) => !isRecorded(address));
  const byKey = new Map(missing.map((own) => [own.address.key, own]));
  return [...byKey.values()].map(({ setting, prepared, learningRate }) => ({
    ...{ setting, prepared, how: { learningRate }, onWork: () => {} },
  }));
}

/** @throws UserError for a learner whose rate is chosen by a rule: only a run has development data */
export function requireNoRule(methods: readonly RunSetting[]): void {
  const ruled = methods.find(({ rate }) => rate);
  if (ruled)
    throw new UserError(
      `--methods: ${runSettingId(ruled)} has a rule for its learning rate, which \`icl-gd run\` alone follows: leave rate=${ruled.rate} out`,
    );
}

/** @throws UserError if the answer is that the model itself gives numbers that are not finite */
export function requireAccuracy(answered: number | undefined, name: string): number {
  if (answered === undefined)
    throw new UserError(`${name}: what the model computes is not finite, so that there is no accuracy`);
  return answered;
}
